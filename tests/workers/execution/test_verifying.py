"""An action in doubt is looked for by the account that did it, and by nobody else, before anything else is done."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.tables import ActionRow
from models.transactions.read_write import read
from tests.support.ledger.doubts import LIKE, in_doubt, looking
from tests.support.ledger.drive import (
    ZONE,
    attempts,
    change,
    like,
    now,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    take,
    task,
    try_to_take,
)
from workers.attempts.claim import NotMine
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died
from workers.coordinator.overdue import end_overdue
from workers.execution.ledger_journal import LedgerJournal
from workers.policy.retry import LOOKS
from workers.runtime.worker_identity import WorkerIdentity


def test_only_the_account_that_acted_looks(ledger: Engine) -> None:
    one, number = in_doubt(ledger)
    assert isinstance(try_to_take(ledger, one, online_worker(ledger, "p2")), NotMine)
    change(ledger, one, not_before=past(ledger))
    got = looking(ledger, one)
    assert [(doubt.number, doubt.known, doubt.alone) for doubt in got.doubts] == [(number, 0, True)]
    assert got.account_id == "acc-p1"


@pytest.mark.parametrize("happened", [True, False])
def test_what_was_seen_settles_it_and_the_task_is_free_again(ledger: Engine, happened: bool) -> None:
    one, number = in_doubt(ledger)
    got = looking(ledger, one)
    journal = LedgerJournal(ledger, got, ZONE)
    if happened:
        journal.confirm(number, verified=True)
    else:
        journal.refute(number, "not there")
    row = read(ledger, lambda session: session.get_one(ActionRow, number))
    assert (row.outcome, row.attempt) == ("done" if happened else "not_done", 1)
    free = task(ledger, one)
    assert (free.verifying, free.pinned_account, free.own_pins) == (False, None, None)
    assert [action for action in journal.done() if action == LIKE] == ([LIKE] if happened else [])
    record(ledger, got, Succeeded({"kind": "like_comment"}))
    assert task(ledger, one).state == "succeeded"


def test_a_look_that_fails_is_tried_again_later_by_the_same_account(ledger: Engine) -> None:
    one, _ = in_doubt(ledger)
    got = looking(ledger, one)
    assert record(ledger, got, Failed("list_not_loaded", "no network")) == []
    again = task(ledger, one)
    assert (again.state, again.verifying, again.pinned_account) == ("ready", True, "acc-p1")


def test_what_was_lost_before_anything_was_in_doubt_is_no_look(ledger: Engine) -> None:
    owned_author(ledger)
    (one,) = ready(ledger, plant(ledger, like()))
    for number in range(LOOKS):
        change(ledger, one, not_before=past(ledger))
        got = take(ledger, one, online_worker(ledger, f"p{number}"))
        incarnation_died(ledger, got.fence.incarnation, "killed")
    change(ledger, one, not_before=past(ledger))
    got = take(ledger, one, online_worker(ledger, "p0"))
    LedgerJournal(ledger, got, ZONE).declare(LIKE)
    incarnation_died(ledger, got.fence.incarnation, "killed")
    doubtful = task(ledger, one)
    assert (doubtful.state, doubtful.verifying) == ("ready", True)
    assert doubtful.not_before <= now(ledger), "the first look waits for nothing"


def test_what_the_app_cannot_tell_is_a_persons(ledger: Engine) -> None:
    one, number = in_doubt(ledger)
    record(ledger, looking(ledger, one), Failed("unverifiable", "the comment is gone"))
    assert (task(ledger, one).state, task(ledger, one).failure_code) == ("needs_review", "unverifiable")
    assert read(ledger, lambda session: session.get_one(ActionRow, number)).outcome == "declared"


def test_identical_actions_in_doubt_are_not_told_apart(ledger: Engine) -> None:
    one, _ = in_doubt(ledger)
    other = take(ledger, ready(ledger, plant(ledger, like()))[0], online_worker(ledger, "p1"))
    LedgerJournal(ledger, other, ZONE).declare(LIKE)
    incarnation_died(ledger, other.fence.incarnation, "killed")
    (doubt,) = looking(ledger, one).doubts
    assert not doubt.alone


@pytest.mark.parametrize("when", ["before", "since"])
def test_identical_actions_that_are_done_are_counted_by_when_they_were_declared(ledger: Engine, when: str) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1")
    if when == "before":
        done_once(ledger, identity)
    one, _ = in_doubt(ledger)
    if when == "since":
        done_once(ledger, online_worker(ledger, "p1"))
    (doubt,) = looking(ledger, one).doubts
    assert (doubt.known, doubt.since, doubt.alone) == ((1, 0, True) if when == "before" else (0, 1, True))


def done_once(engine: Engine, identity: WorkerIdentity) -> None:
    """Another task of the account does the very same, and succeeds."""
    got = take(engine, ready(engine, plant(engine, like()))[0], identity)
    journal = LedgerJournal(engine, got, ZONE)
    journal.confirm(journal.declare(LIKE), verified=True)
    record(engine, got, Succeeded({"kind": "like_comment"}))


def test_a_task_in_doubt_that_nobody_could_look_after_says_so_at_its_end(ledger: Engine) -> None:
    one, _ = in_doubt(ledger)
    change(ledger, one, latest_end=past(ledger))
    end_overdue(ledger)
    assert (task(ledger, one).state, task(ledger, one).failure_code) == ("failed", "outcome_unknown")


def test_a_claim_that_the_database_did_not_confirm_is_taken_back(ledger: Engine) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1")
    (one,) = ready(ledger, plant(ledger, like()))
    take(ledger, one, identity)
    again = take(ledger, one, identity)
    assert again.fence.attempt == 2
    assert [attempt.outcome for attempt in attempts(ledger, one)] == ["lost", None]
