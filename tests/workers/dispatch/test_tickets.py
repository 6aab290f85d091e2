"""Tickets: rung where they can be taken, and rung again when Redis lost them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import cast

import pytest
from celery import chain, group
from redis import Redis
from sqlalchemy import Engine

from models.fleet.logins import account_gone, account_seen
from models.fleet.phones import phone_offline
from tests.support.host.shelf import celery_for
from tests.support.ledger.drive import (
    change,
    deliver,
    desk_worker,
    do,
    known_account,
    now,
    online_worker,
    owned_author,
    past,
    plant,
    queued,
    ready,
    take,
    task,
    tasks,
    titles,
    try_to_take,
    work,
)
from tests.support.ledger.statements import statements
from tests.support.threads import at_once
from workers.attempts.claim import Claim, NotMine
from workers.attempts.rescue import incarnation_died
from workers.control.reprioritise import reprioritise_task
from workers.coordinator.lost_tickets import lost_tickets, restore, restore_after_emptying, short
from workers.dispatch import lines, standings
from workers.dispatch import ring as ringing
from workers.dispatch.ring import ring, ring_ready, ring_round
from workers.dispatch.tickets import STEPS, list_keys, queue_lengths


def test_a_ticket_goes_to_the_desk_the_pool_or_the_pinned_phone(ledger: Engine, redis: Redis) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1", "a")
    wanted = [work(1), titles(), titles(queue="phone.p1"), titles(queue="account.a")]
    desk, pool, *pinned = ready(ledger, plant(ledger, group(wanted)))
    assert ring_ready(ledger) == 4
    assert queued(redis, "desk") == {desk}
    assert queued(redis, "pool") == {pool}
    assert queued(redis, "phone.p1") == set(pinned)
    assert redis.llen(list_keys("phone.p1")[0]) == 2, "pinned tickets lie at the top step"
    assert redis.llen(list_keys("pool")[STEPS.index(3)]) == 1, "titles are high"
    assert ring_ready(ledger) == 0


def test_many_that_wait_for_a_phone_do_not_stand_before_the_others(
    ledger: Engine, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ringing, "BATCH_SIZE", 5)
    for module in (standings, lines):
        monkeypatch.setattr(module, "AHEAD_OF_A_PHONE", 12)
    owned_author(ledger)
    known_account(ledger, "away")
    waiting = ready(ledger, plant(ledger, group(titles(queue="account.away", priority=0) for _ in range(12))))
    (pool,) = ready(ledger, plant(ledger, titles()))
    assert ring_ready(ledger) == 1
    assert queued(redis, "pool") == {pool}
    assert {task(ledger, one).waits_for for one in waiting} == {"account away is logged in on no phone that is online"}
    online_worker(ledger, "p1", "away")
    assert [ring_ready(ledger) for _ in range(4)] == [5, 5, 2, 0]
    assert {task(ledger, one).waits_for for one in waiting} == {None}


def test_what_is_not_due_or_asked_to_stop_is_not_rung(ledger: Engine, redis: Redis) -> None:
    early, stopped, due = ready(ledger, plant(ledger, group(work(1), work(2), work(3))))
    change(ledger, early, not_before=now(ledger) + timedelta(seconds=60))
    change(ledger, stopped, stop_requested=True)
    assert ring_ready(ledger) == 1
    assert queued(redis, "desk") == {due}


def test_ringers_at_once_ring_each_task_once(ledger: Engine, redis: Redis) -> None:
    wanted = ready(ledger, plant(ledger, group(work(number) for number in range(40))))
    rung = at_once([partial(ring, ledger, wanted) for _ in range(4)])
    rung.append(ring_ready(ledger))
    assert sum(rung) == 40
    assert queue_lengths(redis, ["desk"]) == {"desk": 40}


def test_a_ring_that_fails_is_owed(ledger: Engine, monkeypatch: pytest.MonkeyPatch, empty_redis_url: str) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    nowhere = celery_for("redis://127.0.0.1:1/0")
    monkeypatch.setattr(ringing, "app", nowhere)
    assert ring(ledger, [one]) == 0
    assert task(ledger, one).rung_at is None
    nowhere.close()
    monkeypatch.setattr(ringing, "app", celery_for(empty_redis_url))
    assert ring_ready(ledger) == 1


@pytest.mark.parametrize("how", ["phone gone", "phone gone as it was rung", "account moved"])
def test_tickets_follow_their_account(ledger: Engine, redis: Redis, how: str) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1", "a")
    online_worker(ledger, "p2", "b")
    (one,) = ready(ledger, plant(ledger, titles(queue="account.a")))
    ring_ready(ledger)
    if how.startswith("phone gone"):
        phone_offline(ledger, "p1", "unplugged")
        if how == "phone gone as it was rung":
            change(ledger, one, rung_at=now(ledger), rung_queue="phone.p1")
    else:
        account_gone(ledger, "p1", "logged out")
    account_seen(ledger, "p2", "a", "moved")
    assert ring_ready(ledger) == 1
    assert queued(redis, "phone.p2") == {one}


def test_a_stranded_pool_ticket_comes_back_to_the_pool(ledger: Engine, redis: Redis) -> None:
    """It was passed on to a phone in the moment in which that went offline."""
    owned_author(ledger)
    (one,) = ready(ledger, plant(ledger, titles()))
    change(ledger, one, rung_at=now(ledger), rung_queue="phone.gone")
    assert ring_ready(ledger) == 1
    assert queued(redis, "pool") == {one}


@pytest.mark.parametrize("how", ["owed", "at a phone that is gone"])
def test_a_round_looks_with_one_statement_whether_there_is_anything_to_ring(
    ledger: Engine, redis: Redis, how: str
) -> None:
    owned_author(ledger)
    (one,) = ready(ledger, plant(ledger, titles()))
    ring_round(ledger)
    assert queued(redis, "pool") == {one}
    with statements(ledger) as asked:
        ring_round(ledger)
    assert len([statement for statement, _ in asked if "FROM tasks" in statement]) == 1
    redis.flushall()
    moved = {"rung_at": None, "rung_queue": None}
    change(ledger, one, **(moved if how == "owed" else {"rung_at": now(ledger), "rung_queue": "phone.gone"}))
    ring_round(ledger)
    assert queued(redis, "pool") == {one}


@pytest.mark.parametrize("look_at_all", [False, True])
def test_what_a_flushall_took_is_rung_again(ledger: Engine, redis: Redis, look_at_all: bool) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1", "a")
    wanted = ready(ledger, plant(ledger, group(work(1), titles(), titles(queue="account.a"), work(2))))
    ring_ready(ledger)
    running = take(ledger, wanted[3], desk_worker()).fence.task_id
    for one in wanted:
        change(ledger, one, rung_at=past(ledger, 10))
    redis.flushall()
    assert restore(ledger, redis, set(), look_at_all=look_at_all) == 3
    assert restore(ledger, redis, set(), look_at_all=look_at_all) == 0, "they are owed now"
    assert ring_ready(ledger) == 3
    found = queued(redis, "desk") | queued(redis, "pool") | queued(redis, "phone.p1")
    assert found == set(wanted) - {running}
    for one in wanted:
        change(ledger, one, rung_at=past(ledger, 10))
    assert restore(ledger, redis, set(), look_at_all=True) == 0, "nothing is lost now"


def test_a_loss_hidden_by_an_old_ticket_is_found_when_all_are_looked_at(ledger: Engine, redis: Redis) -> None:
    first, second = ready(ledger, plant(ledger, group(work(1), work(2))))
    ring_ready(ledger)
    change(ledger, first, rung_at=None, rung_queue=None)
    ring(ledger, [first])  # its ticket is there twice
    key = next(key for key in list_keys("desk") if redis.llen(key))
    for raw in cast("list[bytes]", redis.lrange(key, 0, -1)):
        if second.encode() in raw:
            redis.lrem(key, 1, raw)  # type: ignore[arg-type]  # it takes bytes as well
    for one in (first, second):
        change(ledger, one, rung_at=past(ledger, 10))
    assert restore(ledger, redis, set(), look_at_all=False) == 0
    assert restore(ledger, redis, set(), look_at_all=True) == 1
    assert task(ledger, second).rung_at is None


@pytest.mark.parametrize(
    ("attempt", "acts", "waited", "taken_back"),
    [
        (1, False, 90, True),
        (1, False, 0, False),
        (0, False, 90, True),
        (0, False, 0, False),
        (1, True, 90, True),
        (0, True, 90, False),  # the account of that phone is the one that the even share means
    ],
)
def test_what_any_phone_may_do_waits_for_no_busy_phone(
    ledger: Engine,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    attempt: int,
    waited: int,
    *,
    acts: bool,
    taken_back: bool,
) -> None:
    monkeypatch.setattr(ringing, "PASSED_ON", timedelta(minutes=1))
    owned_author(ledger)
    online_worker(ledger, "p1")
    (one,) = ready(ledger, plant(ledger, titles()))
    # whoever had it passed it on
    change(ledger, one, attempt=attempt, acts=acts, rung_queue="phone.p1", rung_at=past(ledger, waited))
    ring_ready(ledger)
    assert task(ledger, one).rung_queue == ("pool" if taken_back else "phone.p1")


def test_a_ticket_on_its_way_is_not_lost(ledger: Engine, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.coordinator.lost_tickets.SETTLE", timedelta(minutes=1))
    ready(ledger, plant(ledger, work(1)))
    ring_ready(ledger)
    redis.flushall()
    assert restore(ledger, redis, set(), look_at_all=True) == 0


def test_a_ticket_that_came_twice_runs_once(ledger: Engine, redis: Redis) -> None:
    campaign_id = plant(ledger, chain(work(1), work(2)))
    first, second = (one.id for one in tasks(ledger, campaign_id))
    ring_ready(ledger)
    change(ledger, first, rung_at=None, rung_queue=None)
    ring_ready(ledger)
    assert queue_lengths(redis, ["desk"]) == {"desk": 2}
    assert do(ledger, first) == [second]
    try_to_take(ledger, first)
    assert task(ledger, first).attempt == 1


@pytest.mark.parametrize(
    ("rung", "here", "before", "lost", "held"),
    [
        ({}, {}, set(), [], set()),
        ({"a": "pool"}, {}, set(), ["a"], set()),
        ({"a": "pool"}, {"pool": {"a"}}, set(), [], set()),
        ({"a": "pool"}, {"pool": {"a"}, "unacked": {"a"}}, {"a"}, [], set()),
        ({"a": "pool"}, {"pool": set(), "unacked": {"a"}}, set(), [], {"a"}),
        ({"a": "pool"}, {"pool": set(), "unacked": {"a"}}, {"a"}, ["a"], set()),
        ({"a": "pool", "b": "desk"}, {"pool": {"b"}, "desk": {"x"}}, set(), ["a"], set()),
        ({"a": "pool", "b": "pool"}, {"pool": {"c"}, "unacked": set()}, {"b"}, ["a", "b"], set()),
    ],
)
def test_which_tickets_are_lost(
    rung: dict[str, str], here: dict[str, set[str]], before: set[str], lost: list[str], held: set[str]
) -> None:
    assert lost_tickets(rung, here, before) == (lost, held)


@pytest.mark.parametrize(
    ("expected", "lengths", "answer"),
    [
        ({}, {}, False),
        ({"pool": 2}, {"pool": 2}, False),
        ({"pool": 2}, {"pool": 5}, False),
        ({"pool": 2}, {"pool": 1}, True),
        ({"pool": 1, "desk": 1}, {"pool": 9}, True),
    ],
)
def test_when_a_queue_is_short(expected: dict[str, int], lengths: dict[str, int], answer: bool) -> None:
    assert short(expected, lengths) is answer


def test_a_redis_that_was_emptied_is_noticed_at_once_by_its_missing_mark(ledger: Engine, redis: Redis) -> None:
    wanted = set(ready(ledger, plant(ledger, group(work(number) for number in range(5)))))
    assert restore_after_emptying(ledger, redis) == 0
    ring_ready(ledger)
    assert restore_after_emptying(ledger, redis) == 0
    redis.flushall()
    assert restore_after_emptying(ledger, redis) == 5
    assert restore_after_emptying(ledger, redis) == 0
    ring_ready(ledger)
    assert queued(redis, "desk") == wanted


def test_what_was_begun_is_rung_before_what_nobody_tried(ledger: Engine, redis: Redis) -> None:
    owned_author(ledger)
    (begun,) = ready(ledger, plant(ledger, titles(priority=9)))
    plant(ledger, group(titles(priority=3) for _ in range(3)))
    incarnation_died(ledger, take(ledger, begun, online_worker(ledger, "p1")).fence.incarnation, "killed")
    assert ring_ready(ledger) == 4
    assert redis.llen(list_keys("pool")[0]) == 1
    assert redis.llen(list_keys("pool")[STEPS.index(3)]) == 3


@pytest.mark.parametrize(("before", "after"), [(0, 9), (9, 0)])
def test_a_task_that_was_moved_in_the_line_runs_by_its_new_ticket_alone(
    ledger: Engine, redis: Redis, before: int, after: int
) -> None:
    owned_author(ledger)
    identity = online_worker(ledger, "p1")
    (one,) = ready(ledger, plant(ledger, titles(priority=before)))
    ring_ready(ledger)
    old = task(ledger, one).ticket
    assert reprioritise_task(ledger, one, after, who="operator") == 1
    urgent, *_, low = (redis.llen(key) for key in list_keys("pool"))
    assert (urgent, low) == (1, 1)
    for number in (old, None):  # None: a message of the release before
        assert isinstance(deliver(ledger, one, identity, number, step=before), NotMine)
    assert task(ledger, one).rung_queue == "pool", "its other ticket is still owed nothing"
    assert isinstance(deliver(ledger, one, identity, task(ledger, one).ticket, step=after), Claim)
