"""What a task costs the ledger from its planting to its history, held against the committed counts.

Counts by MariaDB's own counters, never times: they are the same on any machine, however busy. A count that is more
than a quarter above the committed one is a regression; whoever lowers one commits the lower count with the change.
`make bench-dispatch` measures what the counts mean in tasks a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from celery import group
from celery.canvas import Signature
from redis import Redis
from sqlalchemy import Engine, text

from flows.action import Action, ActionKind
from models.history.records.fill import fill_records
from tests.support.ledger.drive import (
    AUTHOR,
    LEASE,
    ZONE,
    compiled,
    deliver,
    desk_worker,
    gather,
    like,
    online_worker,
    owned_author,
    plant_rows,
    tasks,
    titles,
)
from workers.attempts.claim import Claim
from workers.attempts.claim_beside import claim_beside
from workers.attempts.outcome import Succeeded
from workers.attempts.record import ClaimNext, record, recorded
from workers.attempts.record_together import Done, record_together
from workers.dispatch.next_ticket import TakenTicket
from workers.dispatch.ring import ring
from workers.execution.ledger_journal import LedgerJournal
from workers.runtime.worker_identity import WorkerIdentity

on_mariadb = pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)

TASKS = 20  # of one campaign: what it costs once is shared by them
MOST = 1.25  # times the committed count


@dataclass(frozen=True, slots=True)
class Cost:
    """For each task: statements, COMMIT and ROLLBACK among them; commits; and rows that are written."""

    statements: float
    commits: float
    rows: float


# The committed counts.
DESK = Cost(8.35, 2.2, 9.3)
GOING_ON = Cost(7.1, 1.2, 9.3)
TEN_AT_ONCE = Cost(2.5, 0.35, 9.3)
READING = Cost(8.1, 2.15, 9.85)
ACTING = Cost(16.45, 4.15, 15.25)

COUNTERS = {
    "statements": ("Questions",),
    "commits": ("Com_commit",),
    "rows": ("Handler_write", "Handler_update", "Handler_delete"),
}


class Meter:
    """Reads the server's counters over a connection of its own, which is open already."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect()

    def read(self) -> dict[str, int]:
        names = ", ".join(f"'{name}'" for some in COUNTERS.values() for name in some)
        found = self._connection.execute(text(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")).all()
        return {str(name): int(value) for name, value in found}

    def close(self) -> None:
        self._connection.close()


Do = Callable[[Engine, Claim, int], Any]  # what a task does, for its result
Run = Callable[[Engine, Sequence[str], WorkerIdentity, Do], None]  # tasks that were rung


def cost(ledger: Engine, canvas: Sequence[Signature], worker: WorkerIdentity, do: Do, run: Run) -> Cost:
    """Plants these tasks, rings them, runs each, and writes their records."""
    planted = compiled(group(canvas))
    meter = Meter(ledger)
    try:
        before = meter.read()
        campaign_id = plant_rows(ledger, planted)
        ids = [row.id for row in planted.rows]
        assert ring(ledger, ids) == len(canvas)
        run(ledger, ids, worker, do)
        assert fill_records(ledger)
        after = meter.read()
    finally:
        meter.close()
    assert {one.state for one in tasks(ledger, campaign_id)} == {"succeeded"}
    grown = {what: sum(after[name] - before[name] for name in names) for what, names in COUNTERS.items()}
    grown["statements"] -= 1  # the meter's own
    return Cost(**{what: round(count / len(canvas), 2) for what, count in grown.items()})


def each_delivered(ledger: Engine, ids: Sequence[str], worker: WorkerIdentity, do: Do, *, acts: bool = False) -> None:
    """Each ticket comes by Celery."""
    for number, task_id in enumerate(ids):
        got = deliver(ledger, task_id, worker, 0, acts=acts)
        assert isinstance(got, Claim), got
        record(ledger, got, Succeeded(do(ledger, got, number)))


def going_on(ledger: Engine, ids: Sequence[str], worker: WorkerIdentity, do: Do) -> None:
    """The first ticket comes by Celery, and the worker takes the others itself, one at a time."""
    got = deliver(ledger, ids[0], worker, 0)
    for number, after in enumerate([*ids[1:], None]):
        assert isinstance(got, Claim), got
        following = None if after is None else claiming(worker, [after])
        came = recorded(ledger, got, Succeeded(do(ledger, got, number)), (), following).following
        got = came.get(after or "", got)


def ten_at_once(ledger: Engine, ids: Sequence[str], worker: WorkerIdentity, do: Do) -> None:
    """The worker takes ten at once."""
    first = deliver(ledger, ids[0], worker, 0)
    assert isinstance(first, Claim)
    held: list[Claim] = [first]
    left = list(ids[1:])
    while held:
        done = [Done(got, Succeeded(do(ledger, got, number))) for number, got in enumerate(held)]
        some, left = left[:10], left[10:]
        following = claiming(worker, some) if some else None
        came = record_together(ledger, done, following)
        if came is None:  # the last ones: their campaign ends
            for one in done:
                record(ledger, one.claim, one.outcome)
            came = {}
        held = [got for got in came.values() if isinstance(got, Claim)]


def claiming(worker: WorkerIdentity, ids: Sequence[str]) -> ClaimNext:
    """Claims these with the record of others."""
    tickets = [TakenTicket(task_id, "echo", 0, 0, "", "", "", b"") for task_id in ids]
    return partial(claim_beside, worker=worker, tickets=tickets, lease=LEASE, zone=ZONE)


def hold_against(committed: Cost, found: Cost) -> None:
    over = [name for name in COUNTERS if getattr(found, name) > MOST * getattr(committed, name)]
    assert not over, f"{found} is more than a quarter above {committed}: {over}"


def nothing(_engine: Engine, _got: Claim, number: int) -> list[int]:
    return [number]


def no_titles(_engine: Engine, _got: Claim, _number: int) -> dict[str, Any]:
    return {"titles": [], "complete": True}


def likes(engine: Engine, got: Claim, number: int) -> dict[str, Any]:
    """Declares the like and confirms it, as the flow does around its tap."""
    mine = LedgerJournal(engine, got, ZONE)
    act = mine.declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, f"标题{number}", "小红", "好看"))
    mine.confirm(act, verified=True)
    return {"kind": "like_comment"}


