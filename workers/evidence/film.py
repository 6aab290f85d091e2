"""A film strip: a small picture of each step of an attempt, kept in memory until the attempt ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.failures import FlowFailure, Stopped
from workers.evidence.bundle import STRIP
from workers.phone.small_picture import small_picture
from workers.runtime.watch import SlotWatch

log = logging.getLogger("phonefleet.evidence")

SIZE = (270, 600)  # pixels
MOST_BYTES = 24_000  # of one picture
LEAST_LEFT = 1.0  # seconds of the lease and of the hard limit, below which no picture is taken


@dataclass(frozen=True, slots=True)
class Frame:
    """The screen at the end of a step: a WebP, when it was taken since the attempt began, and the screen's pixels."""

    step: str
    at: float
    picture: bytes
    screen: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Filmed:
    """What was filmed of an attempt that failed. `recording`: an MP4; `why` a wanted one is missing."""

    frames: Sequence[Frame] = ()
    recording: bytes | None = None
    why: str = ""


class Film:
    """The pictures of one attempt: the newest of each step, of the last 12 steps that ended.

    A step that failed has none: the evidence has its screen. After one picture that could not be taken, no other is.
    """

    def __init__(
        self, shoot: Callable[[], bytes], watch: SlotWatch, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`shoot` returns a screenshot as JPEG bytes, within 2 s, and raises PhoneError."""
        self._shoot = shoot
        self._watch = watch
        self._clock = clock
        self._began = clock()
        self._broken = False
        self._frames: dict[str, Frame] = {}

    @property
    def frames(self) -> Sequence[Frame]:
        """Returns the pictures in the order in which they were taken."""
        return list(self._frames.values())

    def step_ended(self, name: str) -> None:
        """Takes a picture, if there is time. Never raises an Exception."""
        if self._broken or not self._may_take():
            return
        try:
            picture, screen = small_picture(self._shoot(), SIZE, MOST_BYTES)
        except Exception as error:  # noqa: BLE001  # whatever ails it, the flow goes on
            self._broken = True
            log.info("no further pictures of this attempt: %s", error)
            return
        self._frames.pop(name, None)
        self._frames[name] = Frame(name, round(self._clock() - self._began, 2), picture, screen)
        if len(self._frames) > len(STRIP):
            del self._frames[next(iter(self._frames))]

    def _may_take(self) -> bool:
        try:
            self._watch.check()
        except (FlowFailure, Stopped):
            return False
        return self._watch.remaining() > LEAST_LEFT


def told(frames: Sequence[Frame]) -> tuple[list[dict[str, Any]], Mapping[str, bytes]]:
    """Returns the frames as facts for `evidence.json`, and their files."""
    facts, files = [], {}
    for name, frame in zip(STRIP, frames, strict=False):
        width, height = frame.screen
        facts.append({"file": name, "step": frame.step, "at": frame.at, "width": width, "height": height})
        files[name] = frame.picture
    return facts, files
