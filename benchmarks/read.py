"""Comments collected a minute and calls a comment: the flow beside the way usual uiautomator2 scripts read a list.

`python -m benchmarks.read`. Simulated phones take as long as real ones for a dump, a click and a swipe; each side has
a phone of its own, and reads the same lists to their end, in turns. What it read is held against the world's own list.
First on phones that behave, then on a rough shelf.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.read_sides import Comment, FlowSide, Judged, Make, Read, UsualSide, Video, judge
from benchmarks.read_usual import PAUSE_SECONDS, SWIPE_SECONDS, TITLE_PART, by_dump, by_element
from phonesim.roughness import is_sticker
from phonesim.world import Emoji, World
from tests.support.arguments import at_least
from tests.support.report import Line, Target, finish
from tests.support.shelf import AdbServer, Shelf

OURS, USUAL, DUMPS = "phonefleet", "element by element", "one dump a screen"
SIDES: Mapping[str, Make] = {
    OURS: FlowSide,
    USUAL: lambda shelf, phone: UsualSide(shelf, phone, by_element),
    DUMPS: lambda shelf, phone: UsualSide(shelf, phone, by_dump),
}
SHELVES = {"clean": None, "rough": ""}  # the options of roughness
# seconds on a mid-range phone; docs/benchmarks.md says where they come from. A swipe takes 5 ms a step.
TIMES = {"dump": 0.25, "tap": 0.06, "query": 0.04}
SEED = 1
FIRST = 7  # videos of an author that his page shows at once: nobody scrolls there
LEAST, MOST = 60, 110  # comments of a video
TIMES_FASTER, CALLS_OF_USUAL = 3.0, 0.2


@dataclass(frozen=True, slots=True)
class Sum:
    """What one side did in all lists of one shelf."""

    reads: Sequence[Read]
    judged: Sequence[Judged]

    @property
    def right(self) -> int:
        return sum(one.right for one in self.judged)

    @property
    def truth(self) -> int:
        return sum(one.right + one.missed for one in self.judged)

    @property
    def wrong(self) -> int:
        return sum(one.wrong for one in self.judged)

    @property
    def a_minute(self) -> float:
        """Right comments a minute of the whole tasks."""
        return 60 * self.right / sum(read.seconds for read in self.reads)

    @property
    def a_minute_of_list(self) -> float:
        return 60 * self.right / sum(read.list_seconds for read in self.reads)

    @property
    def calls(self) -> float:
        """Calls of the whole tasks for each right comment."""
        return sum(read.calls for read in self.reads) / max(1, self.right)


def videos_of(world: World, viewer: str, number: int, *, stickers: bool) -> list[Video]:
    """Returns videos that the author's page shows at once, no two of an author, with lists of some length."""
    found = []
    for author in world.authors:
        for video in world.videos(author.id)[:FIRST]:
            alike = sum(one.title[:TITLE_PART] == video.title[:TITLE_PART] for one in world.videos(author.id))
            if LEAST <= video.comments <= MOST and alike == 1:
                comments = world.comments(video.id, viewer)
                shown: list[Comment] = [
                    (one.commenter, "" if stickers and is_sticker(one.id) else one.text) for one in comments
                ]
                found.append(Video(author.id, video.title, shown))
                break
    if len(found) < number:
        raise LookupError(f"the world has {len(found)} such videos, not {number}: ask for fewer with --videos")
    return found[:number]


def measure(rough: str | None, number: int) -> dict[str, Sum]:
    """Each side's readings on one shelf; in turns, list by list."""
    times = ",".join(f"{what}={seconds}" for what, seconds in TIMES.items())
    with (
        tempfile.TemporaryDirectory() as folder,
        AdbServer() as adb,
        Shelf(
            adb, Path(folder) / "truth.jsonl", phones=len(SIDES), speed=1, seed=SEED, rough=rough, times=times
        ) as shelf,
    ):
        emoji = Emoji.SOME if rough is None else Emoji.EVERY
        world = World(SEED, len(SIDES), emoji=emoji)
        videos = videos_of(world, shelf.phones[0]["account"], number, stickers=rough is not None)
        sides = {name: make(shelf, phone) for (name, make), phone in zip(SIDES.items(), shelf.phones, strict=True)}
        reads: dict[str, list[Read]] = {name: [] for name in sides}
        for video in videos:
            for name, side in sides.items():
                reads[name].append(side.read(video))
                print(f"{name}: {len(reads[name][-1].comments)} of {len(video.comments)} comments", flush=True)
    return {
        name: Sum(mine, [judge(read.comments, video.comments) for read, video in zip(mine, videos, strict=True)])
        for name, mine in reads.items()
    }


def main() -> int:
    """Measure, print, write benchmarks/results/read.json; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=at_least(1), default=2, help="Lists of each side on each shelf.")
    asked = parser.parse_args()
    return report({shelf: measure(rough, asked.videos) for shelf, rough in SHELVES.items()})


def report(found: Mapping[str, Mapping[str, Sum]]) -> int:
    """The table; the ratios to the usual script as targets."""
    lines, targets, measured = [], [], {}
    for shelf, sums in found.items():
        usual, ours = sums[USUAL], sums[OURS]
        for name, one in sums.items():
            ratio = one.a_minute / usual.a_minute
            cells = (one.a_minute, ratio, one.a_minute_of_list, one.calls, f"{one.right} of {one.truth}", one.wrong)
            lines.append(Line(f"{shelf}, {name}", cells))
            measured[f"{shelf}, {name}"] = _plain(one, ratio)
        targets += [
            Target(
                f"{shelf}: comments a minute, by the usual script's",
                ours.a_minute / usual.a_minute,
                TIMES_FASTER,
                at_least=True,
            ),
            Target(f"{shelf}: calls a comment, of the usual script's", ours.calls / usual.calls, CALLS_OF_USUAL),
            Target(f"{shelf}: comments missed or wrong", ours.truth - ours.right + ours.wrong, 0),
            Target(f"{shelf}: lists not in their order", sum(not one.in_order for one in ours.judged), 0),
        ]
    title = "comments a minute, of the whole task and of the list alone; calls a comment; what of the truth was got"
    headings = ("a minute", "of usual", "list alone", "calls each", "right", "wrong")
    given: dict[str, Any] = {"times": TIMES, "pause": PAUSE_SECONDS, "swipe": SWIPE_SECONDS}
    return finish("read", title, headings, lines, given | {"sides": measured}, targets)


def _plain(one: Sum, ratio: float) -> dict[str, Any]:
    lists = [
        {key: value for key, value in asdict(read).items() if key != "comments"} | asdict(judged)
        for read, judged in zip(one.reads, one.judged, strict=True)
    ]
    return {
        "a_minute": one.a_minute,
        "of_usual": ratio,
        "a_minute_of_list": one.a_minute_of_list,
        "calls_each": one.calls,
        "lists": lists,
    }


if __name__ == "__main__":
    sys.exit(main())
