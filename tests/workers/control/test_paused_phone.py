"""A paused phone is left alone: what ran there goes to another, what is pinned to it waits and says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine, select

from flows.action import Action, ActionKind
from models.fleet.logins import account_gone
from models.fleet.phones import phone_online
from models.tables import AuditEntry, Phone
from models.tasks.leases import stop_requests
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    attempts,
    change,
    like,
    online_worker,
    owned_author,
    past,
    plant,
    queued,
    ready,
    runs,
    take,
    task,
    tasks,
    titles,
    try_to_take,
)
from workers.attempts.claim import NotMine
from workers.attempts.outcome import Succeeded, WasStopped
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died
from workers.control.pause import PauseReport
from workers.control.phone_pause import pause_phone, resume_phone
from workers.control.stop import StopReport, stop_phone
from workers.dispatch.ring import ring_ready
from workers.execution.ledger_journal import LedgerJournal

WHY = "phone p1 is paused by lena: new battery"
LEFT = WasStopped("it was asked to leave the phone", "search")


def pause(engine: Engine) -> PauseReport:
    return pause_phone(engine, "p1", who="lena", why="new battery")


@pytest.fixture(autouse=True)
def author(ledger: Engine, redis: Redis) -> None:
    """Tickets go to a Redis of the test's own."""
    owned_author(ledger)


def test_what_runs_there_goes_to_another_phone(ledger: Engine, redis: Redis) -> None:
    mine, other = online_worker(ledger, "p1"), online_worker(ledger, "p2")
    (one,) = ready(ledger, plant(ledger, titles()))
    got = take(ledger, one, mine)
    assert pause(ledger) == PauseReport(0, 1)
    assert stop_requests(ledger, {**runs(got), other.incarnation: "another"}) == {mine.incarnation}
    assert record(ledger, got, LEFT) == [one]
    (attempt,) = attempts(ledger, one)
    assert (attempt.outcome, attempt.reason, attempt.failure_code) == ("handed_back", WHY, None)
    assert take(ledger, one, other).serial == "p2"


def test_a_drained_phone_finishes_its_task_and_takes_no_more(ledger: Engine) -> None:
    mine, other = online_worker(ledger, "p1"), online_worker(ledger, "p2")
    one, two = ready(ledger, plant(ledger, group(titles(), titles())))
    got = take(ledger, one, mine)
    assert pause_phone(ledger, "p1", who="lena", why="new battery", drain=True) == PauseReport(0, 1)
    assert stop_requests(ledger, runs(got)) == set()
    assert record(ledger, got, Succeeded({"titles": []})) == []
    assert task(ledger, one).state == "succeeded"
    passed = try_to_take(ledger, two, mine)
    assert isinstance(passed, NotMine)
    assert passed.passed_to == "p2"
    assert take(ledger, two, other).serial == "p2"
    with pytest.raises(Refused, match="is paused already: lena paused it: new battery"):
        pause_phone(ledger, "p1", who="max", drain=True, anew=False)
    resume_phone(ledger, "p1", who="lena")
    phone = read(ledger, lambda session: session.get_one(Phone, "p1"))
    assert (phone.paused, phone.draining, phone.paused_why) == (False, False, None)


def test_a_drained_phone_that_is_paused_lets_go_of_its_task(ledger: Engine) -> None:
    mine = online_worker(ledger, "p1")
    got = take(ledger, ready(ledger, plant(ledger, titles()))[0], mine)
    pause_phone(ledger, "p1", who="lena", drain=True)
    pause_phone(ledger, "p1", who="lena", why="it smokes", anew=False)
    assert stop_requests(ledger, runs(got)) == {mine.incarnation}
    assert record(ledger, got, LEFT) == [got.fence.task_id]


def test_it_takes_nothing_and_what_comes_to_it_is_passed_on(ledger: Engine) -> None:
    mine = online_worker(ledger, "p1")
    online_worker(ledger, "p2")
    pause(ledger)
    for canvas in (titles(), like()):
        (one,) = ready(ledger, plant(ledger, canvas))
        passed = try_to_take(ledger, one, mine)
        assert isinstance(passed, NotMine)
        assert passed.passed_to == "p2"


def test_alone_it_lets_the_work_wait(ledger: Engine) -> None:
    mine = online_worker(ledger, "p1")
    pause(ledger)
    (one,) = ready(ledger, plant(ledger, titles()))
    assert isinstance(try_to_take(ledger, one, mine), NotMine)
    assert task(ledger, one).state == "ready"
    resume_phone(ledger, "p1", who="lena")
    change(ledger, one, not_before=past(ledger))
    assert take(ledger, one, mine).serial == "p1"