@on_mariadb
def test_a_task_at_the_desk_costs_no_more_than_committed(ledger: Engine, redis: Redis) -> None:
    hold_against(
        DESK, cost(ledger, [gather(number) for number in range(TASKS)], desk_worker(), nothing, each_delivered)
    )


@on_mariadb
def test_a_task_that_its_worker_goes_on_with_costs_no_more_than_committed(ledger: Engine, redis: Redis) -> None:
    hold_against(GOING_ON, cost(ledger, [gather(number) for number in range(TASKS)], desk_worker(), nothing, going_on))


@on_mariadb
def test_a_reading_task_costs_no_more_than_committed(ledger: Engine, redis: Redis) -> None:
    owned_author(ledger)
    hold_against(READING, cost(ledger, [titles()] * TASKS, online_worker(ledger, "s1"), no_titles, each_delivered))


@on_mariadb
def test_an_acting_task_costs_no_more_than_committed(ledger: Engine, redis: Redis) -> None:
    owned_author(ledger)
    acts = [like(title=f"标题{number}") for number in range(TASKS)]
    acting = partial(each_delivered, acts=True)
    hold_against(ACTING, cost(ledger, acts, online_worker(ledger, "s1"), likes, acting))


@on_mariadb
def test_a_task_that_its_worker_takes_with_nine_others_costs_no_more_than_committed(
    ledger: Engine, redis: Redis
) -> None:
    few = cost(ledger, [gather(number) for number in range(TASKS)], desk_worker(), nothing, ten_at_once)
    hold_against(TEN_AT_ONCE, few)


@pytest.mark.parametrize("what", list(COUNTERS))
def test_a_quarter_more_of_any_count_is_too_much(what: str) -> None:
    found = {name: getattr(DESK, name) for name in COUNTERS}
    hold_against(DESK, Cost(**{**found, what: found[what] * 1.2}))
    with pytest.raises(AssertionError, match=what):
        hold_against(DESK, Cost(**{**found, what: found[what] * 1.3}))
