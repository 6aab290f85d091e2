"""Redis that cuts off every client once a second, for a minute, under a whole fleet at work.

`python -m chaos.cut_off [--seconds 60] [--phones 8] [--tasks 120]`: simulated phones on a throwaway MariaDB. Half of
the tasks write a comment of a text of its own, so that a lost or doubled one is seen in the ground truth. The last
line is the verdict; 0 only when nothing was lost, done twice or stuck, no worker died, and people were told.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from celery import group
from sqlalchemy import Select, func, select

from chaos.fleet import CAPS
from models.notify.alerts import lasting_alerts
from models.responsible_use.authors import set_cap
from models.tables import Alert, Attempt
from models.transactions.read_write import read
from tests.support.arguments import at_least, within
from tests.support.fleet import Fleet
from tests.support.host.processes import children
from tests.support.servers import MariaDB
from tests.support.troubled import FORMS, TroubledRedis, rest
from tests.support.work import comments, each_once, said
from workers.planting.submit import submit
from workers.tasks import collect_titles

FORM = "cut off each second"
BEGIN_SECONDS = 60.0
END_SECONDS = 300.0  # for what is left when the trouble is over
TOLD_OVER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of the tasks, and the cost of the trouble."""

    tasks: int
    seconds: float
    lost: int  # comments that are not in the truth, or tasks that did not succeed
    doubled: int  # comments that are there more than once
    stuck: int  # tasks that had not ended
    deaths: int  # of workers
    attempts_lost: int
    ended_meanwhile: int  # tasks that succeeded while it lasted
    alerts: int
    differences: int  # between the ledger and the truth

    @property
    def good(self) -> bool:
        """Nothing was lost or done twice, nobody died, and one alert told of it."""
        bad = (self.lost, self.doubled, self.stuck, self.deaths, self.attempts_lost, self.differences)
        return not any(bad) and self.alerts == 1 and self.ended_meanwhile > 0

    def __str__(self) -> str:
        return (
            f"cut off: {self.tasks} tasks, {self.seconds:g} s, lost {self.lost}, doubled {self.doubled}, "
            f"stuck {self.stuck}, workers died {self.deaths}, attempts lost {self.attempts_lost}, "
            f"ended meanwhile {self.ended_meanwhile}, alerts {self.alerts}, "
            f"ledger and truth differ in {self.differences}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial, print the verdict, return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chaos.cut_off", description=__doc__)
    parser.add_argument("--seconds", type=within(1, 3600), default=60.0)
    parser.add_argument("--phones", type=at_least(1), default=8)
    parser.add_argument("--tasks", type=at_least(1), default=120)
    asked = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        TroubledRedis() as redis,
        MariaDB() as server,
        server.database() as url,
        Fleet(Path(folder), url, redis.url, asked.phones, speed=1) as fleet,
    ):
        for name, value in CAPS.items():
            set_cap(fleet.engine, name, value, who="chaos")
        verdict = trial(fleet, redis, asked.tasks, asked.seconds)
    print(verdict)
    return 0 if verdict.good else 1


def trial(fleet: Fleet, redis: TroubledRedis, tasks: int, seconds: float) -> Verdict:
    """The trouble, while there is work for every phone."""
    written, author = tasks // 2, next(one for one in fleet.shelf.authors() if one["main"])
    reading = [collect_titles.s(author_id=author["id"], count=1) for _ in range(tasks - written)]
    submit(group(*comments(fleet, written).tasks, *reading), name="cut off", engine=fleet.engine)
    fleet.wait(lambda: said(fleet), BEGIN_SECONDS, "the first comment")
    alive, before = workers(fleet), fleet.states().get("succeeded", 0)
    FORMS[FORM].begin(redis)
    try:
        rest(seconds)
        meanwhile = fleet.states().get("succeeded", 0) - before
    finally:
        FORMS[FORM].end(redis)
    deadline = time.monotonic() + END_SECONDS
    fleet.wait(lambda: fleet.all_ended() or time.monotonic() > deadline, END_SECONDS + 1, "the tasks to end")
    fleet.wait(lambda: not _lasting(fleet), TOLD_OVER_SECONDS, "the alert to end by itself")
    return judge(fleet, tasks, written, seconds, len(alive - workers(fleet)), meanwhile)


def judge(fleet: Fleet, tasks: int, written: int, seconds: float, deaths: int, meanwhile: int) -> Verdict:
    """Hold the ledger and the truth against what was asked."""
    states, texts, asked = fleet.states(), said(fleet), each_once(written)
    open_tasks = tasks - sum(states.get(state, 0) for state in ("succeeded", "failed", "stopped"))
    unsaid = sum(1 for text in asked if not texts[text])
    return Verdict(
        tasks=tasks,
        seconds=seconds,
        lost=max(unsaid, states.get("failed", 0) + states.get("stopped", 0)),
        doubled=sum(count - 1 for count in texts.values() if count > 1),
        stuck=open_tasks,
        deaths=deaths,
        attempts_lost=_count(fleet, select(func.count()).where(Attempt.outcome == "lost")),
        ended_meanwhile=meanwhile,
        alerts=_count(fleet, select(func.count()).where(Alert.kind == "broker_away")),
        differences=len(fleet.differences()),
    )


def workers(fleet: Fleet) -> set[int]:
    """The worker processes of the host."""
    zygotes = children(fleet.host.pid, "workers.host.zygote")
    return {child for zygote in zygotes for child in children(zygote, "workers.host.zygote")}


def _lasting(fleet: Fleet) -> Sequence[Alert]:
    return read(fleet.engine, lambda session: lasting_alerts(session, "broker_away"))


def _count(fleet: Fleet, wanted: Select[int]) -> int:
    return read(fleet.engine, lambda session: session.scalar(wanted)) or 0


if __name__ == "__main__":
    sys.exit(main())
