"""Words in comments, looks planted at once, and the time from a change to its alert.

`python -m benchmarks.monitor`. Each round is timed twice, by the clock on the wall and by this process's CPU time; the
targets hold for the CPU time, because the wall also counts what else the machine does. The alerts go by a clock of the
benchmark's own, through a real ledger: looks are planted when due, recorded `LOOK` later, and judged.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select

from models.database.engine import connect
from models.responsible_use.authors import register_author
from models.tables import Task, Watch, WatchLook
from models.transactions.read_write import read, write
from tests.support.arguments import at_least
from tests.support.ledger.copied import make_tables
from tests.support.ledger.ended import VIDEO
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB
from tests.support.watches import ZONE, Hands, alerts, judge, plant, post, seen
from workers.campaigns.watches.manage import OPERATOR, add_watch
from workers.policy.monitoring.words import WordRule

WORDS, COMMENTS, WATCHES = 5000, 10_000, 1000
MOST_WORDS_MS, MOST_PLAN_SECONDS = 50.0, 1.0
CADENCE, LOOK, ROUND = timedelta(minutes=10), timedelta(seconds=30), timedelta(seconds=1)
SIGNS = (
    "刹车失灵续航自燃断轴异响召回投诉维权退方向盘电池充智驾机卡顿黑屏漏油噪音隔底悬架轮胎价降背销售服务后交付延期虚标"
)
SMALL = "的了我你他在是有这那就不也很好大家看到今天昨天"


@dataclass(slots=True)
class Timed:
    """Rounds of one piece of work: milliseconds by the wall, and of CPU."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall.append((time.perf_counter() - wall) * 1000)
        self.cpu.append((time.process_time() - cpu) * 1000)

    @property
    def line(self) -> tuple[float, float, float]:
        """Returns the median by the wall, and the median and the most of CPU."""
        return statistics.median(self.wall), statistics.median(self.cpu), max(self.cpu)


def words(rounds: int) -> tuple[Timed, int]:
    """Finds 5,000 words in 10,000 comments of 5 to 60 characters. The time, and how many comments count."""
    rng = random.Random(1)
    listed: set[str] = set()
    while len(listed) < WORDS:
        listed.add("".join(rng.choices(SIGNS, k=rng.randint(2, 5))))
    comments = ["".join(rng.choices(SIGNS + SMALL, k=rng.randint(5, 60))) for _ in range(COMMENTS)]
    rule = WordRule(any=tuple(sorted(listed)))
    rule.matches("")  # makes the automaton, once for each round of verdicts
    timed = Timed()
    for _ in range(rounds):
        timed.run(lambda: [rule.matches(text) for text in comments])
    return timed, sum(rule.matches(text) is not None for text in comments)


def planting(engine: Engine, rounds: int) -> Timed:
    """Plants the looks of 1,000 watches that are due at once: campaigns, tasks and looks in the ledger."""
    timed = Timed()
    for turn in range(rounds):
        added = add_watches(engine, WATCHES, f"w{turn}-")
        now = max(watch.created_at for watch in added)
        planted: list[str] = []

        def all_due(now: datetime = now, planted: list[str] = planted) -> None:
            while some := plant(engine, now):
                planted += some

        timed.run(all_due)
        assert len(planted) == WATCHES, len(planted)
        write(engine, lambda session: session.query(Watch).update({"paused": True}))
    return timed


def add_watches(engine: Engine, number: int, name: str, **more: object) -> list[Watch]:
    """Adds watches of as many videos."""
    register_author(engine, VIDEO["author_id"], "小鹏汽车")
    specs = [post(f"{name}{at}", params={**VIDEO, "title": f"{name}{at}"}, **more) for at in range(number)]
    return write(engine, lambda session: [add_watch(session, OPERATOR, spec, "benchmark", ZONE) for spec in specs])


