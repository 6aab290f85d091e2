"""A ticket that was taken back runs nothing and changes nothing; its task is rung again in its turn, never lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine, select

from models.fleet.logins import account_gone, account_seen
from models.tables import Task
from models.tasks.transitions import hold_tasks, release_tasks
from models.transactions.read_write import read, write
from tests.support.gateway.customers import customer
from tests.support.ledger.drive import (
    app,
    change,
    deliver,
    desk_worker,
    online_worker,
    outcome_of,
    owned_author,
    past,
    plant,
    ready,
    take,
    task,
    tasks,
    titles,
    work,
)
from tests.support.ledger.many_tasks import many
from workers.attempts.claim import Claim, NotMine
from workers.attempts.outcome import Failed, HandedBack
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died
from workers.control.pause import pause_campaign, pause_task, resume_campaign, resume_task
from workers.control.reprioritise import reprioritise_task
from workers.coordinator.lost_tickets import restore, restore_after_emptying
from workers.dispatch.ring import ring, ring_ready
from workers.dispatch.tickets import NUMBER, TURN_STEP, list_keys
from workers.runtime.worker_identity import WorkerIdentity, phone_queue


@dataclass(frozen=True)
class Message:
    """A ticket as a worker reads it from Redis."""

    task_id: str
    step: int
    number: int | None

    def to(self, engine: Engine, identity: WorkerIdentity) -> Claim | NotMine:
        """Deliver it."""
        return deliver(engine, self.task_id, identity, self.number, step=self.step)

    def without_number(self) -> Message:
        """The same ticket as the release before wrote it."""
        return Message(self.task_id, self.step, None)


def messages(redis: Redis, queue: str = "pool") -> list[Message]:
    """Take all tickets of a queue, in the order in which they are served."""
    found = []
    for key in list_keys(queue):
        for raw in reversed(cast("list[bytes]", redis.lrange(key, 0, -1))):
            message = json.loads(raw)
            step = message["properties"]["priority"]
            found.append(Message(message["headers"]["id"], step, message["headers"].get(NUMBER)))
        redis.delete(key)
    return found


@pytest.fixture
def identity(ledger: Engine) -> WorkerIdentity:
    owned_author(ledger)
    return online_worker(ledger, "p1", "a")


def paused_and_resumed(engine: Engine, task_id: str) -> None:
    pause_task(engine, task_id, who="lena")
    resume_task(engine, task_id, who="lena")


def campaign_paused_and_resumed(engine: Engine, task_id: str) -> None:
    campaign_id = task(engine, task_id).campaign_id
    pause_campaign(engine, campaign_id, who="lena")
    resume_campaign(engine, campaign_id, who="lena")


def held_and_released(engine: Engine, task_id: str) -> None:
    write(engine, lambda session: hold_tasks(session, Task.id == task_id, "held", hold_id=7))
    write(engine, lambda session: release_tasks(session, Task.id == task_id, hold_id=7))


def moved_down(engine: Engine, task_id: str) -> None:
    reprioritise_task(engine, task_id, 9, who="lena")


def moved_up(engine: Engine, task_id: str) -> None:
    reprioritise_task(engine, task_id, 0, who="lena")


def worker_died(engine: Engine, task_id: str) -> None:
    identity = desk_worker() if task(engine, task_id).runs_on == "desk" else online_worker(engine, "p9")
    incarnation_died(engine, take(engine, task_id, identity).fence.incarnation, "killed")


def handed_back(engine: Engine, task_id: str) -> None:
    identity = desk_worker() if task(engine, task_id).runs_on == "desk" else online_worker(engine, "p9")
    record(engine, take(engine, task_id, identity), HandedBack())


TAKEN_BACK: Sequence[Callable[[Engine, str], None]] = (
    paused_and_resumed,
    campaign_paused_and_resumed,
    held_and_released,
    moved_down,
    moved_up,
    worker_died,
    handed_back,
)


@pytest.mark.parametrize("where", ["pool", "desk"])
@pytest.mark.parametrize("again", [False, True], ids=["owed", "rung again"])
@pytest.mark.parametrize("how", TAKEN_BACK)
def test_a_ticket_that_was_taken_back_is_refused_and_the_task_runs_by_its_new_one(
    ledger: Engine,
    redis: Redis,
    identity: WorkerIdentity,
    how: Callable[[Engine, str], None],
    where: str,
    *,
    again: bool,
) -> None:
    who = desk_worker() if where == "desk" else identity
    (one,) = ready(ledger, plant(ledger, work(1) if where == "desk" else titles()))
    assert ring_ready(ledger) == 1
    (old,) = messages(redis, where)
    how(ledger, one)
    new = messages(redis, where)
    if again:
        ring_ready(ledger)
        new += messages(redis, where)
    before = (task(ledger, one).rung_at, task(ledger, one).not_before, task(ledger, one).attempt)
    for late in (old, old):
        refused = late.to(ledger, who)
        assert isinstance(refused, NotMine)
        assert refused.passed_to is None
    assert (task(ledger, one).rung_at, task(ledger, one).not_before, task(ledger, one).attempt) == before
    ring_ready(ledger)
    (ticket,) = [*new, *messages(redis, where)]
    assert isinstance(ticket.to(ledger, who), Claim)


def test_an_old_ticket_does_not_use_up_the_new_one_in_the_wrong_place(
    ledger: Engine, redis: Redis, identity: WorkerIdentity
) -> None:
    """It was pinned to an account that has moved: the old phone would say that the task waits for another one."""
    other = online_worker(ledger, "p2", "b")
    (one,) = ready(ledger, plant(ledger, titles(queue="account.a")))
    ring_ready(ledger)
    (old,) = messages(redis, phone_queue("p1"))
    account_gone(ledger, "p1", "logged out")
    account_seen(ledger, "p2", "a", "moved")
    ring_ready(ledger)
    (new,) = messages(redis, phone_queue("p2"))
    assert isinstance(old.to(ledger, identity), NotMine)
    assert task(ledger, one).rung_queue == phone_queue("p2")
    assert isinstance(new.to(ledger, other), Claim)


def test_a_ticket_that_was_passed_on_and_comes_again_runs_its_task_once(
    ledger: Engine, redis: Redis, identity: WorkerIdentity
) -> None:
    other = online_worker(ledger, "p2", "b")
    (one,) = ready(ledger, plant(ledger, titles()))
    assert record(ledger, take(ledger, one, identity), Failed("page_drift", "another page")) == [one]
    ring(ledger, [one])
    (first,) = messages(redis)
    passed = [first.to(ledger, identity) for _ in range(2)]
    copies = [Message(one, each.priority, each.number) for each in passed if isinstance(each, NotMine)]
    assert [each.passed_to for each in passed if isinstance(each, NotMine)] == ["p2", "p2"]
    assert isinstance(copies[0].to(ledger, other), Claim)
    assert isinstance(copies[1].to(ledger, identity), NotMine)
    assert isinstance(first.to(ledger, identity), NotMine)
    assert task(ledger, one).attempt == 2


def test_a_ticket_that_is_put_back_or_comes_twice_is_as_good_as_before(ledger: Engine, redis: Redis) -> None:
    """Its worker died before the claim, or Redis delivers it a second time."""
    (one,) = ready(ledger, plant(ledger, work(1)))
    ring_ready(ledger)
    (ticket,) = messages(redis, "desk")
    got = ticket.to(ledger, desk_worker())
    assert isinstance(got, Claim)
    assert isinstance(ticket.to(ledger, desk_worker()), NotMine)
    record(ledger, got, outcome_of(ledger, got))
    assert isinstance(ticket.to(ledger, desk_worker()), NotMine)
    assert (task(ledger, one).state, task(ledger, one).attempt) == ("succeeded", 1)


def test_a_claim_that_was_not_confirmed_is_taken_back_and_made_again_by_the_same_ticket(
    ledger: Engine, redis: Redis, identity: WorkerIdentity
) -> None:
    (one,) = ready(ledger, plant(ledger, titles()))
    ring_ready(ledger)
    (ticket,) = messages(redis)
    assert isinstance(ticket.to(ledger, identity), Claim)
    again = ticket.to(ledger, identity)
    assert isinstance(again, Claim)
    assert again.fence.attempt == task(ledger, one).attempt == 2


@pytest.mark.parametrize("look_at_all", [False, True, None], ids=["short", "all", "emptied"])
def test_what_redis_lost_is_rung_anew_and_either_copy_runs_the_task_once(
    ledger: Engine, redis: Redis, identity: WorkerIdentity, *, look_at_all: bool | None
) -> None:
    wanted = [titles(), titles(queue="account.a"), work(1)]
    ids = ready(ledger, plant(ledger, group(wanted)))
    restore_after_emptying(ledger, redis)
    ring_ready(ledger)
    queues = ("pool", phone_queue("p1"), "desk")
    old = {one.task_id: one for queue in queues for one in messages(redis, queue)}
    redis.flushall()
    for one in ids:
        change(ledger, one, rung_at=past(ledger, 10))
    if look_at_all is None:
        assert restore_after_emptying(ledger, redis) == 3
    else:
        assert restore(ledger, redis, set(), look_at_all=look_at_all) == 3
    for late in old.values():
        assert isinstance(late.to(ledger, desk_worker() if late.task_id == ids[2] else identity), NotMine)
    assert ring_ready(ledger) == 3
    new = {one.task_id: one for queue in queues for one in messages(redis, queue)}
    assert set(new) == set(ids)
    assert isinstance(new[ids[2]].to(ledger, desk_worker()), Claim)
    assert isinstance(old[ids[2]].to(ledger, desk_worker()), NotMine)
    assert isinstance(old[ids[1]].to(ledger, identity), Claim), "a slow worker had it: it is as good as its copy"
    assert isinstance(new[ids[1]].to(ledger, online_worker(ledger, "p2")), NotMine)
    assert [task(ledger, one).attempt for one in ids[1:]] == [1, 1]


MAPS: Sequence[Callable[[], Any]] = (
    lambda: app.tasks["work"].map([1, 2]),
    lambda: app.tasks["work"].starmap([[1], [2]]),
    lambda: app.tasks["work"].chunks([[1], [2], [3]], 2),
)


@pytest.mark.parametrize("made", MAPS, ids=["map", "starmap", "chunks"])
def test_maps_and_chunks_run_by_their_tickets_and_not_by_old_ones(
    ledger: Engine, redis: Redis, made: Callable[[], Any]
) -> None:
    campaign_id = plant(ledger, made())
    ring_ready(ledger)
    old = messages(redis, "desk")
    pause_campaign(ledger, campaign_id, who="lena")
    resume_campaign(ledger, campaign_id, who="lena")
    assert all(isinstance(one.to(ledger, desk_worker()), NotMine) for one in old)
    for _ in range(10):
        ring_ready(ledger)
        for one in messages(redis, "desk"):
            got = one.to(ledger, desk_worker())
            assert isinstance(got, Claim)
            record(ledger, got, outcome_of(ledger, got))
    assert {one.state for one in tasks(ledger, campaign_id)} <= {"succeeded", "delegated"}


def test_a_message_of_the_release_before_runs_only_at_the_step_of_its_ticket(
    ledger: Engine, redis: Redis, identity: WorkerIdentity
) -> None:
    (one,) = ready(ledger, plant(ledger, titles(priority=9)))
    ring_ready(ledger)
    (ticket,) = (each.without_number() for each in messages(redis))
    for step in (0, TURN_STEP, 3, 6):
        assert isinstance(Message(one, step, None).to(ledger, identity), NotMine)
    assert isinstance(ticket.to(ledger, identity), Claim)


@pytest.mark.parametrize("number", ["1", True, -1, 2**63, None, [1]])
def test_a_forged_number_runs_nothing(ledger: Engine, redis: Redis, identity: WorkerIdentity, number: Any) -> None:
    (one,) = ready(ledger, plant(ledger, titles()))
    ring_ready(ledger)
    change(ledger, one, ticket=5)
    assert isinstance(deliver(ledger, one, identity, number, step=4), NotMine)


@pytest.mark.usefixtures("master_key")
@pytest.mark.parametrize("rounds", [1, 5])
def test_pausing_and_resuming_again_and_again_evades_no_turn(
    ledger: Engine, redis: Redis, identity: WorkerIdentity, rounds: int
) -> None:
    """A customer that fills the line with old tickets gets no more phones than its turn allows."""
    for number in range(2, 5):
        online_worker(ledger, f"p{number}")
    heavy, light = (customer(ledger, "https://hooks.example.com", name, most_waiting=10_000) for name in ("h", "l"))
    paused = heavy.plant(titles(priority=3))
    many(ledger, paused, 200)
    ring_ready(ledger)
    light.plant(group([titles()] * 10))
    line: list[Message] = messages(redis)
    for _ in range(rounds):
        pause_campaign(ledger, paused, who="heavy")
        resume_campaign(ledger, paused, who="heavy")
        ring_ready(ledger)
        line += messages(redis)
    line.sort(key=lambda one: one.step)
    wanted = select(Task.id).where(Task.rung_at.is_not(None))
    out = set(read(ledger, lambda session: session.scalars(wanted).all()))
    identities = [online_worker(ledger, f"q{number}") for number in range(len(out) + 1)]
    ran = []
    for one in line:
        if isinstance(one.to(ledger, identities[-1]), Claim):
            ran.append(one.task_id)
            identities.pop()
    assert sorted(ran) == sorted(out), "those with a ticket, and no task by an old one"
    of_heavy = sum(task(ledger, one).key_id == heavy.key_id for one in ran)
    assert of_heavy <= 4, "twice its fair share of four phones"
