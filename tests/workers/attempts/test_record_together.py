"""Several tasks at the desk recorded in one transaction: only those that no other task waits for."""

from __future__ import annotations

from typing import cast

import pytest
from celery import chain, group
from celery.canvas import Signature
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models.tables import Attempt, Campaign, Delivery, StateChange, Task
from models.transactions.read_write import read, write
from tests.support.ledger.drive import (
    app,
    attempts,
    change,
    desk_worker,
    gather,
    outcome_of,
    plant,
    ready,
    rows_in,
    take,
    task,
    work,
)
from workers.attempts.outcome import Succeeded
from workers.attempts.record_together import Done, record_together
from workers.dispatch.ring import ring_ready


def planted(ledger: Engine, *signatures: Signature) -> list[str]:
    """Plants these side by side, and rings them. Returns the ids of those that are ready."""
    ids = ready(ledger, plant(ledger, group(signatures)))
    ring_ready(ledger)
    return ids


def claimed_and_run(ledger: Engine, ids: list[str]) -> list[Done]:
    worker = desk_worker()
    claims = [take(ledger, task_id, worker) for task_id in ids]
    return [Done(got, cast("Succeeded", outcome_of(ledger, got))) for got in claims]


def outcomes(ledger: Engine, ids: list[str]) -> list[list[str | None]]:
    return [[one.outcome for one in attempts(ledger, task_id)] for task_id in ids]


@pytest.mark.parametrize("what", ["after it", "callback", "large"])
def test_tasks_with_a_consequence_are_to_be_recorded_one_by_one(ledger: Engine, what: str) -> None:
    large = gather("x" * 5000) if what == "large" else work(3)
    third = chain(large, work(4)) if what == "after it" else large
    ids = planted(ledger, work(1), work(2), third, app.signature("work", args=("later",), countdown=3600))[:3]
    if what == "callback":
        change(ledger, ids[2], callback_url="http://127.0.0.1:1/", key_id="k1")
    done = claimed_and_run(ledger, ids)
    before = rows_in(ledger, Attempt, Task, StateChange, Delivery)
    assert record_together(ledger, done, None) is None
    assert outcomes(ledger, ids) == [[None]] * 3
    assert rows_in(ledger, Attempt, Task, StateChange, Delivery) == before


def test_the_last_ones_of_a_campaign_end_it_once_and_owe_its_callback(ledger: Engine) -> None:
    ids = planted(ledger, work(1), work(2), work(3))
    campaign_id = task(ledger, ids[0]).campaign_id
    of_key = {"callback_url": "http://127.0.0.1:1/", "key_id": "k1", "reference": "mine"}
    write(ledger, lambda session: session.execute(update(Campaign).where(Campaign.id == campaign_id).values(of_key)))
    done = claimed_and_run(ledger, ids)

    def ended(session: Session) -> tuple[str | None, list[str]]:
        told = select(StateChange.state).where(StateChange.kind == "campaign", StateChange.state != "open")
        return session.get_one(Campaign, campaign_id).outcome, list(session.scalars(told))

    assert record_together(ledger, done[:2], None) == {}
    assert read(ledger, ended) == (None, [])
    assert record_together(ledger, done[2:], None) == {}
    assert read(ledger, ended) == ("succeeded", ["succeeded"])
    assert outcomes(ledger, ids) == [["succeeded"]] * 3
    owed = read(ledger, lambda session: session.scalars(select(Delivery.subject)).all())
    assert owed == [f"campaign:{campaign_id}"]
