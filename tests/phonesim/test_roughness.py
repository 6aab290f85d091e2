"""Rough phones: options by name, drawn from the seed, and what the phone does with each."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any, cast

import pytest
import uiautomator2 as u2

from phonesim.device import Device
from phonesim.roughness import NotRough, Roughness
from phonesim.server import Settings
from phonesim.server import Shelf as Simulated
from phonesim.uia.gesture_calls import swipe_points
from tests.phonesim.practice_hand import Hand
from tests.support.shelf import Shelf


def test_all_is_off_by_default_and_a_rough_shelf_has_all_that_a_phone_can_work_with() -> None:
    kind, rough = Roughness(), Roughness.rough()
    same = {name for name in kind.__slots__ if getattr(kind, name) == getattr(rough, name)}
    assert same == {"inertia_at_rest", "emoji_refused", "inject_refused"}


def test_options_on_a_command_line() -> None:
    assert Roughness.parse("") == Roughness.rough()
    parsed = Roughness.parse("inertia=1.6, textless_rows,battery=absent")
    assert parsed == Roughness(inertia=1.6, textless_rows=True, battery="absent")
    assert Roughness.parse("slow_fields=false") == Roughness()


@pytest.mark.parametrize(
    "text",
    ["inertai=2", "inertia=0.5", "inertia=fast", "set_text_fails=2", "battery=flat", "emoji=maybe", "=", "battery"],
)
def test_options_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(NotRough):
        Roughness.parse(text)


def test_a_mixed_shelf_has_each_kind_of_battery() -> None:
    assert {Roughness.rough().battery_of(number) for number in range(8)} == {"right", "absent", "nonsense", "twice"}


@pytest.mark.parametrize("haste", [1.0, 0.5, 5.0])
def test_the_apps_clock_goes_as_many_times_faster_as_it_is_told(haste: float) -> None:
    app = Simulated(Settings(phones=1, accounts=1, haste=haste)).phones["SIM0001"].device.app
    before, told, after = time.monotonic(), app.now(), time.monotonic()
    assert before * haste <= told <= after * haste


@pytest.mark.parametrize("value", ["0", "-1", "1000", "fast", "nan"])
def test_a_haste_that_no_clock_has_is_refused(value: str) -> None:
    command = [sys.executable, "-m", "phonesim", "--haste", value]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "--haste" in refused.stderr


@pytest.fixture
def rough(shelf: Shelf) -> Any:
    """Sets habits of the phone for one test."""
    kind = {name: getattr(Roughness(), name) for name in Roughness.__slots__}
    yield shelf.roughen
    shelf.roughen(**kind)


def test_set_text_that_fails_answers_false_and_changes_nothing(shelf: Shelf, d: u2.Device, rough: Any) -> None:
    d.app_start("com.phonefleet.practice")
    d(resourceId="com.phonefleet.practice:id/tab_search").click()
    field = {"mask": 0x200000, "childOrSibling": [], "childOrSiblingSelector": []}
    selector = field | {"resourceId": "com.phonefleet.practice:id/search_input"}
    assert d.jsonrpc.setText(selector, "小鹏") is True
    rough(set_text_fails=1)
    assert d.jsonrpc.setText(selector, "别的") is False
    assert d.jsonrpc.getText(selector) == "小鹏"


class Finger:
    """Takes the phone's place, and notes each swipe: its ends, how long it took, whether the finger lay still."""

    rough = Roughness()

    def __init__(self) -> None:
        self.swipes: list[tuple[tuple[int, ...], float, bool]] = []

    async def swipe(self, *ends: int, rested: bool) -> None:
        self.swipes.append((ends[:4], ends[4], rested))


@pytest.mark.parametrize(
    ("ends", "steps", "seconds", "rested"),
    [(2, 24, 0.36, True), (3, 10, 0.2, True), (2, 19, 0.285, False), (1, 40, 0.4, False)],
)
def test_a_finger_on_its_way_over_several_points_lies_still_where_it_stays(
    ends: int, steps: int, seconds: float, rested: bool
) -> None:
    finger = Finger()
    points: list[float] = [540, 1400, 540, 1300, *[540, 1200] * ends]
    assert asyncio.run(swipe_points(cast("Device", finger), points, steps))
    (swipe,) = finger.swipes
    assert swipe[::2] == ((540, 1400, 540, 1200), rested)
    assert swipe[1] == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("rested", "at_rest", "runs_on"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_a_list_stops_with_a_finger_that_lay_still(rested: bool, at_rest: bool, runs_on: bool) -> None:
    hand = Hand()
    hand.app.rough = Roughness(inertia=2.0, inertia_at_rest=at_rest)
    hand.app.swipe(500, 1600, 500, 600, rested=rested)
    assert (hand.app.run_on() > 0) is runs_on


def test_injection_that_is_refused_names_the_permission(shelf: Shelf, d: u2.Device, rough: Any) -> None:
    rough(inject_refused=True)
    for method, arguments in (
        ("click", (10, 10)),
        ("swipe", (10, 900, 10, 100, 5)),
        ("pressKey", ("back",)),
        ("swipePoints", ([10, 900, 10, 100, 10, 100], 5)),
        ("drag", (10, 10, 20, 20, 5)),
    ):
        with pytest.raises(Exception, match="INJECT_EVENTS"):
            d.jsonrpc_call(method, arguments)
    assert d.dump_hierarchy(), "looking is allowed"


def test_monkey_turns_the_screen_until_rotation_is_set_back(shelf: Shelf, d: u2.Device, rough: Any) -> None:
    rough(monkey_rotates=True)
    d.shell("monkey -p com.phonefleet.practice -c android.intent.category.LAUNCHER 1")
    assert d.shell("settings get system accelerometer_rotation").output.strip() == "1"
    assert 'rotation="1"' in d.dump_hierarchy()
    assert d.info["displayWidth"] > d.info["displayHeight"]
    d.shell("settings put system accelerometer_rotation 0")
    assert 'rotation="0"' in d.dump_hierarchy()


@pytest.mark.parametrize(
    ("kind", "line"), [("absent", "present: false"), ("nonsense", "temperature: -2732"), ("twice", "OEM Battery")]
)
def test_a_battery_that_is_not_right(kind: str, line: str, d: u2.Device, rough: Any) -> None:
    rough(battery=kind)
    assert line in d.shell("dumpsys battery").output


def test_a_service_that_fails_says_so_and_nothing_else(d: u2.Device, rough: Any) -> None:
    rough(service_fails=1)
    answer = d.shell("pm path com.phonefleet.practice")
    assert answer.output.strip() == "cmd: Failure calling service package: Broken pipe (32)"
    assert answer.exit_code == 224
