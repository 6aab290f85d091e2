"""Sentinel makes another Redis the primary while a fleet works, once by each kind of fail-over.

`python -m chaos.sentinel [--phones 4] [--tasks 24]`: simulated phones on a throwaway MariaDB; a primary, a replica and
three Sentinels. Every task writes a comment of a text of its own, half of them submitted after the fail-over. One line
for each kind; the exit status is 0 only when nothing was lost, done twice or stuck, and no worker died.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from celery import group

from chaos.cut_off import workers
from chaos.fleet import CAPS
from chaos.watched_redis import FAILOVERS, WatchedRedis
from models.responsible_use.authors import set_cap
from tests.support.arguments import at_least
from tests.support.fleet import Fleet
from tests.support.servers import MariaDB
from tests.support.work import said
from workers.planting.submit import submit
from workers.tasks import directed

WAIT_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the tasks of one fail-over."""

    kind: str
    tasks: int
    lost: int
    doubled: int
    failed: int  # tasks that did not succeed
    deaths: int  # of workers
    differences: int  # between the ledger and the truth
    seconds: float  # from the fail-over's begin until all had ended

    @property
    def good(self) -> bool:
        """Nothing was lost or done twice, and nobody died."""
        return not any((self.lost, self.doubled, self.failed, self.deaths, self.differences))

    def __str__(self) -> str:
        return (
            f"sentinel, {self.kind}: {self.tasks} tasks, lost {self.lost}, doubled {self.doubled}, "
            f"failed {self.failed}, workers died {self.deaths}, ledger and truth differ in {self.differences}, "
            f"all ended after {self.seconds:.1f} s"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every kind, print the verdicts, return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chaos.sentinel", description=__doc__)
    parser.add_argument("--phones", type=at_least(1), default=4)
    parser.add_argument("--tasks", type=at_least(1), default=24)
    asked = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        WatchedRedis() as redis,
        MariaDB() as server,
        server.database() as url,
        Fleet(Path(folder), url, redis.url, asked.phones, speed=4) as fleet,
    ):
        for name, value in CAPS.items():
            set_cap(fleet.engine, name, value, who="chaos")
        good = True
        for kind in FAILOVERS:
            verdict = trial(fleet, redis, kind, asked.tasks)
            print(verdict, flush=True)
            good = good and verdict.good
    return 0 if good else 1


def trial(fleet: Fleet, redis: WatchedRedis, kind: str, tasks: int) -> Verdict:
    """One fail-over under work."""
    redis.wait_for_a_replica()  # what the one before killed is one again
    owned = [author for author in fleet.shelf.authors() if author["main"]]
    videos = [(author["id"], video["title"]) for author in owned for video in author["videos"]]
    texts = [f"{kind} {number}" for number in range(tasks)]
    work = [
        directed.s(kind="comment", author_id=author, title=title, text=text)
        for text, (author, title) in zip(texts, videos * tasks, strict=False)
    ]
    alive = workers(fleet)
    first = submit(group(work[: tasks // 2]), name=kind, engine=fleet.engine)
    fleet.wait(lambda: any(text in said(fleet) for text in texts), WAIT_SECONDS, "the first comment")
    began = time.monotonic()
    FAILOVERS[kind](redis)
    second = submit(group(work[tasks // 2 :]), name=f"{kind}, after", engine=fleet.engine)
    for campaign in (first, second):
        campaign.wait(WAIT_SECONDS)
    seconds = time.monotonic() - began
    written = Counter({text: count for text, count in said(fleet).items() if text in texts})
    return Verdict(
        kind=kind,
        tasks=tasks,
        lost=sum(not written[text] for text in texts),
        doubled=sum(count - 1 for count in written.values()),
        failed=sum(count for state, count in fleet.states().items() if state != "succeeded"),
        deaths=len(alive - workers(fleet)),
        differences=len(fleet.differences()),
        seconds=seconds,
    )


if __name__ == "__main__":
    sys.exit(main())