def test_what_is_pinned_to_it_or_to_its_account_waits_says_so_and_is_rung_when_it_goes_on(
    ledger: Engine, redis: Redis
) -> None:
    online_worker(ledger, "p1", "a")
    waiting = ready(ledger, plant(ledger, group(titles(queue="phone.p1"), titles(queue="account.a"))))
    assert ring_ready(ledger) == 2  # their tickets lie in the phone's queue when it is paused
    pause(ledger)
    assert {task(ledger, one).waits_for for one in waiting} == {WHY}
    assert {task(ledger, one).rung_queue for one in waiting} == {None}
    redis.flushdb()
    assert resume_phone(ledger, "p1", who="lena") == 2
    assert queued(redis, "phone.p1") == set(waiting)
    assert {task(ledger, one).waits_for for one in waiting} == {None}


def test_it_stays_paused_when_its_host_comes_back(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    pause(ledger)
    phone_online(ledger, "p1", "p1", "test", "SimPhone", "another")
    phone = read(ledger, lambda session: session.get_one(Phone, "p1"))
    assert (phone.paused, phone.paused_why) == (True, WHY)


def test_nobody_looks_for_what_is_in_doubt_before_it_goes_on(ledger: Engine) -> None:
    mine = online_worker(ledger, "p1")
    got = take(ledger, ready(ledger, plant(ledger, like()))[0], mine)
    one = got.fence.task_id
    LedgerJournal(ledger, got, ZONE).declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看"))
    pause(ledger)
    record(ledger, got, LEFT)
    assert (task(ledger, one).state, task(ledger, one).verifying) == ("ready", True)
    assert isinstance(try_to_take(ledger, one, mine), NotMine)
    ring_ready(ledger)
    assert task(ledger, one).rung_queue is None
    resume_phone(ledger, "p1", who="lena")
    change(ledger, one, not_before=past(ledger))
    assert take(ledger, one, mine).doubts


def test_a_worker_that_was_killed_there_hands_its_task_to_another(ledger: Engine) -> None:
    mine, other = online_worker(ledger, "p1"), online_worker(ledger, "p2")
    (one,) = ready(ledger, plant(ledger, titles()))
    take(ledger, one, mine)
    pause(ledger)
    assert incarnation_died(ledger, mine.incarnation, "it was asked to leave its task") == [one]
    assert take(ledger, one, other).serial == "p2"


def test_a_stop_ends_what_runs_there_and_what_is_pinned_there(ledger: Engine) -> None:
    mine = online_worker(ledger, "p1", "a")
    online_worker(ledger, "p2", "b")
    wanted = [titles(), titles(queue="phone.p1"), titles(queue="account.a"), titles(queue="account.b"), titles()]
    campaign_id = plant(ledger, group(wanted))
    got = take(ledger, tasks(ledger, campaign_id)[0].id, mine)
    assert stop_phone(ledger, "p1", who="lena", why="lent out") == StopReport(2, 1, 0)
    record(ledger, got, LEFT)
    ended = [(one.state, one.reason) for one in tasks(ledger, campaign_id)]
    assert ended == [("stopped", "lena stopped it: lent out")] * 3 + [("ready", None)] * 2
    assert stop_phone(ledger, "p1", who="lena") == StopReport(0, 0, 0)


def test_a_stop_leaves_a_phone_without_an_account_to_its_own_work(ledger: Engine) -> None:
    online_worker(ledger, "p1", "a")
    account_gone(ledger, "p1", "logged out")
    online_worker(ledger, "p2", "a")  # the account moved there
    campaign_id = plant(ledger, group(titles(queue="phone.p1"), titles(queue="account.a"), titles()))
    assert stop_phone(ledger, "p1", who="lena") == StopReport(1, 0, 0)
    assert [one.state for one in tasks(ledger, campaign_id)] == ["stopped", "ready", "ready"]


def test_every_change_is_kept_and_what_is_unknown_is_refused(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    with pytest.raises(Refused, match="is not paused"):
        resume_phone(ledger, "p1", who="lena")
    pause(ledger)
    resume_phone(ledger, "p1", who="max")
    stop_phone(ledger, "p1", who="max", why="lent out")
    changes = read(ledger, lambda s: list(s.scalars(select(AuditEntry).where(AuditEntry.subject == "phone:p1"))))
    assert [(one.who, one.after) for one in changes] == [
        ("lena", {"pause": "new battery"}),
        ("max", {"resume": True}),
        ("max", {"stop": "lent out"}),
    ]
    acts: list[Callable[..., object]] = [pause_phone, resume_phone, stop_phone]
    for act in acts:
        with pytest.raises(Refused, match="is unknown"):
            act(ledger, "p9", who="lena")
