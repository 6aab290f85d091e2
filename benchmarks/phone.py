"""Measures the cost of a call to a phone: stock uiautomator2 beside ours, and the calls that 50 comments take.

`python -m benchmarks.phone`. Both talk to the same simulated phone, whose delays are zero, through
the same adb server; rounds alternate, so that a busy machine slows both alike.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import uiautomator2

from flows.collect_comments import CollectComments
from flows.lossy import Shown
from flows.phone import Key
from flows.profile import load_profile
from flows.screen import Node, Screen
from flows.scrolls import Scrolls
from flows.session import Session
from tests.support.memory import MemoryJournal, MemoryWatch
from tests.support.report import Line, Target, finish
from tests.support.shelf import AdbServer, Shelf
from workers.phone.phone import U2Phone

PACKAGE = "com.phonefleet.practice"
ROUNDS = 40
CALLS = 5  # of each kind in a round
COMMENTS = 50
TASK_SECONDS = 600.0


class Counting(MemoryWatch):
    """Counts the calls to a phone by the step that runs, and the screens of lists that were shown."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, Counter[str]] = {}
        self.video_lists = 0
        self.comment_screens: list[int] = []  # whole comments on each
        self._last: list[str] = []

    def call(self, what: str) -> None:
        self.calls.setdefault(self.steps[-1], Counter())[what] += 1

    def shown(self, screen: Screen) -> None:
        """Count a screen of a list, but not a second look at the same one."""
        rows = [*screen.all(f"{PACKAGE}:id/comment_item"), *screen.all(f"{PACKAGE}:id/video_item")]
        texts = [node.text for row in rows for node in row.walk()]
        if not rows or texts == self._last:
            return
        self._last = texts
        if screen.has(f"{PACKAGE}:id/video_list"):
            self.video_lists += 1
            return
        parts = (f"{PACKAGE}:id/comment_author", f"{PACKAGE}:id/comment_reply")
        self.comment_screens.append(sum(all(row.find(part) for part in parts) for row in rows))


class CountingPhone:
    """A phone whose calls are counted."""

    def __init__(self, phone: U2Phone, counting: Counting) -> None:
        self._phone = phone
        self._counting = counting
        self.serial = phone.serial

    def look(self) -> Screen:
        self._counting.call("look")
        screen = self._phone.look()
        self._counting.shown(screen)
        return screen

    def texts(self, resource_id: str) -> list[Shown]:
        self._counting.call("texts")
        return self._phone.texts(resource_id)

    def tap(self, node: Node) -> None:
        self._counting.call("tap")
        self._phone.tap(node)

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        self._counting.call("swipe")
        self._phone.swipe(start, end, seconds)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self._counting.call("drag")
        self._phone.drag(start, end)

    def set_text(self, node: Node, text: str) -> None:
        self._counting.call("set_text")
        self._phone.set_text(node, text)

    def press(self, key: Key) -> None:
        self._counting.call("press")
        self._phone.press(key)

    def screenshot(self) -> bytes:
        self._counting.call("screenshot")
        return self._phone.screenshot()

    def start_app(self, package: str) -> None:
        self._counting.call("start_app")
        self._phone.start_app(package)

    def stop_app(self, package: str) -> None:
        self._counting.call("stop_app")
        self._phone.stop_app(package)


@dataclass(frozen=True)
class Collected:
    """The cost of collecting: screens of each list, and calls by step and kind."""

    comments: int
    video_lists: int
    comment_screens: list[int]
    calls: dict[str, dict[str, int]]

    @property
    def total(self) -> int:
        return sum(sum(calls.values()) for calls in self.calls.values())


