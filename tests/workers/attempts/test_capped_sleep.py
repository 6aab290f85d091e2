"""A task that only the caps stop sleeps until a cap can have changed; whatever changes one wakes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine, select

from flows.action import Action, ActionKind
from models.fleet.phones import phone_offline
from models.responsible_use.authors import set_cap
from models.tables import Account, ActionRow, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.support.ledger.drive import (
    AUTHOR,
    ZONE,
    change,
    like,
    now,
    online_worker,
    owned_author,
    past,
    plant,
    queued,
    ready,
    take,
    task,
    try_to_take,
)
from tests.support.ledger.spent import spend
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import Failed
from workers.attempts.record import record
from workers.control.phone_pause import pause_phone, resume_phone
from workers.control.review import settle
from workers.coordinator.caps_watch import wake_for_accounts
from workers.dispatch.ring import ring_ready
from workers.execution.ledger_journal import LedgerJournal
from workers.policy.caps_in_words import day_end
from workers.runtime.worker_identity import WorkerIdentity

TEN_SECONDS = timedelta(seconds=10)


@pytest.fixture
def identity(ledger: Engine) -> WorkerIdentity:
    """A phone whose account did all that it may today."""
    owned_author(ledger)
    identity = online_worker(ledger, "p1", "a")
    spend(ledger, "a", 40)
    return identity


Look = Callable[[], int]


@pytest.fixture
def look(ledger: Engine) -> Look:
    """The coordinator's look for accounts that came; it looked once."""
    could_act: set[str] = set()
    look = partial(wake_for_accounts, ledger, could_act, ZoneInfo(ZONE))
    look()
    return look


def asleep(engine: Engine, identity: WorkerIdentity, **params: Any) -> str:
    """A task that a claim put to sleep."""
    (one,) = ready(engine, plant(engine, like(**params)))
    assert isinstance(try_to_take(engine, one, identity), NotMine)
    assert sleeps(engine, one)
    return one


def sleeps(engine: Engine, task_id: str) -> bool:
    row = task(engine, task_id)
    assert row.state == State.READY
    return row.capped and row.not_before > now(engine) + TEN_SECONDS


def test_it_sleeps_until_the_operators_next_day(ledger: Engine, redis: Redis, identity: WorkerIdentity) -> None:
    one = asleep(ledger, identity)
    row = task(ledger, one)
    assert row.not_before == day_end(now(ledger), ZONE)
    assert "the caps are used up" in (row.waits_for or "")
    ring_ready(ledger)
    assert not queued(redis, "pool"), "no ticket is rung for it meanwhile"
    change(ledger, one, not_before=past(ledger))
    ring_ready(ledger)
    assert queued(redis, "pool") == {one}, "its day has come"
    assert not task(ledger, one).capped


def test_what_waits_for_a_phone_and_not_for_a_cap_is_looked_at_soon(ledger: Engine) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1", "a")
    (one,) = ready(ledger, plant(ledger, like()))
    write(ledger, lambda session: setattr(session.get_one(Account, "a"), "resting_since", past(ledger)))
    assert isinstance(try_to_take(ledger, one, identity), NotMine)
    row = task(ledger, one)
    assert not row.capped
    assert row.not_before <= now(ledger) + TEN_SECONDS


@pytest.mark.parametrize(
    ("cap", "value", "wakes"),
    [
        ("actions_per_account_day", 41, True),
        ("likes_per_comment", 9, True),
        ("accounts_per_video", 6, True),
        ("actions_per_account_day", 39, False),
        ("actions_per_account_day", 40, False),
    ],
)
def test_a_cap_that_is_raised_wakes_it(
    ledger: Engine, identity: WorkerIdentity, cap: str, value: int, *, wakes: bool
) -> None:
    one = asleep(ledger, identity)
    set_cap(ledger, cap, value, who="lena")
    assert sleeps(ledger, one) is not wakes
    if value > 40:
        assert isinstance(try_to_take(ledger, one, identity), Claim)


