"""A customer's pause of a phone keeps its own tasks off it; everybody else's go on there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.client.client import Problem
from models.database.clock import database_now
from models.fleet.own_pauses import own_subject, why_held_back
from models.tables import AuditEntry, PauseEnd, Phone, Task
from models.tasks.leases import stop_requests
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.drive import (
    attempts,
    online_worker,
    owned_author,
    plant,
    ready,
    take,
    task,
    titles,
    try_to_take,
)
from workers.attempts.claim import NotMine
from workers.attempts.outcome import HandedBack
from workers.attempts.record import record
from workers.control.own_pause import end_own_pause, pause_phone_for
from workers.control.phone_pause import pause_phone
from workers.coordinator.pauses_end import end_pauses
from workers.dispatch.ring import ring_ready

TITLES = {"author_id": "xiaopeng", "count": 1}


@pytest.fixture
def other(api: Api) -> Caller:
    return api.caller("other")


def rung_to(engine: Engine, task_id: str) -> str | None:
    return read(engine, lambda session: session.get_one(Task, task_id).rung_queue)


@pytest.mark.parametrize("target", [{"phone": "p1"}, {"account": "acc-p1"}])
def test_pinned_tasks_wait_for_their_own_customer_alone(
    api: Api, acme: Caller, other: Caller, target: dict[str, str]
) -> None:
    online_worker(api.engine, "p1")
    acme.client.control("phones", "p1", "pause", "our own reason")
    mine = acme.client.submit("collect_titles", TITLES, reference="one", target=target).id
    theirs = other.client.submit("collect_titles", TITLES, reference="one", target=target).id
    owned_author(api.engine)
    (own,) = ready(api.engine, plant(api.engine, titles(queue="phone.p1")))
    for _ in range(3):
        ring_ready(api.engine)
    assert rung_to(api.engine, mine) is None
    assert task(api.engine, mine).waits_for == why_held_back("p1")
    assert {rung_to(api.engine, one) for one in (theirs, own)} <= {"phone.p1", None}
    assert rung_to(api.engine, theirs) == "phone.p1" or rung_to(api.engine, own) == "phone.p1"
    acme.client.control("phones", "p1", "resume")
    for _ in range(3):
        ring_ready(api.engine)
    assert "p1 is paused" not in (task(api.engine, mine).waits_for or "")


def test_a_ticket_that_lay_there_is_taken_back(api: Api, acme: Caller, other: Caller) -> None:
    online_worker(api.engine, "p1")
    mine = acme.client.submit("collect_titles", TITLES, reference="one", target={"phone": "p1"}).id
    ring_ready(api.engine)
    assert rung_to(api.engine, mine) == "phone.p1"
    acme.client.control("phones", "p1", "pause")
    assert rung_to(api.engine, mine) is None


def test_tasks_of_the_pool_go_to_other_phones(api: Api, acme: Caller, other: Caller) -> None:
    first, second = online_worker(api.engine, "p1"), online_worker(api.engine, "p2")
    acme.client.control("phones", "p1", "pause")
    mine = acme.client.submit("collect_titles", TITLES, reference="one").id
    theirs = other.client.submit("collect_titles", TITLES, reference="one").id
    passed = try_to_take(api.engine, mine, first)
    assert isinstance(passed, NotMine)
    assert passed.passed_to == "p2"
    assert take(api.engine, mine, second).serial == "p2"
    assert take(api.engine, theirs, first).serial == "p1"


def test_what_runs_there_leaves_and_fails_nothing(api: Api, acme: Caller, other: Caller) -> None:
    first, second = online_worker(api.engine, "p1"), online_worker(api.engine, "p2")
    mine = acme.client.submit("collect_titles", TITLES, reference="one").id
    theirs = other.client.submit("collect_titles", TITLES, reference="one").id
    got, also = take(api.engine, mine, first), take(api.engine, theirs, second)
    running = {got.fence.incarnation: mine, also.fence.incarnation: theirs}
    for serial in ("p1", "p2"):
        assert stop_requests(api.engine, running) == ({got.fence.incarnation} if serial == "p2" else set())
        acme.client.control("phones", serial, "pause")
    assert stop_requests(api.engine, running) == {got.fence.incarnation}
    record(api.engine, got, HandedBack())
    assert task(api.engine, mine).state == State.READY
    assert [one.outcome for one in attempts(api.engine, mine)] == ["handed_back"]


def test_every_phone_paused_leaves_its_tasks_waiting_and_nobody_elses(api: Api, acme: Caller, other: Caller) -> None:
    first = online_worker(api.engine, "p1")
    acme.client.control("phones", "p1", "pause")
    mine = acme.client.submit("collect_titles", TITLES, reference="one").id
    theirs = other.client.submit("collect_titles", TITLES, reference="one").id
    assert isinstance(try_to_take(api.engine, mine, first), NotMine)
    assert task(api.engine, mine).state == State.READY
    assert take(api.engine, theirs, first).serial == "p1"


def test_pauses_of_several_do_not_lift_each_other(api: Api, acme: Caller, other: Caller) -> None:
    online_worker(api.engine, "p1")
    for one in (acme, other, acme):
        one.client.control("phones", "p1", "pause")
    other.client.control("phones", "p1", "resume")
    with pytest.raises(Problem) as refused:
        other.client.control("phones", "p1", "resume")
    assert refused.value.code == "not_now"
    assert [one.client.phones()[0]["paused"] for one in (acme, other)] == [True, False]
    pause_phone(api.engine, "p1", who="lena", why="secret")
    acme.client.control("phones", "p1", "resume")
    (seen,) = acme.client.phones()
    assert (seen["paused"], seen["paused_why"]) == (True, "phone p1 is paused by the operator")
    with pytest.raises(Problem) as refused:
        acme.client.control("phones", "p1", "resume")
    assert refused.value.code == "not_now"


def test_tasks_of_the_pool_get_no_ticket_while_their_customer_keeps_off_every_phone(
    api: Api, acme: Caller, other: Caller
) -> None:
    for serial in ("p1", "p2"):
        online_worker(api.engine, serial)
        acme.client.control("phones", serial, "pause")
    mine = acme.client.submit("collect_titles", TITLES, reference="one").id
    theirs = other.client.submit("collect_titles", TITLES, reference="one").id
    ring_ready(api.engine)
    assert (rung_to(api.engine, mine), rung_to(api.engine, theirs)) == (None, "pool")
    acme.client.control("phones", "p2", "resume")
    ring_ready(api.engine)
    assert rung_to(api.engine, mine) == "pool"


def end_of(caller: Caller) -> str | None:
    (seen,) = caller.client.phones()
    end: str | None = seen["paused_until"]
    return end


def let_pass(engine: Engine) -> None:
    """The moment of every end comes."""

    def work(session: Session) -> None:
        for one in session.scalars(select(PauseEnd)):
            one.ends_at = database_now(session) - timedelta(seconds=1)

    write(engine, work)


def test_a_pause_ends_by_itself_for_its_customer_alone(api: Api, acme: Caller, other: Caller) -> None:
    online_worker(api.engine, "p1")
    until = read(api.engine, database_now).replace(microsecond=0) + timedelta(hours=1)
    acme.client.control("phones", "p1", "pause", "lunch", until=until)
    other.client.control("phones", "p1", "pause")
    assert datetime.fromisoformat(end_of(acme) or "") == until
    assert end_of(other) is None
    assert end_pauses(api.engine) == 0
    let_pass(api.engine)
    assert end_pauses(api.engine) == 1
    assert [one.client.phones()[0]["paused"] for one in (acme, other)] == [False, True]
    assert end_pauses(api.engine) == 0
    newest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)
    entry = read(api.engine, lambda session: session.scalars(newest).one())
    assert (entry.who, entry.after) == ("phonefleet", {"resumed": True})


def test_a_pause_again_replaces_the_end_and_a_resume_forgets_it(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "p1")
    now = read(api.engine, database_now).replace(microsecond=0)
    for hours in (1, 2, 2):
        acme.client.control("phones", "p1", "pause", until=now + timedelta(hours=hours))
    assert datetime.fromisoformat(end_of(acme) or "") == now + timedelta(hours=2)
    acme.client.control("phones", "p1", "pause")
    assert end_of(acme) is None
    let_pass(api.engine)
    assert end_pauses(api.engine) == 0
    assert acme.client.phones()[0]["paused"]
    acme.client.control("phones", "p1", "pause", until=now + timedelta(hours=1))
    acme.client.control("phones", "p1", "resume")
    assert read(api.engine, lambda session: session.scalars(select(PauseEnd)).all()) == []
    acme.client.control("phones", "p1", "pause")
    assert end_of(acme) is None


def test_under_two_pauses_the_later_end_counts_and_one_without_an_end_lasts(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "p1")
    now = read(api.engine, database_now).replace(microsecond=0)
    acme.client.control("phones", "p1", "pause", until=now + timedelta(hours=1))
    pause_phone(api.engine, "p1", who="lena", why="secret", until=now + timedelta(hours=3))
    assert datetime.fromisoformat(end_of(acme) or "") == now + timedelta(hours=3)
    pause_phone(api.engine, "p1", who="lena", why="for good")
    assert end_of(acme) is None


@pytest.mark.parametrize("after", [timedelta(seconds=-1), timedelta(0), timedelta(days=61), timedelta(days=36_500)])
def test_an_end_that_is_past_or_too_far_away_pauses_nothing(api: Api, acme: Caller, after: timedelta) -> None:
    online_worker(api.engine, "p1")
    with pytest.raises(Problem) as refused:
        acme.client.control("phones", "p1", "pause", until=read(api.engine, database_now) + after)
    assert (refused.value.code, refused.value.problems[0]["field"]) == ("refused", "until")
    assert not acme.client.phones()[0]["paused"]


@pytest.mark.parametrize(
    ("serial", "customer"),
    [("p1", "acme"), ("192.0.2.7:5555", "a for b"), ("x" * 180, "y" * 191), ("p|1", "甲 for 乙"), ("p", "1|p")],
)
def test_the_end_of_a_pause_is_found_whatever_its_names_are(ledger: Engine, serial: str, customer: str) -> None:
    for one in (serial, "other"):
        online_worker(ledger, one)
        until = read(ledger, database_now) + timedelta(hours=1)
        pause_phone_for(ledger, one, customer, who="c", until=until)
    pause_phone_for(ledger, serial, "neighbour", who="n")
    with pytest.raises(Refused, match="does not end now"):
        end_own_pause(
            ledger, own_subject(serial, customer).partition(":")[2], who="phonefleet", ring_now=False, due=True
        )
    let_pass(ledger)
    assert end_pauses(ledger) == 2
    rows = read(ledger, lambda session: session.execute(select(Phone.serial, Phone.paused_for)).all())
    assert dict(rows) == {serial: ["neighbour"], "other": None}
