"""Whom a strike hits: something that runs a task, if that is the aim, and that no other strike is at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock

from chaos.look import Running

LOOK_SECONDS = 0.05
VICTIM_SECONDS = 6.0  # seconds to wait for a running task before an idle worker is struck

# The tap that each act of a flow cannot be taken back after.
TAPS: Mapping[str, str] = {"comment": "comment_send", "reply": "reply_send", "like_comment": "comment_like"}
AGAINST_TAPS: Mapping[str, str] = {"dislike_comment": "menu_dislike", "report_comment": "report_submit"}
NURTURE_TAP = "video_like"


class StormOver(TimeoutError):
    """The storm ended before anything was free to be struck."""


class Victims:
    """Gives out phones and servers, each to one strike at a time."""

    def __init__(self, running: Callable[[], Sequence[Running]], serials: Sequence[str], ended: Event) -> None:
        """`running` tells what runs now."""
        self._running = running
        self._serials = serials
        self._ended = ended
        self._lock = Lock()
        self._struck: set[str] = set()

    @contextmanager
    def one_of(self, names: Sequence[str], pick: float) -> Iterator[str]:
        """One of these, once one is free. Raises StormOver."""
        name = self._wait(names, pick)
        try:
            yield name
        finally:
            self._release(name)

    @contextmanager
    def busy_phone(self, pick: float, *, acting: bool = False) -> Iterator[tuple[str, Running | None]]:
        """A phone with the attempt that runs on it (`acting`: one that will act); after a while any phone."""
        serial, runs = self._busy(pick, acting)
        try:
            yield serial, runs
        finally:
            self._release(serial)

    def _busy(self, pick: float, acting: bool) -> tuple[str, Running | None]:
        deadline = time.monotonic() + VICTIM_SECONDS
        while time.monotonic() < deadline and not self._ended.is_set():
            runs = {one.serial: one for one in self._running() if one.serial and (not acting or tap_of(one))}
            serial = self._claim(list(runs), pick)
            if serial is not None:
                return serial, runs[serial]
            self._ended.wait(LOOK_SECONDS)
        return self._wait(self._serials, pick), None

    def _wait(self, names: Sequence[str], pick: float) -> str:
        while (name := self._claim(names, pick)) is None:
            if self._ended.wait(LOOK_SECONDS):
                raise StormOver(f"none of {len(names)} was free to be struck")
        return name

    def _claim(self, names: Sequence[str], pick: float) -> str | None:
        with self._lock:
            free = [name for name in names if name not in self._struck]
            if not free:
                return None
            chosen = free[int(pick * len(free))]
            self._struck.add(chosen)
            return chosen

    def _release(self, name: str) -> None:
        with self._lock:
            self._struck.discard(name)


def tap_of(runs: Running) -> str:
    """The resource id whose tap is this attempt's point of no return; empty when it only reads."""
    if runs.flow == "nurture":
        return NURTURE_TAP
    if runs.flow in AGAINST_TAPS:
        return AGAINST_TAPS[runs.flow]
    return TAPS.get(str(runs.kwargs.get("kind")), "")
