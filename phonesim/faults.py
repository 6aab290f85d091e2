"""What can go wrong with a simulated phone, each fault by name, now or at a moment of a tap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from phonesim.adb.connection import Greeting
from phonesim.adb.port import AdbPort
from phonesim.device import Device, Moment
from phonesim.device_parts import Battery
from phonesim.windows.keyboard import CANDIDATE_WORDS

HOT_TENTHS = 520  # 52.0 °C; phones throttle from about 45 °C
LOW_PERCENT = 4
POPUP_TITLE = "发现新版本"
MOMENTS = get_args(Moment)


class FaultError(Exception):
    """The fault cannot be set as asked; the text says why and what can."""


@dataclass(slots=True)
class Phone:
    """A simulated phone with its cable, the faults that hold it now and those that lie in wait."""

    device: Device
    port: AdbPort
    active: set[str] = field(default_factory=set)
    armed: list[Fault] = field(default_factory=list)
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    replugging: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it was asked for.

    `seconds`: it heals by itself after that time (None: not before it is healed by hand). `at`:
    wait for this moment of a tap (None: now). `on`: only a tap on the node with this resource id,
    without its package ('' for any). `options`: the fault's own parameters.
    """

    name: str
    seconds: float | None = None
    at: Moment | None = None
    on: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a fault sets in and how it heals; one without `heal` is an event that needs no healing."""

    strike: Callable[[Phone, Mapping[str, Any]], None]
    heal: Callable[[Phone], None] | None = None
    options: frozenset[str] = frozenset()


def set_fault(phone: Phone, fault: Fault) -> None:
    """Let a fault strike now, or lie in wait for its moment. Raises FaultError."""
    if fault.name not in FAULTS:
        raise FaultError(f"unknown fault {fault.name!r}; known are {', '.join(sorted(FAULTS))}")
    unknown = set(fault.options) - FAULTS[fault.name].options
    if unknown:
        raise FaultError(f"{fault.name} takes no {', '.join(sorted(unknown))}")
    if fault.at is None:
        _strike(phone, fault)
        return
    if fault.at not in MOMENTS:
        raise FaultError(f"unknown moment {fault.at!r}; known are {', '.join(MOMENTS)}")
    phone.armed.append(fault)
    phone.device.on_moment = lambda moment, target: _on_moment(phone, moment, target)


def heal(phone: Phone, name: str | None = None) -> None:
    """End one fault, or all and those that lie in wait. Healing what is whole does nothing."""
    if name is None:
        phone.armed.clear()
        phone.device.on_moment = None
    for each in [name] if name is not None else sorted(phone.active):
        kind = FAULTS.get(each)
        if kind is None:
            raise FaultError(f"unknown fault {each!r}; known are {', '.join(sorted(FAULTS))}")
        if each in phone.timers:
            phone.timers.pop(each).cancel()
        if each in phone.active and kind.heal is not None:
            phone.active.discard(each)
            kind.heal(phone)


def _on_moment(phone: Phone, moment: Moment, target: str) -> None:
    for fault in [each for each in phone.armed if each.at == moment and each.on in ("", target)]:
        phone.armed.remove(fault)
        _strike(phone, fault)
    if not phone.armed:
        phone.device.on_moment = None


def _strike(phone: Phone, fault: Fault) -> None:
    kind = FAULTS[fault.name]
    kind.strike(phone, fault.options)
    if kind.heal is None:
        return
    phone.active.add(fault.name)
    if fault.name in phone.timers:
        phone.timers.pop(fault.name).cancel()
    if fault.seconds is not None:
        loop = asyncio.get_running_loop()
        phone.timers[fault.name] = loop.call_later(fault.seconds, heal, phone, fault.name)


def _replug(phone: Phone) -> None:
    phone.replugging = asyncio.create_task(phone.port.plug())


def _slow(phone: Phone, options: Mapping[str, Any]) -> None:
    factor = options.get("factor", 5.0)
    if not isinstance(factor, int | float) or factor <= 1:
        raise FaultError("slow: factor must be a number above 1")
    _set_slowness(phone, float(factor))


def _set_slowness(phone: Phone, factor: float) -> None:
    device = phone.device
    device.pace.slowness = factor
    device.app.load_delay(device.pace.seconds(device.pace.real["load"]))


def _kill_ui_server(phone: Phone, options: Mapping[str, Any]) -> None:
    if phone.device.ui is not None:
        phone.device.ui.kill()


def _other_account(phone: Phone, options: Mapping[str, Any]) -> None:
    app = phone.device.app
    others = [account.id for account in app.world.accounts if account.id != app.account_id]
    if not others:
        raise FaultError("other_account: the world has only one account; start phonesim with --accounts 2 or more")
    wanted = options.get("account", others[0])
    try:
        app.switch_account(str(wanted))
    except KeyError:
        raise FaultError(f"other_account: the world has no account {wanted!r}") from None


def _loading_fails(phone: Phone, options: Mapping[str, Any]) -> None:
    times = options.get("times", 1)
    if not isinstance(times, int) or times < 1:
        raise FaultError("loading_fails: times must be a whole number from 1")
    phone.device.app.loading_fails = times


def _flag(name: str) -> Kind:
    """A fault that is an attribute of the app."""
    return Kind(
        lambda phone, options: setattr(phone.device.app, name, True),
        lambda phone: setattr(phone.device.app, name, False),
    )


def _battery(battery: Battery) -> Kind:
    return Kind(
        lambda phone, options: setattr(phone.device, "battery", battery),
        lambda phone: setattr(phone.device, "battery", Battery()),
    )


def _greeting(greeting: Greeting) -> Kind:
    return Kind(
        lambda phone, options: phone.port.greet_as(greeting),
        lambda phone: phone.port.greet_as(Greeting.DEVICE),
    )


def _inject_refused(phone: Phone, *, refused: bool) -> None:
    phone.device.app.rough = replace(phone.device.rough, inject_refused=refused)


def _keyboard(phone: Phone, options: Mapping[str, Any]) -> None:
    keyboard = phone.device.app.keyboard
    keyboard.candidates = _words("keyboard", "candidates", options) or CANDIDATE_WORDS
    keyboard.forced = True


def _no_keyboard(phone: Phone) -> None:
    keyboard = phone.device.app.keyboard
    keyboard.candidates = CANDIDATE_WORDS
    keyboard.close()


def _words(fault: str, name: str, options: Mapping[str, Any]) -> list[str]:
    words = options.get(name, [])
    if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        raise FaultError(f"{fault}: {name} must be a list of texts")
    return words


FAULTS: Mapping[str, Kind] = {
    "unplug": Kind(lambda phone, options: phone.port.unplug(), _replug),
    "offline": _greeting(Greeting.OFFLINE),
    "unauthorized": _greeting(Greeting.UNAUTHORIZED),
    "hang": Kind(lambda phone, options: phone.device.awake.clear(), lambda phone: phone.device.awake.set()),
    "slow": Kind(_slow, lambda phone: _set_slowness(phone, 1.0), frozenset({"factor"})),
    "kill_ui_server": Kind(_kill_ui_server),
    "hot_battery": _battery(Battery(temperature=HOT_TENTHS)),
    "low_battery": _battery(Battery(level=LOW_PERCENT, powered=False)),
    "screen_locked": Kind(
        lambda phone, options: setattr(phone.device, "locked", True),
        lambda phone: setattr(phone.device, "locked", False),
    ),
    "storage_full": Kind(
        lambda phone, options: setattr(phone.device.files, "full", True),
        lambda phone: setattr(phone.device.files, "full", False),
    ),
    "app_missing": Kind(
        lambda phone, options: phone.device.app.uninstall(),
        lambda phone: setattr(phone.device.app, "installed", True),
    ),
    "inject_refused": Kind(
        lambda phone, options: _inject_refused(phone, refused=True),
        lambda phone: _inject_refused(phone, refused=False),
    ),
    "keyboard": Kind(_keyboard, _no_keyboard, frozenset({"candidates"})),
    "notifications": Kind(
        lambda phone, options: setattr(phone.device, "notifications", _words("notifications", "words", options)),
        lambda phone: setattr(phone.device, "notifications", []),
        frozenset({"words"}),
    ),
    "network_down": _flag("network_down"),
    "popup": Kind(
        lambda phone, options: phone.device.app.show_popup(str(options.get("title", POPUP_TITLE))),
        options=frozenset({"title"}),
    ),
    "system_dialog": Kind(lambda phone, options: phone.device.app.show_system_dialog()),
    "app_crash": Kind(lambda phone, options: phone.device.app.crash()),
    "video_moves_on": Kind(lambda phone, options: phone.device.app.move_on()),
    "logged_out": _flag("logged_out"),
    "other_account": Kind(
        _other_account,
        lambda phone: phone.device.app.switch_account(phone.device.home_account),
        frozenset({"account"}),
    ),
    "may_not_act": _flag("may_not_act"),
    "rate_limit": _flag("rate_limited"),
    "verification": _flag("verification"),
    "page_drift": _flag("drifted"),
    "loading_fails": Kind(
        _loading_fails, lambda phone: setattr(phone.device.app, "loading_fails", 0), frozenset({"times"})
    ),
}
