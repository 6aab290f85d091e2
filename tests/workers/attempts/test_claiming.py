"""Claiming is a compare-and-set: one wins, whoever else asks and however often a ticket is delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest
from celery import group
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.fleet.logins import account_gone, account_seen
from models.fleet.phones import phone_offline, phone_online
from models.tables import Account, Phone
from models.tasks.states import State
from models.transactions.read_write import write
from tests.support.ledger.drive import (
    attempts,
    change,
    deliver,
    desk_worker,
    like,
    now,
    online_worker,
    outcome_of,
    owned_author,
    past,
    plant,
    ready,
    rung_now,
    take,
    task,
    titles,
    try_to_take,
    work,
)
from tests.support.threads import at_once
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record


def test_of_eight_threads_one_wins(ledger: Engine) -> None:
    for _ in range(4):
        (one,) = ready(ledger, plant(ledger, work(1)))
        got = at_once([partial(try_to_take, ledger, one) for _ in range(8)])
        assert sum(isinstance(answer, Claim) for answer in got) == 1
        assert [attempt.number for attempt in attempts(ledger, one)] == [1]


def test_ten_deliveries_run_once(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))

    def deliver() -> int:
        got = try_to_take(ledger, one)
        if isinstance(got, NotMine):
            return 0
        record(ledger, got, outcome_of(ledger, got))
        return 1

    assert sum(at_once([deliver] * 5)) + sum(deliver() for _ in range(5)) == 1
    assert task(ledger, one).state == "succeeded"
    assert len(attempts(ledger, one)) == 1


def test_claims_of_one_campaign_at_once_share_evenly(ledger: Engine) -> None:
    owned_author(ledger)
    identities = [online_worker(ledger, f"p{number}") for number in range(4)]
    campaign_id = plant(ledger, group(like(title=f"标题{number % 3}", comment=f"c{number}") for number in range(12)))
    serial_of = {identity.serial: identity for identity in identities}

    def serve(serial: str) -> list[str]:
        taken = []
        for one in ready(ledger, campaign_id):
            got = try_to_take(ledger, one, serial_of[serial])
            if isinstance(got, Claim):
                taken.append(one)
        return taken

    taken = at_once([partial(serve, f"p{number}") for number in range(4)])
    assert len({one for some in taken for one in some}) == sum(map(len, taken))
    for serial in serial_of:  # what was passed on to others is theirs now
        taken.append(serve(str(serial)))
    counts = {
        account: sum(task(ledger, one).account_id == account for some in taken for one in some)
        for account in {f"acc-p{number}" for number in range(4)}
    }
    assert sum(counts.values()) == 12
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("state", [state for state in State if state != State.READY])
def test_only_a_ready_task_is_claimed(ledger: Engine, state: State) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    change(ledger, one, state=state)
    assert isinstance(try_to_take(ledger, one), NotMine)
    assert task(ledger, one).state == state
    assert attempts(ledger, one) == []


def test_a_ticket_without_a_row_runs_nothing(ledger: Engine) -> None:
    got = try_to_take(ledger, "00000000-0000-0000-0000-000000000000")
    assert isinstance(got, NotMine)


@pytest.mark.parametrize("what", ["too early", "too late", "asked to stop"])
def test_what_may_not_run_now_is_not_claimed(ledger: Engine, what: str) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    if what == "too early":
        change(ledger, one, not_before=now(ledger) + timedelta(seconds=60))
    elif what == "too late":
        change(ledger, one, latest_end=past(ledger))
    else:
        change(ledger, one, stop_requested=True)
    assert isinstance(try_to_take(ledger, one), NotMine)
    assert task(ledger, one).state == "ready"


def test_limits_fit_inside_the_remaining_time(ledger: Engine) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    change(ledger, one, latest_end=now(ledger) + timedelta(seconds=20))
    got = take(ledger, one)
    assert 10 < got.soft_limit <= 20
    assert got.soft_limit < got.hard_limit <= 50


def test_a_desk_takes_no_phone_task_and_a_phone_no_desk_task(ledger: Engine) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1")
    (for_phone,) = ready(ledger, plant(ledger, titles()))
    (for_desk,) = ready(ledger, plant(ledger, work(1)))
    assert isinstance(try_to_take(ledger, for_phone, desk_worker()), NotMine)
    assert isinstance(try_to_take(ledger, for_desk, identity), NotMine)
    take(ledger, for_phone, identity)
    take(ledger, for_desk)


def test_a_worker_that_another_replaced_claims_nothing(ledger: Engine) -> None:
    owned_author(ledger)
    before = online_worker(ledger, "p1")
    phone_online(ledger, "p1", "p1", "test", "SimPhone", "another-incarnation")
    (one,) = ready(ledger, plant(ledger, titles()))
    assert isinstance(try_to_take(ledger, one, before), NotMine)


@pytest.mark.parametrize("trouble", ["offline", "nobody logged in", "resting"])
def test_a_phone_that_cannot_leaves_a_reading_task_to_others(ledger: Engine, trouble: str) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1")
    (one,) = ready(ledger, plant(ledger, titles()))
    if trouble == "offline":
        phone_offline(ledger, "p1", "unplugged")
    elif trouble == "nobody logged in":
        account_gone(ledger, "p1", "logged out")
    else:
        other = ready(ledger, plant(ledger, titles()))[0]
        record(ledger, take(ledger, other, identity), Failed("rate_limited", "slow down"))
    asked = now(ledger)
    assert isinstance(try_to_take(ledger, one, identity), NotMine)
    waits = task(ledger, one)
    assert waits.waits_for
    assert asked + timedelta(seconds=1) <= waits.not_before <= now(ledger) + timedelta(seconds=5), "it does not spin"
    change(ledger, one, not_before=past(ledger))
    second = online_worker(ledger, "p2")
    take(ledger, one, second)


def test_pinned_work_waits_for_its_account_and_follows_it(ledger: Engine) -> None:
    owned_author(ledger)
    identity, other = online_worker(ledger, "p1"), online_worker(ledger, "p2")
    (one,) = ready(ledger, plant(ledger, titles(queue="account.acc-p1")))
    passed = try_to_take(ledger, one, other)
    assert isinstance(passed, NotMine)
    assert passed.passed_to == "p1"
    account_gone(ledger, "p1", "logged out")
    account_seen(ledger, "p2", "acc-p1", "moved")
    assert isinstance(try_to_take(ledger, one, identity), NotMine)
    change(ledger, one, not_before=past(ledger))
    assert take(ledger, one, other).account_id == "acc-p1"


def test_a_phone_that_failed_a_task_passes_it_on(ledger: Engine) -> None:
    owned_author(ledger)
    identity, other = online_worker(ledger, "p1"), online_worker(ledger, "p2")
    (one,) = ready(ledger, plant(ledger, titles()))
    assert record(ledger, take(ledger, one, identity), Failed("page_drift", "another page")) == [one]
    passed = try_to_take(ledger, one, identity)
    assert isinstance(passed, NotMine)
    assert passed.passed_to == "p2"
    take(ledger, one, other)


@pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)
def test_a_claim_and_a_record_on_a_phone_wait_for_no_row_but_the_tasks(ledger: Engine) -> None:
    owned_author(ledger)
    worker = online_worker(ledger, "s1")
    (one,) = ready(ledger, plant(ledger, titles()))
    with Session(ledger) as other:
        for table in (Phone, Account):
            assert other.scalars(select(table).with_for_update()).all()
        got = take(ledger, one, worker)
        assert got.account_id == "acc-s1"
        assert record(ledger, got, Succeeded({"titles": [], "complete": True})) == []
    assert task(ledger, one).state == "succeeded"


@pytest.mark.parametrize("acts", [False, True])
def test_a_task_that_acts_is_claimed_whatever_its_ticket_tells(ledger: Engine, *, acts: bool) -> None:
    owned_author(ledger)
    worker = online_worker(ledger, "s1")
    for canvas in (like(), titles()):
        (one,) = ready(ledger, plant(ledger, canvas))
        got = deliver(ledger, one, worker, rung_now(ledger, one), acts=acts)
        assert isinstance(got, Claim), got
        record(ledger, got, Failed("flow_error", "it is over"))


def test_a_reading_task_is_refused_while_the_account_rests_or_another_worker_serves_the_phone(ledger: Engine) -> None:
    owned_author(ledger)
    worker = online_worker(ledger, "s1")
    (one,) = ready(ledger, plant(ledger, titles()))

    def rest(session: Session, since: datetime | None) -> None:
        session.get_one(Account, "acc-s1").resting_since = since

    write(ledger, partial(rest, since=now(ledger)))
    refused = try_to_take(ledger, one, worker)
    assert isinstance(refused, NotMine), refused
    write(ledger, partial(rest, since=None))
    change(ledger, one, not_before=past(ledger))
    phone_online(ledger, "s1", "s1", "test", "SimPhone", desk_worker().incarnation)
    refused = try_to_take(ledger, one, worker)
    assert isinstance(refused, NotMine), refused
    assert "another worker serves phone s1" in refused.why
