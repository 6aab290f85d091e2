"""Every move of a customer's tasks is there, in order, once; no position appears below one that was seen."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from celery import chain, group
from sqlalchemy import Engine, case, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.engine import connect
from models.history.state_changes import KEPT, changes_since, forget_changes, last_position, number_changes
from models.tables import Campaign, StateChange, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.transactions.state_change_capture import ChangeCapturingSession
from tests.support.gateway.customers import Customer, customer, task_of
from tests.support.ledger.copied import make_tables
from tests.support.ledger.drive import (
    do,
    fail,
    online_worker,
    owned_author,
    plant,
    ready,
    run_to_end,
    take,
    titles,
    work,
)
from tests.support.threads import at_once
from workers.attempts.outcome import HandedBack
from workers.attempts.record import record
from workers.control.stop import stop_campaign


@pytest.fixture(autouse=True)
def _with_master_key(master_key: str) -> None:
    """Customers have keys."""


@pytest.fixture
def acme(ledger: Engine) -> Customer:
    """A customer, and an author whose titles are collected."""
    owned_author(ledger)
    return customer(ledger, "https://hooks.example.com")


def seen(engine: Engine, key_id: str, since: int = 0, limit: int = 1000) -> list[StateChange]:
    """What the customer sees once the changes are numbered."""
    for _ in range(100):
        if not number_changes(engine):
            break
    return list(read(engine, lambda session: changes_since(session, key_id, since, limit)))


def moves_of(engine: Engine, acme: Customer, subject: str) -> list[str]:
    return [one.state for one in seen(engine, acme.key_id) if one.subject_id == subject]


def test_a_task_and_its_campaign_are_told_from_planting_to_end(ledger: Engine, acme: Customer) -> None:
    campaign_id = acme.plant(work(1), reference="order-1")
    task_id = task_of(ledger, campaign_id).id
    do(ledger, task_id)
    told = [(one.kind, one.subject_id, one.state, one.reference) for one in seen(ledger, acme.key_id)]
    assert told == [
        ("campaign", campaign_id, "open", "order-1"),
        ("task", task_id, "ready", "order-1"),
        ("task", task_id, "running", "order-1"),
        ("task", task_id, "succeeded", "order-1"),
        ("campaign", campaign_id, "succeeded", "order-1"),
    ]


def test_retries_failures_and_stops_are_told_with_their_code(ledger: Engine, acme: Customer) -> None:
    campaign_id = acme.plant(titles())
    task_id = task_of(ledger, campaign_id).id
    record(ledger, take(ledger, task_id, online_worker(ledger, "p1")), HandedBack())
    stop_campaign(ledger, campaign_id, who="lena")
    assert moves_of(ledger, acme, task_id) == ["ready", "running", "ready", "stopped"]
    assert seen(ledger, acme.key_id)[-2].failure_code == "stopped"
    failed = acme.plant(fail())
    do(ledger, task_of(ledger, failed).id)
    assert moves_of(ledger, acme, failed) == ["open", "failed"]


@pytest.mark.parametrize("seed", range(3))
def test_the_last_change_of_each_task_is_where_it_stands(ledger: Engine, acme: Customer, seed: int) -> None:
    campaign_id = acme.plant(group(chain(work(1), work(2)), chain(fail(), work(3)), work(4)))
    run_to_end(ledger, campaign_id, random.Random(seed))
    told = seen(ledger, acme.key_id)
    assert [one.position for one in told] == list(range(1, len(told) + 1))
    last = {one.subject_id: one.state for one in told if one.kind == "task"}
    assert last == read(ledger, lambda session: dict(session.execute(select(Task.id, Task.state)).all()))


@pytest.mark.parametrize("ordered", [False, True])
def test_an_update_of_many_tasks_is_told_of_those_that_it_moved(ledger: Engine, acme: Customer, ordered: bool) -> None:
    campaign_id = acme.plant(group(work(1), work(2), work(3)))
    first, *others = ready(ledger, campaign_id)
    take(ledger, first)
    before = len(seen(ledger, acme.key_id))

    def hold(session: Session) -> None:
        mine = update(Task).where(Task.campaign_id == campaign_id, Task.state.in_([State.READY, State.RUNNING]))
        held = case((Task.state == State.READY, State.HELD), else_=Task.state)
        session.execute(
            mine.ordered_values((Task.held_from, Task.state), (Task.state, held))
            if ordered
            else mine.values(state=held, held_from=Task.state)
        )

    write(ledger, hold)
    told = seen(ledger, acme.key_id, since=before)
    assert sorted((one.subject_id, one.state) for one in told) == sorted((one, "held") for one in others)


def test_an_update_that_moves_no_task_is_not_told(ledger: Engine, acme: Customer) -> None:
    acme.plant(work(1))
    before = len(seen(ledger, acme.key_id))
    write(ledger, lambda session: session.execute(update(Task).values(priority=1)))
    assert seen(ledger, acme.key_id, since=before) == []


def test_a_pause_of_a_campaign_is_told(ledger: Engine, acme: Customer) -> None:
    campaign_id = acme.plant(work(1))

    def pause(session: Session, paused: bool) -> None:
        session.get_one(Campaign, campaign_id).paused = paused

    for paused in (True, True, False):
        write(ledger, lambda session, paused=paused: pause(session, paused))  # type: ignore[misc]
    assert moves_of(ledger, acme, campaign_id) == ["open", "paused", "open"]


def test_nobodys_tasks_are_not_told_and_each_key_has_positions_of_its_own(ledger: Engine, acme: Customer) -> None:
    other = customer(ledger, "https://other.example.com", "other")
    plant(ledger, work(1))
    mine, theirs = acme.plant(work(1)), other.plant(work(1))
    for one, campaign_id in ((acme, mine), (other, theirs)):
        told = seen(ledger, one.key_id)
        assert [change.position for change in told] == [1, 2]
        assert {change.campaign_id for change in told} == {campaign_id}
    assert not read(
        ledger, lambda session: session.scalars(select(StateChange).where(StateChange.position.is_(None))).all()
    )


def test_what_did_not_commit_is_not_told(ledger: Engine, acme: Customer) -> None:
    task_id = task_of(ledger, acme.plant(work(1))).id
    before = len(seen(ledger, acme.key_id))

    def broken(session: Session) -> None:
        session.get_one(Task, task_id).state = State.HELD
        session.flush()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        write(ledger, broken)
    assert seen(ledger, acme.key_id, since=before) == []


def test_a_change_that_commits_late_comes_after_what_was_seen(mariadb_database: str, master_key: str) -> None:
    """SQLite has one writer at a time; only here two can be under way."""
    engine = connect(mariadb_database)
    try:
        make_tables(engine)
        acme = customer(engine, "https://hooks.example.com")
        slow, quick = (task_of(engine, acme.plant(work(n))).id for n in range(2))
        before = len(seen(engine, acme.key_id))
        with ChangeCapturingSession(engine) as session:
            session.get_one(Task, slow, with_for_update=True).state = State.HELD
            session.flush()  # its change has the lower id, and is not committed
            write(engine, lambda other: _hold(other, quick))
            assert [one.subject_id for one in seen(engine, acme.key_id, since=before)] == [quick]
            session.commit()
        told = seen(engine, acme.key_id, since=before)
        assert [(one.subject_id, one.position) for one in told] == [(quick, before + 1), (slow, before + 2)]
        assert told[0].id > told[1].id
    finally:
        engine.dispose()


def test_a_reader_that_keeps_asking_while_many_write_and_number_misses_nothing(ledger: Engine, acme: Customer) -> None:
    tasks = [task_of(ledger, acme.plant(work(n))).id for n in range(12)]
    done = threading.Event()
    got: list[int] = []

    def write_all(mine: list[str]) -> None:
        for task_id in mine:
            do(ledger, task_id)

    def number() -> None:
        while not done.is_set():
            number_changes(ledger)

    def follow() -> None:
        since = 0
        while not done.is_set() or since < total():
            page = read(ledger, lambda session, since=since: changes_since(session, acme.key_id, since, 3))  # type: ignore[misc]
            if page:
                got.extend(one.id for one in page)
                since = page[-1].position or 0

    def total() -> int:
        number_changes(ledger)
        return len(read(ledger, lambda session: session.scalars(select(StateChange.id)).all()))

    def writers() -> None:
        try:
            at_once([lambda part=part: write_all(tasks[part::3]) for part in range(3)])  # type: ignore[misc]
        finally:
            done.set()

    at_once([writers, number, number, follow])
    every = read(ledger, lambda session: session.scalars(select(StateChange.id)).all())
    assert sorted(got) == sorted(every)
    assert len(every) == 12 * (1 + 1 + 2 + 1)


def test_a_page_begins_after_a_position_and_holds_no_more_than_asked(ledger: Engine, acme: Customer) -> None:
    acme.plant(group(*(work(n) for n in range(5))))
    seen(ledger, acme.key_id)
    page = read(ledger, lambda session: changes_since(session, acme.key_id, 2, 3))
    assert [one.position for one in page] == [3, 4, 5]


def test_old_changes_are_forgotten_and_positions_go_on(ledger: Engine, acme: Customer) -> None:
    acme.plant(work(1))
    seen(ledger, acme.key_id)
    now = read(ledger, database_now)
    old = now - KEPT - timedelta(days=1)
    write(ledger, lambda session: session.execute(update(StateChange).where(StateChange.position == 1).values(at=old)))
    assert write(ledger, lambda session: forget_changes(session, now)) == 1
    assert read(ledger, lambda session: last_position(session, acme.key_id)) == 2
    acme.plant(work(2))
    assert [one.position for one in seen(ledger, acme.key_id)] == [2, 3, 4]


def _hold(session: Session, task_id: str) -> None:
    session.get_one(Task, task_id, with_for_update=True).state = State.HELD