def main() -> int:
    """Measure, print, write; 1 when a target is missed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        AdbServer() as adb,
        Shelf(adb, Path(folder) / "truth.jsonl", emoji="none") as shelf,
    ):
        address, serial = shelf.phones[0]["address"], shelf.phones[0]["serial"]
        end = time.monotonic() + TASK_SECONDS
        phone = U2Phone.connect(address, serial, adb.port, lambda: end - time.monotonic())
        phone.start_app(PACKAGE)
        times = _time_calls(uiautomator2.connect(adb.client.device(address)), phone)
        scrolls = Scrolls()  # a worker keeps what it learned of its phone's lists
        first = _collect(shelf, phone, scrolls, account_read_lately=False)
        phone.stop_app(PACKAGE)
        phone.start_app(PACKAGE)
        collected = _collect(shelf, phone, scrolls, account_read_lately=True)
        phone.close()
    return _report(times, first, collected)


def _time_calls(stock: uiautomator2.Device, ours: U2Phone) -> dict[str, float]:
    """Median milliseconds of each call."""
    spot = Node("", "", "", (500, 60, 560, 80), "", "")  # the empty strip above the video
    kinds: dict[str, Callable[[], object]] = {
        "stock dump": stock.dump_hierarchy,
        "our dump": lambda: ours._device.jsonrpc.dumpWindowHierarchy(False, 50),
        "our dump, parsed": ours.look,
        "stock click": lambda: stock.click(*spot.center),
        "our click": lambda: ours.tap(spot),
    }
    samples: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, call in kinds.items():
            for _ in range(CALLS):
                began = time.perf_counter()
                call()
                samples[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(values) for name, values in samples.items()}


def _collect(shelf: Shelf, phone: U2Phone, scrolls: Scrolls, *, account_read_lately: bool) -> Collected:
    """Collect COMMENTS comments with the flow itself, counting all that is asked of the phone.

    A fleet's worker reads who is logged in when it begins and whenever it acts; a task that only
    reads then begins with `account_read_lately`.
    """
    author, title = _busy_video(shelf)
    counting = Counting()
    session = Session(
        phone=CountingPhone(phone, counting),
        profile=load_profile(),
        account_id=shelf.phones[0]["account"],
        rng=random.Random(1),
        journal=MemoryJournal(),
        watch=counting,
        account_read_lately=account_read_lately,
        scrolls=scrolls,
    )
    flow = CollectComments()
    result = flow.run(session, flow.params_model(author_id=author, title=title, most=COMMENTS))
    return Collected(
        comments=len(result.comments),
        video_lists=counting.video_lists,
        comment_screens=counting.comment_screens,
        calls={step: dict(calls) for step, calls in counting.calls.items()},
    )


def _busy_video(shelf: Shelf) -> tuple[str, str]:
    """The first video of the list's first screen with enough comments, so that only comments are scrolled through."""
    for author in shelf.get("/world")["authors"]:
        for video in author["videos"][:7]:
            if video["comments"] >= COMMENTS:
                return author["id"], video["title"]
    raise LookupError(f"the simulated world has no video with {COMMENTS} comments at the top of a list")


def _report(times: dict[str, float], first: Collected, collected: Collected) -> int:
    dump, click = times["our dump"] / times["stock dump"], times["our click"] / times["stock click"]
    parsed = times["our dump, parsed"] / times["stock dump"]
    lines = [
        Line("dump", (times["stock dump"], times["our dump"], dump)),
        Line("dump and parse", (times["stock dump"], times["our dump, parsed"], parsed)),
        Line("click", (times["stock click"], times["our click"], click)),
    ]
    screens = len(collected.comment_screens)
    targets = [
        Target("dump, of stock", dump, 0.1),
        Target("click, of stock", click, 0.1),
        Target("comments collected", collected.comments, COMMENTS, at_least=True),
        Target("calls of the whole flow, 2 a comment screen + 10", collected.total, 2 * screens + 10),
    ]
    print(f"a worker's first task, which reads the account as well: {first.total} calls")
    for step, calls in collected.calls.items():
        print(f"step {step}: {sum(calls.values())} calls ({', '.join(f'{n} {kind}' for kind, n in calls.items())})")
    print(f"screens of videos: {collected.video_lists}; whole comments on {screens} more: {collected.comment_screens}")
    totals = {"total_calls": collected.total, "first_task_calls": first.total}
    measured = {"milliseconds": times, "collect": asdict(collected) | totals}
    headings = ("stock, ms", "ours, ms", "ours / stock")
    return finish("phone", "median cost of a call", headings, lines, measured, targets)


if __name__ == "__main__":
    sys.exit(main())
