"""Every write is fenced: a worker that lost its lease changes nothing any more, and that is kept."""

from __future__ import annotations

from functools import partial

import pytest
from celery import chain, group
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind
from models.tables import ActionRow, Edge, RefusedWrite, Task
from models.tasks.fence import LeaseLost
from models.tasks.leases import Renewed, renew_leases, stop_requests
from models.tasks.neighbours import Neighbours, check_fence_with_neighbours
from models.transactions.read_write import read
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    attempts,
    change,
    desk_worker,
    like,
    online_worker,
    owned_author,
    past,
    plant,
    ready,
    rows_in,
    runs,
    take,
    task,
    work,
)
from workers.attempts.claim import Claim
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died, rescue_expired
from workers.execution.ledger_journal import LedgerJournal
from workers.execution.run import LOST, write_down

LIKE = Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看")
on_mariadb = pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)


def lose_lease(engine: Engine, got: Claim, how: str) -> None:
    """The lease of a claim is gone, in one of the ways in which it goes."""
    if how == "ran out":
        change(engine, got.fence.task_id, lease_until=past(engine))
    elif how == "rescued":
        change(engine, got.fence.task_id, lease_until=past(engine))
        rescue_expired(engine)
    else:
        incarnation_died(engine, got.fence.incarnation, "killed")
        again = take(engine, got.fence.task_id)
        assert again.fence.attempt == 2
        if how == "ended":
            record(engine, again, Succeeded("the second"))


@pytest.mark.parametrize("how", ["ran out", "rescued", "taken by another", "ended"])
def test_a_late_record_is_refused_and_kept(ledger: Engine, how: str) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    got = take(ledger, one)
    lose_lease(ledger, got, how)
    before = task(ledger, one)
    with pytest.raises(LeaseLost):
        record(ledger, got, Succeeded("late"))
    assert write_down(ledger, got, Succeeded("late")) == (LOST, ())
    after = task(ledger, one)
    assert (after.state, after.result, after.attempt) == (before.state, before.result, before.attempt)
    refused = read(ledger, lambda s: list(s.scalars(select(RefusedWrite))))
    assert [(row.task_id, row.attempt, row.incarnation, row.what) for row in refused] == [
        (one, 1, got.fence.incarnation, "Succeeded")
    ]


def around(engine: Engine, got: Claim) -> Neighbours:
    return read(engine, lambda session: check_fence_with_neighbours(session, got.fence, got.campaign_id)[2])


def test_with_a_task_it_is_read_what_comes_after_it_and_whether_others_are_open_and_do_not_run(ledger: Engine) -> None:
    plant(ledger, group(work(0), chain(work(0), work(0))))  # another campaign's count for nothing
    campaign_id = plant(ledger, group(chain(work(1), work(2)), work(3)))
    first, alone = (take(ledger, one) for one in ready(ledger, campaign_id))
    assert around(ledger, first) == Neighbours(after_it=True, open_ones=True)
    assert around(ledger, alone) == Neighbours(after_it=False, open_ones=True)  # the second waits
    assert record(ledger, alone, Succeeded(3)) == []
    (second,) = record(ledger, first, Succeeded(1))
    assert around(ledger, take(ledger, second)) == Neighbours(after_it=False, open_ones=False)


@on_mariadb
def test_what_is_around_a_task_is_read_without_a_lock(ledger: Engine) -> None:
    campaign_id = plant(ledger, group(chain(work(1), work(2)), work(3)))
    first, alone = ready(ledger, campaign_id)
    got = take(ledger, first)
    tasks = select(Task.id).where(Task.campaign_id == campaign_id).with_for_update(skip_locked=True)
    edges = select(Edge.task_id).where(Edge.after_id == first).with_for_update(skip_locked=True)
    with Session(ledger) as session, Session(ledger) as other:
        check_fence_with_neighbours(session, got.fence, got.campaign_id)
        free, (after,) = set(other.scalars(tasks)), other.scalars(edges).all()
    assert free == {alone, after}


