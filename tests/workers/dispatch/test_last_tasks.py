"""The last tasks of a customer get their tickets the longest first, by what their author's took before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from celery import group
from celery.canvas import Signature
from sqlalchemy import Engine

from models.history.records.fill import write_records
from models.history.records.usual import LEAST
from models.responsible_use.authors import register_author, set_basis
from models.transactions.read_write import write
from tests.support.ledger.drive import change, now, online_worker, plant, ready, task, titles
from workers.dispatch.ring import mark_rung
from workers.policy.longest_first import LAST

SECONDS = {"quick": 10.0, "slow": 90.0, "usual": 40.0}
PHONES = 2


@pytest.fixture
def shelf(ledger: Engine) -> Engine:
    """Two phones, three authors, and what the tasks of each took yesterday."""
    for number in range(PHONES):
        online_worker(ledger, f"p{number}")
    for author in (*SECONDS, "new"):
        register_author(ledger, author, author)
        set_basis(ledger, author, "owned", who="admin")
    took(ledger, {author: [seconds] * LEAST for author, seconds in SECONDS.items()})
    return ledger


def took(engine: Engine, seconds: dict[str, list[float]]) -> None:
    """Records attempts that ended yesterday."""
    ended = now(engine) - timedelta(days=1)
    row = dict.fromkeys(("code", "culprit", "step", "reason", "account_id", "phone_serial", "key_id", "title"))
    row |= dict.fromkeys(("asked", "got"))
    records = [
        row
        | {
            "ended_at": ended + timedelta(microseconds=number),
            "id": f"{author}{number}",
            "kind": "attempt",
            "flow": "collect_titles",
            "outcome": "succeeded",
            "sandbox": False,
            "campaign_id": "c",
            "task_id": "t",
            "attempt": 1,
            "author_id": author,
            "seconds": one,
            "evidence": False,
        }
        for author, times in seconds.items()
        for number, one in enumerate(times)
    ]
    write(engine, lambda session: write_records(session, records))


def of(author: str, **options: object) -> Signature:
    wanted = titles(**options)
    wanted.kwargs = {**wanted.kwargs, "author_id": author}
    return wanted


def rung(engine: Engine, wanted: Sequence[Signature]) -> list[str]:
    """Plants tasks; the authors of those that get a ticket, in order."""
    ready(engine, plant(engine, group(wanted)))
    return again(engine)


def again(engine: Engine) -> list[str]:
    tickets = write(engine, lambda session: mark_rung(session, None))
    return [str(task(engine, one.task_id).author_id) for one in tickets]


def test_the_last_tasks_begin_with_the_longest(shelf: Engine) -> None:
    assert rung(shelf, [of("quick"), of("usual"), of("slow"), of("quick")]) == ["slow", "usual", "quick", "quick"]


def test_what_nobody_knows_may_be_long_and_begins_first(shelf: Engine) -> None:
    took(shelf, {"new": [1.0] * (LEAST - 1)})
    assert rung(shelf, [of("quick"), of("slow"), of("new")]) == ["new", "slow", "quick"]


def test_a_priority_goes_before_a_long_task(shelf: Engine) -> None:
    wanted = [of("slow", priority=9), of("quick", priority=5), of("usual", priority=9), of("usual", priority=5)]
    assert rung(shelf, wanted) == ["usual", "quick", "slow", "usual"]


def test_while_more_wait_they_begin_as_they_were_planted(shelf: Engine) -> None:
    few = LAST * PHONES
    wanted = [of(author) for author in ("quick", "slow", "usual")] * few
    assert rung(shelf, wanted) == ["quick", "slow", "usual"] * few


def test_what_sleeps_is_not_among_the_last(shelf: Engine) -> None:
    first, *_ = ready(shelf, plant(shelf, group([of("slow"), of("quick"), of("usual")])))
    change(shelf, first, not_before=now(shelf) + timedelta(hours=1))
    assert again(shelf) == ["usual", "quick"]
