"""How soon phones work again after Redis was in trouble, and how many workers died of it: a trial, not a test.

`python -m benchmarks.broker_away [--phones 8] [--seconds 12]`: simulated phones on a throwaway MariaDB, whose Redis
gets into each form of trouble for so many seconds while reading tasks wait.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from celery import group
from sqlalchemy import distinct, func, select

from models.notify.alerts import lasting_alerts
from models.tables import Attempt, Task
from models.tasks.states import State
from models.transactions.read_write import read
from tests.support.arguments import at_least, within
from tests.support.fleet import Fleet
from tests.support.host.processes import children
from tests.support.servers import MariaDB
from tests.support.troubled import FORMS, TroubledRedis, rest
from workers.planting.submit import submit
from workers.tasks import collect_titles

WAIT = 120.0
TASKS = 400


def busy(fleet: Fleet) -> int:
    """How many phones run a task now."""
    wanted = select(func.count(distinct(Task.phone_serial))).where(Task.state == State.RUNNING)
    return read(fleet.engine, lambda session: session.scalar(wanted)) or 0


def workers(fleet: Fleet) -> set[int]:
    """The worker processes of the host."""
    zygotes = children(fleet.host.pid, "workers.host.zygote")
    return {child for zygote in zygotes for child in children(zygote, "workers.host.zygote")}


def main() -> None:
    """Print a row for each form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=at_least(1), default=8)
    parser.add_argument("--seconds", type=within(1, 3600), default=12.0)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        TroubledRedis() as redis,
        MariaDB() as server,
        server.database() as url,
        Fleet(Path(folder), url, redis.url, asked.phones, speed=1) as fleet,
    ):
        trial(fleet, redis, asked.phones, asked.seconds)


def trial(fleet: Fleet, redis: TroubledRedis, phones: int, seconds: float) -> None:
    """Each form once, while there is more to do than the phones can."""
    author = next(one for one in fleet.shelf.authors() if one["main"])
    tasks = group(collect_titles.s(author_id=author["id"], count=1) for _ in range(TASKS))
    submit(tasks, name="trial", engine=fleet.engine)
    print(f"{'form':26} {'alert':>6} {'deaths':>7} {'all busy again after':>21}")
    for name, form in FORMS.items():
        fleet.wait(lambda: busy(fleet) == phones, WAIT, "all phones to be busy")
        before = workers(fleet)
        form.begin(redis)
        rest(seconds)
        told = len(read(fleet.engine, lambda session: lasting_alerts(session, "broker_away")))
        form.end(redis)
        healed = time.monotonic()
        fleet.wait(lambda: busy(fleet) == phones, WAIT, "all phones to be busy again")
        took = time.monotonic() - healed
        print(f"{name:26} {told:6} {len(before - workers(fleet)):7} {took:19.1f} s", flush=True)
    lost = select(func.count()).where(Attempt.outcome == "lost")
    print("attempts lost:", read(fleet.engine, lambda session: session.scalar(lost)))


if __name__ == "__main__":
    main()
