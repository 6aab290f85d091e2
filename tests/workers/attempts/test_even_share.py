"""The even share, with tickets counted: who ends up with how many tasks, and what passing them on costs."""

from __future__ import annotations

import random
from collections import Counter, deque

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.responsible_use.authors import set_cap
from models.tables import Campaign, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.support.ledger.drive import like, online_worker, owned_author, plant, ready, tasks, try_to_take
from workers.attempts.assignment import lock_shares
from workers.attempts.claim import PASSES, Claim
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record
from workers.dispatch.ring import ring_ready
from workers.dispatch.tickets import queued_ids
from workers.runtime.worker_identity import POOL_QUEUE, WorkerIdentity, phone_queue

TASKS, PHONES = 66, 8


class Fleet:
    """Delivers tickets as Redis would, counts them, and lets each claim succeed, or fail where it is told to."""

    def __init__(self, ledger: Engine, redis: Redis, seed: int) -> None:
        self.ledger, self.redis, self.rng = ledger, redis, random.Random(seed)
        self.identities = {f"p{number}": online_worker(ledger, f"p{number}") for number in range(PHONES)}
        self.queues: dict[str, deque[str]] = {}
        self.broken: set[str] = set()
        self.messages: Counter[str] = Counter()

    def run(self) -> None:
        """Until no ticket is left and none is owed."""
        for _ in range(TASKS * PHONES):
            if not any(self.queues.values()) and not self._collect():
                return
            serial = self.rng.choice([name for name in self.identities if self._next(name)] or list(self.identities))
            queue = self._next(serial)
            if queue is not None:
                self._deliver(queue.popleft(), self.identities[serial])
        raise AssertionError("tickets go round without end")

    def _collect(self) -> int:
        """Ring what is due; the tickets move from Redis into the test's hands, in an order of its own."""
        rung = ring_ready(self.ledger)
        for queue, ids in queued_ids(self.redis, [POOL_QUEUE, *map(phone_queue, self.identities)]).items():
            found = sorted(ids)
            self.rng.shuffle(found)
            self.queues.setdefault(queue, deque()).extend(found)
            self.messages.update(found)
        self.redis.flushall()
        return rung

    def _next(self, serial: str) -> deque[str] | None:
        return self.queues.get(phone_queue(serial)) or self.queues.get(POOL_QUEUE) or None

    def _deliver(self, task_id: str, identity: WorkerIdentity) -> None:
        got = try_to_take(self.ledger, task_id, identity)
        if isinstance(got, Claim):
            broken = identity.serial in self.broken
            record(self.ledger, got, Failed("network_down", "so the test says") if broken else Succeeded({}))
        elif got.passed_to is not None:
            self.messages[task_id] += 1
            self.queues.setdefault(phone_queue(got.passed_to), deque()).append(task_id)


def campaign(ledger: Engine) -> str:
    """66 likes on 22 videos."""
    owned_author(ledger)
    set_cap(ledger, "accounts_per_video", PHONES, who="test")
    return plant(ledger, group(like(f"标题{number % 22}", comment=f"评论{number}") for number in range(TASKS)))


@pytest.mark.parametrize("seed", range(3))
def test_with_healthy_phones_the_shares_differ_by_one_at_most_and_a_ticket_is_passed_on_once(
    ledger: Engine, redis: Redis, seed: int
) -> None:
    fleet = Fleet(ledger, redis, seed)
    planted = campaign(ledger)
    fleet.run()
    done = tasks(ledger, planted)
    assert {one.state for one in done} == {State.SUCCEEDED}
    shares = Counter(one.account_id for one in done)
    assert len(shares) == PHONES
    assert max(shares.values()) - min(shares.values()) <= 1
    assert max(fleet.messages.values()) <= 2
    assert set(fleet.messages) == {one.id for one in done}


def test_with_failing_phones_all_are_still_done_and_tickets_do_not_spin(ledger: Engine, redis: Redis) -> None:
    fleet = Fleet(ledger, redis, seed=4)
    fleet.broken = {"p0", "p1"}
    planted = campaign(ledger)
    fleet.run()
    done = tasks(ledger, planted)
    assert {one.state for one in done} == {State.SUCCEEDED}
    assert not {one.phone_serial for one in done} & fleet.broken
    attempts = {one.id: one.attempt for one in done}
    assert all(fleet.messages[one] <= attempts[one] * (1 + PASSES) for one in attempts)
    assert sum(fleet.messages.values()) <= 3 * TASKS


def test_a_ticket_that_was_passed_on_too_often_waits_for_a_moment(ledger: Engine, redis: Redis) -> None:
    owned_author(ledger)
    identities = [online_worker(ledger, f"p{number}") for number in range(PASSES + 2)]
    (one,) = tasks(ledger, plant(ledger, like()))
    passed = 0
    for identity in identities[: PASSES + 1]:
        meant_for = f"acc-{identities[(identities.index(identity) + 1) % len(identities)].serial}"

        def mean(session: object, meant_for: str = meant_for) -> None:
            row = session.get_one(type(one), one.id)  # type: ignore[attr-defined]
            row.meant_for = meant_for

        write(ledger, mean)
        got = try_to_take(ledger, one.id, identity)
        assert not isinstance(got, Claim)
        passed += got.passed_to is not None
    waiting = read(ledger, lambda session: session.get_one(type(one), one.id))
    assert passed == PASSES
    assert (waiting.rung_at, waiting.state) == (None, State.READY)
    assert "passed on" in (waiting.waits_for or "")


@pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)
def test_the_shares_are_locked_before_the_task_and_without_it(ledger: Engine) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1", "a")
    shared, pinned = (plant(ledger, like(**options)) for options in ({}, {"queue": "account.a"}))
    campaigns = select(Campaign.id).with_for_update(skip_locked=True)
    rows = select(Task.campaign_id).with_for_update(skip_locked=True)
    with Session(ledger) as claiming, Session(ledger) as other:
        for campaign_id in (shared, pinned):
            lock_shares(claiming, ready(ledger, campaign_id)[0])
        lock_shares(claiming, "no such task")
        assert other.scalars(campaigns).all() == [pinned]
        assert set(other.scalars(rows)) == {shared, pinned}
