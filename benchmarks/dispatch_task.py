"""The task that benchmarks/dispatch.py has every worker do: nothing, or to say when it began.

`celery -A benchmarks.dispatch_task.rival worker` serves it without phonefleet.
"""

from __future__ import annotations

import os

from celery import Celery

from benchmarks.peers.start import REDIS, tell_start
from workers.desk import Desk
from workers.execution.register import desk_task

RESULTS = "BENCH_DISPATCH_RESULTS"  # the address of Celery's result backend


def noop(_desk: Desk, sent_at: float | None = None) -> None:
    """Do nothing; say when it began if `sent_at` tells when it was sent."""
    if sent_at is not None:
        tell_start(sent_at)


ours = desk_task(noop)


def make_rival(broker: str, results: str, *, durable: bool) -> Celery:
    """Returns Celery as it comes; `durable`: late acknowledgement, so that a worker's death loses no task."""
    made = Celery("rival", broker=broker, backend=results, set_as_current=False)
    made.conf.update(task_acks_late=durable, broker_connection_retry_on_startup=True)

    @made.task(name="noop", shared=False)
    def _noop(sent_at: float | None = None) -> None:
        if sent_at is not None:
            tell_start(sent_at)

    return made


rival = make_rival(
    os.environ.get(REDIS, ""), os.environ.get(RESULTS, ""), durable=os.environ.get(RESULTS, "").startswith("db+")
)
