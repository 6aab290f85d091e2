"""Collects evidence piece by piece, each within its own time limit and all within one; records missing pieces."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from flows.failures import CODES, FlowFailure, Stopped
from flows.phone import PhoneError
from flows.profile import AppProfile
from flows.screen import Screen, ScreenError
from workers.evidence.bundle import Case, Evidence
from workers.evidence.dumpsys import read_focus, read_network
from workers.evidence.phone_probe import PhoneProbe, Reach
from workers.evidence.scrub import scrubbed
from workers.phone.device import Call
from workers.runtime.watch import SlotWatch

T = TypeVar("T")
Channel = Literal["ui", "shell"]

COLLECT_SECONDS = 5.0
UI_SECONDS = 2.0  # a screenshot or a dump takes 0.1-0.5 s on a phone that is well
SHELL_SECONDS = 1.0
RECORD_SECONDS = 1.0  # left of the lease and of the hard limit, so that the failure itself can be recorded


class _Pieces:
    """Asks for one piece after the other. Does not wait again for a channel that hung once."""

    def __init__(self, watch: SlotWatch, seconds: float, closed: str = "") -> None:
        """`closed`: the reason why no piece is asked for, if any."""
        self._watch = watch
        self._end = time.monotonic() + seconds
        self._piece_end = 0.0
        self._closed: dict[Channel, str] = {"ui": closed, "shell": closed} if closed else {}
        self.missing: dict[str, str] = {}

    def left(self) -> float:
        """Returns the seconds left for the running call. Reads the lease each time, because it may be renewed."""
        return min(self._piece_end - time.monotonic(), self._left_in_all())

    def _left_in_all(self) -> float:
        return min(self._end - time.monotonic(), self._watch.remaining() - RECORD_SECONDS)

    def ask(self, name: str, channel: Channel, seconds: float, question: Callable[[], T]) -> T | None:
        """Returns the piece; None when it is missing, with the reason in `missing`."""
        if why := self._closed.get(channel) or self._over():
            self.missing[name] = why
            return None
        self._piece_end = time.monotonic() + seconds
        try:
            return question()
        except PhoneError as error:
            self.missing[name] = str(error)
            self._close(channel, error)
        except Exception as error:  # noqa: BLE001  # whatever a phone answers, the other pieces are still wanted
            self.missing[name] = f"{type(error).__name__}: {error}"[:300]
        return None

    def _over(self) -> str:
        """Returns the reason why no further piece is asked for; empty when there is time."""
        try:
            self._watch.check()
        except FlowFailure:
            pass  # the flow's time is over, which may be this very failure
        except Stopped as stopped:
            return f"not asked: {stopped}"
        return "" if self._left_in_all() > 0 else "not asked: no time was left"

    def _close(self, channel: Channel, error: PhoneError) -> None:
        if error.code == "phone_lost":
            self._closed = {"ui": f"not asked after {error}", "shell": f"not asked after {error}"}
        elif error.code in ("phone_hung", "ui_server_lost", "time_limit"):
            self._closed[channel] = f"not asked after {error}"


def collect(
    case: Case,
    watch: SlotWatch,
    calls: Iterable[Call],
    profile: AppProfile,
    reach: Reach,
    seconds: float = COLLECT_SECONDS,
) -> Evidence:
    """Collects evidence of a failed attempt within `seconds`, the lease and the hard limit.

    `calls` are the attempt's last calls to the phone, oldest first. Raises no error of the phone.
    """
    began, at = time.monotonic(), datetime.now(UTC)
    # the attempt just waited for this silent phone: asking again would delay the next attempt
    pieces = _Pieces(watch, seconds, "not asked: the phone hangs" if case.code == "phone_hung" else "")
    witness = reach(pieces.left)
    try:
        screenshot = pieces.ask("screenshot", "ui", UI_SECONDS, witness.screenshot)
        tree = pieces.ask("ui", "ui", UI_SECONDS, witness.tree)
        seen = _of_phone(pieces, witness, profile.package)
    finally:
        witness.close()
    facts = {
        **_of_case(case),
        **_of_attempt(watch, calls),
        **seen,
        "page": _page(tree, profile, pieces.missing),
        "collected_at": at.isoformat(timespec="milliseconds"),
        "seconds": round(time.monotonic() - began, 3),
        "missing": pieces.missing,
    }
    return Evidence(case.task_id, case.attempt, scrubbed(facts), screenshot, tree)


def _of_phone(pieces: _Pieces, witness: PhoneProbe, package: str) -> dict[str, Any]:
    asked: dict[str, Callable[[], Any]] = {
        "focus": lambda: read_focus(witness.shell("dumpsys window")),
        "network": lambda: read_network(witness.shell("dumpsys connectivity")),
        "battery": lambda: asdict(witness.battery()),
        "app": lambda: {"package": package, "version": witness.app_version(package)},
    }
    return {name: pieces.ask(name, "shell", SHELL_SECONDS, ask) for name, ask in asked.items()}


def _of_case(case: Case) -> dict[str, Any]:
    rule = CODES[case.code]
    return {
        "task_id": case.task_id,
        "attempt": case.attempt,
        "campaign_id": case.campaign_id,
        "flow": case.flow,
        "host": case.host,
        "phone": case.phone,
        "account": case.account,
        "failure": {
            "code": case.code,
            "kind": rule.kind.value,
            "culprit": rule.culprit.value,
            "reason": case.reason,
            "step": case.step,
            "details": case.details,
            "remedy": rule.remedy,
        },
    }


def _of_attempt(watch: SlotWatch, calls: Iterable[Call]) -> dict[str, Any]:
    """Returns the attempt's steps, in seconds since it began, and its calls, by the host's clock."""
    return {
        "steps": [
            {"name": step.name, "began": round(step.began, 3), "took": round(step.took, 3)} for step in watch.steps
        ],
        "calls": [
            {
                "at": datetime.fromtimestamp(call.at, UTC).isoformat(timespec="milliseconds"),
                "method": call.method,
                "seconds": call.seconds,
                "error": call.error,
                **({} if call.point is None else {"point": call.point}),
            }
            for call in calls
        ],
    }


def _page(tree: str | None, profile: AppProfile, missing: dict[str, str]) -> str | None:
    """Returns the profile's page that the tree shows; None without a tree, or when no page fits."""
    if tree is None:
        return None
    try:
        page = profile.page_of(Screen.parse(tree))
    except ScreenError as error:
        missing["page"] = str(error)
        return None
    if page is None:
        missing["page"] = "no page of the profile fits the screen"
    return page