def test_an_account_that_comes_wakes_it(ledger: Engine, identity: WorkerIdentity, look: Look) -> None:
    one = asleep(ledger, identity)
    assert look() == 0
    spend(ledger, "b", 40)
    online_worker(ledger, "p2", "b")
    phone_offline(ledger, "p1", "unplugged")
    assert look() == 0, "neither one that has nothing left, nor one that goes"
    assert sleeps(ledger, one)
    fresh = online_worker(ledger, "p3", "c")
    assert look() == 1
    assert look() == 0
    assert isinstance(try_to_take(ledger, one, fresh), Claim)


@pytest.mark.parametrize("how", ["resumed", "rested"])
def test_an_account_that_may_work_again_wakes_it(
    ledger: Engine, identity: WorkerIdentity, look: Look, how: str
) -> None:
    online_worker(ledger, "p2", "b")
    if how == "resumed":
        pause_phone(ledger, "p2", who="lena", ring_now=False)
    else:
        write(ledger, lambda session: setattr(session.get_one(Account, "b"), "resting_since", past(ledger)))
    look()
    one = asleep(ledger, identity)
    assert look() == 0
    if how == "resumed":
        resume_phone(ledger, "p2", who="lena", ring_now=False)
    else:
        write(ledger, lambda session: setattr(session.get_one(Account, "b"), "resting_since", None))
    assert look() == 1
    assert not sleeps(ledger, one)


@pytest.mark.parametrize("who_looks", ["the flow", "a person"])
def test_an_action_that_did_not_happen_wakes_those_that_fit_into_its_room(ledger: Engine, who_looks: str) -> None:
    owned_author(ledger)
    set_cap(ledger, "actions_per_account_day", 1, who="test")
    identity = online_worker(ledger, "p1", "a")
    (doubtful,) = ready(ledger, plant(ledger, like("标题")))
    got = take(ledger, doubtful, identity)
    journal = LedgerJournal(ledger, got, ZONE)
    number = journal.declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看"))
    one = asleep(ledger, identity, title="别的标题")
    if who_looks == "the flow":
        journal.refute(number, "it was not there")
    else:
        record(ledger, got, Failed("unverifiable", "nobody can tell"))
        settle(ledger, doubtful, "not", who="lena", ring_now=False)
    assert not sleeps(ledger, one)


def test_one_actions_room_wakes_a_few_and_those_on_its_video_first(ledger: Engine) -> None:
    owned_author(ledger)
    set_cap(ledger, "accounts_per_video", 1, who="test")
    set_cap(ledger, "actions_per_account_day", 1, who="test")
    identity = online_worker(ledger, "p1", "a")
    (doubtful,) = ready(ledger, plant(ledger, like("标题")))
    got = take(ledger, doubtful, identity)
    journal = LedgerJournal(ledger, got, ZONE)
    number = journal.declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看"))
    for one in ready(ledger, plant(ledger, group(like(f"标题{number}") for number in range(25)))):
        assert isinstance(try_to_take(ledger, one, identity), NotMine)
    last = asleep(ledger, identity, title="标题", comment="别的")
    journal.refute(number, "it was not there")
    capped = select(Task.id).where(Task.capped)
    assert len(read(ledger, lambda session: session.scalars(capped).all())) == 26 - 20
    assert not sleeps(ledger, last)


def test_what_happened_wakes_nothing(ledger: Engine) -> None:
    owned_author(ledger)
    set_cap(ledger, "actions_per_account_day", 1, who="test")
    identity = online_worker(ledger, "p1", "a")
    (doing,) = ready(ledger, plant(ledger, like("标题")))
    journal = LedgerJournal(ledger, take(ledger, doing, identity), ZONE)
    number = journal.declare(Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看"))
    one = asleep(ledger, identity, title="别的标题")
    journal.confirm(number, verified=True)
    assert sleeps(ledger, one)
    assert read(ledger, lambda session: session.scalars(select(ActionRow.outcome)).all()) == ["done"]
