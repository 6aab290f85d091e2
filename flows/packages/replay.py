"""Drives a flow over a recording, without a phone. Its tests need nothing that takes time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flows.failures import FlowFailure
from flows.flow import Flow
from flows.lossy import Shown
from flows.packages.recording import Call, Recording
from flows.packages.trial import TrialJournal
from flows.phone import Key
from flows.profile import AppProfile
from flows.screen import Node, Screen
from flows.session import Session

MOST_LOOKS = 100  # at one screen, while the flow touches nothing
TOUCHES = frozenset({"tap", "swipe", "set_text", "press", "start_app", "stop_app"})


class ReplayDiffers(AssertionError):
    """The flow did something else than it did when it was recorded, or ended in another way."""


class ReplayedPhone:
    """A phone that shows the screens of a recording, as long as the flow touches what it touched then."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._calls = recording.calls
        self._at = 0  # the next call
        self._last: Screen | None = None
        self._again = 0

    @property
    def serial(self) -> str:
        return "REPLAY"

    def look(self) -> Screen:
        if self._at < len(self._calls) and self._calls[self._at]["call"] not in TOUCHES:
            self._skip_texts()
        if self._at < len(self._calls) and self._calls[self._at]["call"] == "look":
            self._last = Screen.parse(self._recording.screens[self._calls[self._at]["screen"]])
            self._at += 1
            self._again = 0
        else:
            self._again += 1
        if self._last is None or self._again > MOST_LOOKS:
            raise ReplayDiffers(f"call {self._at + 1}: the flow looks, and {self._wanted()}")
        return self._last

    def _skip_texts(self) -> None:
        while self._at < len(self._calls) and self._calls[self._at]["call"] == "texts":
            self._at += 1

    def texts(self, resource_id: str) -> list[Shown]:
        call = self._texts_of(resource_id)
        if call is None:
            nodes = self._last.all(resource_id) if self._last else []
            return [Shown(node.text, frozenset({node.bounds})) for node in nodes]
        return [Shown(one["text"], frozenset(tuple(place) for place in one["places"])) for one in call["texts"]]

    def _texts_of(self, resource_id: str) -> Call | None:
        """Returns the texts that were read next, before another look or touch; passes over those read before."""
        for place in range(self._at, len(self._calls)):
            call = self._calls[place]
            if call["call"] != "texts":
                return None
            if call["id"] == resource_id:
                self._at = place + 1
                return call
        return None

    def tap(self, node: Node) -> None:
        self._touch("tap", node.resource_id)

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        self._touch("swipe", "up" if end[1] < start[1] else "down")

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self.swipe(start, end, 0)

    def set_text(self, node: Node, text: str) -> None:
        self._touch("set_text", node.resource_id)

    def press(self, key: Key) -> None:
        self._touch("press", key)

    def screenshot(self) -> bytes:
        return b""

    def start_app(self, package: str) -> None:
        self._touch("start_app", package)

    def stop_app(self, package: str) -> None:
        self._touch("stop_app", package)

    def _touch(self, kind: str, target: str) -> None:
        """Goes on behind the next touch of the recording. Raises ReplayDiffers when that is another one."""
        for place in range(self._at, len(self._calls)):
            if self._calls[place]["call"] in TOUCHES:
                if _target(self._calls[place]) != (kind, target):
                    break
                self._at, self._again = place + 1, 0
                return
        raise ReplayDiffers(f"call {self._at + 1}: the flow does {kind} {target}, and {self._wanted()}")

    def _wanted(self) -> str:
        rest = (call for call in self._calls[self._at :] if call["call"] in TOUCHES)
        touch = next(rest, None)
        return "the recording ends here" if touch is None else "in the recording it does {} {}".format(*_target(touch))


def _target(call: Call) -> tuple[str, str]:
    if call["call"] == "swipe":
        return "swipe", "up" if call["end"][1] < call["start"][1] else "down"
    return call["call"], call["id"]


class _Unwatched:
    """A watch that lets the flow do as it likes."""

    def check(self) -> None:
        pass

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        yield


def replay(flow: Flow[Any, Any], profile: AppProfile, recording: Recording) -> Any:
    """Runs the flow over a recording. Returns its result; None where the recording ends in a failure.

    Raises ReplayDiffers when the flow does or brings anything else, and what a defect of the flow raises.
    """
    if recording.page:
        return check_page(profile, recording)
    if recording.result is None and not recording.failure:
        raise ReplayDiffers("the recording does not say how its run ended: record another one")
    moment: datetime = recording.moment
    session = Session(
        phone=ReplayedPhone(recording),
        profile=profile,
        account_id=recording.account,
        rng=random.Random(recording.seed),
        journal=TrialJournal(""),
        watch=_Unwatched(),
        pause=lambda _: None,
        now=lambda: moment,
    )
    try:
        result = flow.run(session, flow.params_model.model_validate(recording.params))
    except FlowFailure as failure:
        if failure.code == recording.failure:
            return None
        raise ReplayDiffers(f"it fails with {failure}; recorded is {recording.failure or 'a result'}") from failure
    brought = result.model_dump(mode="json")
    if recording.failure:
        raise ReplayDiffers(f"it brings a result; recorded is the failure {recording.failure}")
    for key, value in (recording.result or {}).items():
        if brought.get(key) != value:
            raise ReplayDiffers(f"{key} is {brought.get(key)!r}; recorded is {value!r}")
    return result


def unread_columns(flow: Flow[Any, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns the keys of the sheet's columns that none of the rows has; empty without rows."""
    keys = set[str]().union(*rows)
    return ", ".join(one.key for one in flow.columns if rows and one.key not in keys)


def check_page(profile: AppProfile, recording: Recording) -> None:
    """Checks that the profile finds the page, with its parts, on the one screen of an attempt's evidence.

    Raises ReplayDiffers with what is missing.
    """
    screen = profile.own(Screen.parse(recording.screens[recording.calls[0]["screen"]]))
    found = profile.page_of(screen)
    if found != recording.page:
        raise ReplayDiffers(f"the profile finds {found or 'no page'} on the screen, not {recording.page}")
    selectors = profile.pages[recording.page].selectors
    missing = [one for one in recording.parts if not screen.has(selectors.get(one, ""))]
    if missing:
        raise ReplayDiffers(f"page {recording.page} has no {', '.join(missing)} by the selectors of the profile")