def delays(engine: Engine, watches: int, hours: int) -> list[float]:
    """The seconds from each of many comments to the alert that tells of it, in the order of the alerts."""
    rng, hands = random.Random(2), Hands(engine)
    added = add_watches(engine, watches, "d", min_interval=0)
    begin = max(watch.created_at for watch in added)
    end = begin + timedelta(hours=hours)
    coming = {watch.id: sorted(begin + (end - begin) * rng.random() for _ in range(4 * hours)) for watch in added}
    told: dict[str, int] = dict.fromkeys(coming, 0)
    found: list[float] = []
    now = begin
    while now <= end + CADENCE + LOOK:
        for task_id in plant(engine, now):
            watch_id, title = about(engine, task_id)
            there = [f"刹车{at}" for at, came in enumerate(coming[watch_id]) if came <= now]
            result = {**seen(*there), "title": title}
            hands.result(task_id, result)
            before = len(alerts(engine))
            judge(engine, now + LOOK + ROUND)
            if len(alerts(engine)) > before:
                news = coming[watch_id][told[watch_id] : len(there)]
                found += [(now + LOOK + ROUND - came).total_seconds() for came in news]
            told[watch_id] = len(there)
        now = max(now + ROUND, next_due(engine))
    return found


def about(engine: Engine, task_id: str) -> tuple[str, str]:
    """The watch of a look's task, and the video's title."""
    wanted = select(WatchLook.watch_id, Task.kwargs).join(Task, Task.id == WatchLook.task_id).where(Task.id == task_id)
    watch_id, params = read(engine, lambda session: session.execute(wanted).one())
    return watch_id, params["title"]


def next_due(engine: Engine) -> datetime:
    wanted = select(Watch.next_due).where(Watch.paused.is_(False)).order_by(Watch.next_due).limit(1)
    return read(engine, lambda session: session.scalars(wanted).one())


def measure(rounds: int, watches: int, hours: int) -> int:
    """Measures, prints and writes. Returns the exit status."""
    found, counting = words(5 * rounds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(MariaDB())
        urls = {"SQLite": f"sqlite:///{folder / 'ledger.db'}", "MariaDB": stack.enter_context(server.database())}
        engines = {name: connect(url) for name, url in urls.items()}
        for engine in engines.values():
            stack.callback(engine.dispose)
            make_tables(engine)
        planted = {name: planting(engine, rounds) for name, engine in engines.items()}
        late = sorted(delays(engines["SQLite"], watches, hours))
    return told(found, counting, planted, late)


def told(found: Timed, counting: int, planted: dict[str, Timed], late: list[float]) -> int:
    """Prints and writes what was measured."""
    cadence, own = CADENCE.total_seconds(), (LOOK + ROUND).total_seconds()
    middle = statistics.median(late)
    lines = [
        Line(f"{WORDS} words in {COMMENTS} comments, ms", found.line),
        *(Line(f"{WATCHES} looks planted, {name}, ms", one.line) for name, one in planted.items()),
        Line(f"change to alert, s: median {middle:.0f}, latest {late[-1]:.0f} (look and verdict {own:.0f})", ("",) * 3),
    ]
    targets = [
        Target("CPU ms for the words", statistics.median(found.cpu), MOST_WORDS_MS),
        *(
            Target(f"CPU seconds to plant, {name}", statistics.median(one.cpu) / 1000, MOST_PLAN_SECONDS)
            for name, one in planted.items()
        ),
        Target("cadences from the latest change to its look", (late[-1] - own) / cadence, 1.0),
    ]
    measured = {
        "words": {"wall_ms": found.wall, "cpu_ms": found.cpu, "comments_that_count": counting},
        "planting": {name: {"wall_ms": one.wall, "cpu_ms": one.cpu} for name, one in planted.items()},
        "alerts": {"cadence_s": cadence, "look_and_verdict_s": own, "seconds": late},
        "load": os.getloadavg(),
    }
    return finish("monitor", "monitoring", ["wall", "CPU", "most CPU"], lines, measured, targets)


def main() -> int:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=at_least(1), default=3)
    parser.add_argument("--watches", type=at_least(1), default=30)
    parser.add_argument("--hours", type=at_least(1), default=2)
    asked = parser.parse_args()
    return measure(asked.rounds, asked.watches, asked.hours)


if __name__ == "__main__":
    sys.exit(main())