def acting(engine: Engine) -> tuple[Claim, LedgerJournal]:
    """A claimed directed task and its journal."""
    owned_author(engine)
    identity = online_worker(engine, "p1")
    (one,) = ready(engine, plant(engine, like(queue="phone.p1")))
    got = take(engine, one, identity)
    return got, LedgerJournal(engine, got, ZONE)


def test_no_point_of_no_return_after_the_lease_ran_out(ledger: Engine) -> None:
    got, journal = acting(ledger)
    change(ledger, got.fence.task_id, lease_until=past(ledger))
    with pytest.raises(LeaseLost):
        journal.declare(LIKE)
    assert rows_in(ledger, ActionRow) == 0


@pytest.mark.parametrize("happened", [True, False])
def test_what_a_lost_worker_says_of_its_action_is_not_believed(ledger: Engine, happened: bool) -> None:
    got, journal = acting(ledger)
    number = journal.declare(LIKE)
    incarnation_died(ledger, got.fence.incarnation, "killed")
    say = partial(journal.confirm, verified=True) if happened else partial(journal.refute, reason="no tap")
    with pytest.raises(LeaseLost):
        say(number)
    row = read(ledger, lambda s: s.get_one(ActionRow, number))
    assert row.outcome == "declared"
    assert task(ledger, got.fence.task_id).verifying


def test_a_concluded_action_is_not_changed_again(ledger: Engine) -> None:
    _, journal = acting(ledger)
    number = journal.declare(LIKE)
    journal.confirm(number, verified=True)
    journal.refute(number, "changed its mind")
    row = read(ledger, lambda s: s.get_one(ActionRow, number))
    assert (row.outcome, row.verified) == ("done", True)


def test_a_renewal_writes_the_step_that_each_task_is_at_and_the_end_of_the_attempt_clears_it(ledger: Engine) -> None:
    first, second = (take(ledger, ready(ledger, plant(ledger, work(number)))[0]) for number in (1, 2))
    told = {first.fence.task_id: "comments", second.fence.task_id: "typing 评论"}
    renew_leases(ledger, runs(first, second), 500, told)
    assert {one: task(ledger, one).step for one in told} == told
    renew_leases(ledger, runs(first, second), 500, {first.fence.task_id: None})
    assert {one: task(ledger, one).step for one in told} == told | {first.fence.task_id: None}
    record(ledger, second, Succeeded(2))
    assert task(ledger, second.fence.task_id).step is None


def test_renewal_extends_what_is_held_and_revives_nothing(ledger: Engine) -> None:
    first, second = (take(ledger, ready(ledger, plant(ledger, work(number)))[0]) for number in (1, 2))
    change(ledger, second.fence.task_id, lease_until=past(ledger))
    before = task(ledger, first.fence.task_id).lease_until
    renewed = renew_leases(ledger, {**runs(first, second), "nobody": first.fence.task_id}, 500)
    assert renewed == Renewed({first.fence.incarnation: first.fence.task_id})
    after = task(ledger, first.fence.task_id).lease_until
    assert before is not None
    assert after is not None
    assert after > before
    assert attempts(ledger, second.fence.task_id)[0].outcome is None


def test_a_lease_that_its_worker_gave_up_runs_out_and_what_it_runs_now_is_renewed(ledger: Engine) -> None:
    identity = desk_worker()
    one, other = (take(ledger, ready(ledger, plant(ledger, work(number)))[0], identity) for number in (1, 2))
    for first, second in ((one, other), (other, one)):  # in whatever order they are read
        before = task(ledger, first.fence.task_id).lease_until
        change(ledger, second.fence.task_id, stop_requested=True)
        assert renew_leases(ledger, runs(second), 500).held == runs(second)
        assert task(ledger, first.fence.task_id).lease_until == before
        assert stop_requests(ledger, runs(first)) == set()
        assert stop_requests(ledger, runs(second)) == {identity.incarnation}
        change(ledger, second.fence.task_id, stop_requested=False)
