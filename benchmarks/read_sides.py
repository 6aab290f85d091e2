"""The sides of `make bench-read`: the flow itself, and usual scripts. Each reads on a phone of its own."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import uiautomator2

from benchmarks.read_usual import PACKAGE, ReadScreen, open_comments, read_list
from flows.collect_comments import CollectComments
from flows.profile import load_profile
from flows.scrolls import Scrolls
from flows.session import Session
from tests.support.memory import MemoryJournal, MemoryWatch
from tests.support.shelf import Shelf
from workers.phone.phone import U2Phone

MOST = 5000  # comments: all of a list
TASK_SECONDS = 1800.0

Comment = tuple[str, str]  # who, and the text


@dataclass(frozen=True, slots=True)
class Video:
    """A video, and its comments in order."""

    author_id: str
    title: str
    comments: Sequence[Comment]


@dataclass(frozen=True, slots=True)
class Read:
    """What one side read of one list, and its cost: of the whole task, and from the opening of the list on."""

    comments: Sequence[Comment]
    seconds: float
    calls: int
    list_seconds: float
    list_calls: int


class Side(Protocol):
    """Something that reads the comments of a video."""

    def read(self, video: Video) -> Read:
        """Begins with the app stopped, and reads the list to its end."""


class Meter:
    """Time, and calls to the UI server of one phone, by the phone's own count."""

    def __init__(self, shelf: Shelf, serial: str) -> None:
        self._shelf = shelf
        self._serial = serial

    def now(self) -> tuple[float, int]:
        """Returns the time and the number of calls so far."""
        calls = next(int(phone["calls"]) for phone in self._shelf.get("/phones") if phone["serial"] == self._serial)
        return time.monotonic(), calls


class _MarkingWatch(MemoryWatch):
    """Notes when the step "comments" begins."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter
        self.opened: tuple[float, int] | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if name == "comments" and self.opened is None:
            self.opened = self._meter.now()
        with super().step(name):
            yield


class FlowSide:
    """phonefleet's flow, as a worker runs it: one connection and one memory of how lists move, for all tasks."""

    def __init__(self, shelf: Shelf, phone: dict[str, Any]) -> None:
        self._meter = Meter(shelf, phone["serial"])
        self._account = phone["account"]
        self._scrolls = Scrolls()
        end = time.monotonic() + TASK_SECONDS
        self.phone = U2Phone.connect(phone["address"], phone["serial"], shelf.adb.port, lambda: end - time.monotonic())
        self._tasks = 0

    def read(self, video: Video) -> Read:
        """Runs the flow. The account is read by the first task alone, as in a fleet."""
        self.phone.stop_app(PACKAGE)
        watch = _MarkingWatch(self._meter)
        flow = CollectComments()
        began = self._meter.now()
        session = Session(
            phone=self.phone,
            profile=load_profile(),
            account_id=self._account,
            rng=random.Random(self._tasks),
            journal=MemoryJournal(),
            watch=watch,
            account_read_lately=self._tasks > 0,
            scrolls=self._scrolls,
        )
        result = flow.run(session, flow.params_model(author_id=video.author_id, title=video.title, most=MOST))
        self._tasks += 1
        return cost([(one.commenter, one.text) for one in result.comments], began, watch.opened, self._meter.now())


class UsualSide:
    """A script of stock uiautomator2."""

    def __init__(self, shelf: Shelf, phone: dict[str, Any], read: ReadScreen) -> None:
        self._meter = Meter(shelf, phone["serial"])
        self._device = uiautomator2.connect(shelf.adb.client.device(phone["address"]))
        self._read = read

    def read(self, video: Video) -> Read:
        """Goes to the video and reads its list."""
        self._device.app_stop(PACKAGE)
        began = self._meter.now()
        open_comments(self._device, video.author_id, video.title)
        opened = self._meter.now()
        rows = read_list(self._device, self._read)
        return cost([(row[0], row[1]) for row in rows], began, opened, self._meter.now())


Reading = tuple[float, int]


def cost(comments: Sequence[Comment], began: Reading, opened: Reading | None, ended: Reading) -> Read:
    """Returns the cost between readings of a Meter."""
    opened = opened or began
    return Read(comments, ended[0] - began[0], ended[1] - began[1], ended[0] - opened[0], ended[1] - opened[1])


@dataclass(frozen=True, slots=True)
class Judged:
    """How much of the truth was got. `wrong` comments are not in the list; `in_order`: all of it, in its order."""

    right: int
    missed: int
    wrong: int
    in_order: bool


def judge(got: Sequence[Comment], truth: Sequence[Comment]) -> Judged:
    """Compares what was read with the world's own list; each comment of the list counts once."""
    right = (Counter(got) & Counter(truth)).total()
    return Judged(right, len(truth) - right, len(got) - right, list(got) == list(truth))


Make = Callable[[Shelf, dict[str, Any]], Side]
