"""The ledger is asked for each customer's next tasks, at a cost that does not grow with the tasks that wait."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from gateway.keys.api_keys import change_key
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read
from tests.support.gateway.customers import Customer, customer
from tests.support.ledger.drive import (
    change,
    deliver,
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
    titles,
    work,
)
from tests.support.ledger.many_tasks import many
from tests.support.ledger.statements import statements
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed
from workers.attempts.record import record
from workers.dispatch import ring as ringing
from workers.dispatch.ring import DESK_SLOTS, DESK_STEP, ring, ring_ready
from workers.dispatch.standings import Next, lines
from workers.dispatch.tickets import TURN_STEP, list_keys
from workers.policy.desk_turns import IN_TURN
from workers.runtime.worker_identity import WorkerIdentity

ORIGIN = "https://hooks.example.com"
PHONES = 4

pytestmark = pytest.mark.usefixtures("master_key", "redis")


@pytest.fixture
def identities(ledger: Engine) -> list[WorkerIdentity]:
    owned_author(ledger)
    return [online_worker(ledger, f"p{number}") for number in range(PHONES)]


def rung(engine: Engine) -> Counter[tuple[str | None, int | None]]:
    """The tickets that are out, by key and step."""
    wanted = select(Task.key_id, Task.rung_step).where(Task.state == State.READY, Task.rung_queue.is_not(None))
    return Counter((key, step) for key, step in read(engine, lambda session: session.execute(wanted).all()))


def heavy_and_light(engine: Engine, count: int = 3000) -> tuple[Customer, Customer]:
    """One customer with very many tasks, some of which have tickets, and one that comes with ten."""
    heavy, light = (customer(engine, ORIGIN, name, most_waiting=100_000) for name in ("heavy", "light"))
    many(engine, heavy.plant(titles(priority=3)), count)
    ring_ready(engine)
    light.plant(group([titles()] * 10))
    return heavy, light


def test_whoever_comes_late_gets_tickets_that_go_before_the_others(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    heavy, light = heavy_and_light(ledger)
    out = rung(ledger)
    assert out == {(heavy.key_id, 3): 1000}, "alone it has a round of tickets, and no more"
    assert ring_ready(ledger) == 2 * PHONES
    assert rung(ledger) - out == {(heavy.key_id, TURN_STEP): PHONES, (light.key_id, TURN_STEP): PHONES}
    served = [redis.llen(key) for key in list_keys("pool")]
    assert served == [0, 2 * PHONES, 1000, 0, 0]
    assert ring_ready(ledger) == 0, "both have twice their share in hand"


def test_the_turns_follow_what_runs(ledger: Engine, redis: Redis, identities: list[WorkerIdentity]) -> None:
    _, light = heavy_and_light(ledger, 50)
    ring_ready(ledger)
    wanted = select(Task.id).where(Task.key_id == light.key_id, Task.rung_step == TURN_STEP)
    turn = read(ledger, lambda session: session.scalars(wanted).all())
    for one, identity in zip(turn, identities, strict=True):
        got = deliver(ledger, one, identity, None, step=TURN_STEP)
        assert isinstance(got, Claim), "a ticket of its turn is more urgent than its task, and runs it all the same"
    assert ring_ready(ledger) == 0
    done = take_back(ledger, turn[0])
    assert ring_ready(ledger) == 1
    assert rung(ledger)[light.key_id, 0] == done


def take_back(engine: Engine, task_id: str) -> int:
    """The task fails, and is tried again at once."""
    row = task(engine, task_id)
    change(engine, task_id, state=State.READY, rung_at=None, rung_queue=None, incarnation=None, lease_until=None)
    return row.attempt


def test_keys_of_one_customer_share_its_turn_and_its_weight_is_the_largest(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    one, two = customer(ledger, ORIGIN, "acme"), customer(ledger, ORIGIN, "acme")
    other = customer(ledger, ORIGIN, "other")
    for whose in (one, two, other):
        many(ledger, whose.plant(titles()), 30)
    ring_ready(ledger)
    out = rung(ledger)
    assert out[one.key_id, TURN_STEP] + out[two.key_id, TURN_STEP] == out[other.key_id, TURN_STEP] == PHONES
    change_key(ledger, two.key_id, who="lena", weight=3)
    assert ring_ready(ledger) == 2, "6 of the 8 are its share now"


def test_the_operator_is_a_customer_too(ledger: Engine, redis: Redis, identities: list[WorkerIdentity]) -> None:
    acme = customer(ledger, ORIGIN)
    many(ledger, plant(ledger, titles()), 30)
    many(ledger, acme.plant(titles()), 30)
    ring_ready(ledger)
    assert rung(ledger) == {(None, TURN_STEP): PHONES, (acme.key_id, TURN_STEP): PHONES}


def test_urgent_tasks_go_first_whoever_waits(ledger: Engine, redis: Redis, identities: list[WorkerIdentity]) -> None:
    heavy_and_light(ledger, 50)
    ring_ready(ledger)
    ids = ready(ledger, plant(ledger, group([titles(priority=2), titles(priority=0)])))
    assert ring(ledger, ids) == 2
    assert rung(ledger)[None, 0] == 2


def test_what_was_begun_is_rung_before_other_tasks_of_its_customer(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    heavy, _ = heavy_and_light(ledger, 50)
    (one,) = ready(ledger, heavy.plant(titles(priority=9)))
    got = take(ledger, one, identities[0])
    record(ledger, got, Failed("network_down", "so the test says"))
    change(ledger, one, not_before=past(ledger))
    ring_ready(ledger)
    assert task(ledger, one).rung_step == 0


def test_what_was_begun_and_waits_for_its_account_takes_nobodys_turn(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    known_account(ledger, "away")
    heavy, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "light"))
    many(ledger, heavy.plant(titles(queue="account.away")), 30, attempt=1)
    heavy.plant(titles(queue="phone.p0"))
    many(ledger, heavy.plant(titles()), 30)
    many(ledger, light.plant(titles()), 30)
    ring_ready(ledger)
    out = rung(ledger)
    assert out[heavy.key_id, 0] == 1
    assert out[light.key_id, TURN_STEP] >= PHONES


def test_begun_tasks_go_before_everybody_only_as_far_as_the_share_goes(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    """Whoever pauses and resumes what runs has nothing but begun tasks."""
    heavy, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "light"))
    many(ledger, heavy.plant(titles()), 40, attempt=1)
    ring_ready(ledger)
    assert rung(ledger) == {(heavy.key_id, 0): PHONES, (heavy.key_id, 3): 41 - PHONES}, "alone: one for each phone"
    light.plant(group([titles()] * 10))
    ring_ready(ledger)
    assert rung(ledger)[light.key_id, TURN_STEP] == PHONES


def test_begun_tasks_beyond_the_share_take_turns(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    heavy, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "light"))
    many(ledger, heavy.plant(titles()), 40, attempt=1)
    light.plant(group([titles()] * 10))
    ring_ready(ledger)
    share = PHONES // 2
    assert rung(ledger) == {
        (heavy.key_id, 0): share,
        (heavy.key_id, TURN_STEP): share,
        (light.key_id, TURN_STEP): PHONES,
    }
    assert ring_ready(ledger) == 0


@pytest.mark.parametrize("pin", ["phone.p0", "account.acc-p0"])
def test_a_phones_own_queue_holds_one_ticket_beside_what_runs_and_customers_take_turns_there(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity], pin: str
) -> None:
    heavy, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "light"))
    many(ledger, heavy.plant(titles(queue=pin)), 40)
    assert ring_ready(ledger) == 2, "one for the phone that is idle, and one beside"
    first = queued(redis, "phone.p0")
    light.plant(titles(queue=pin))
    running, waiting = sorted(first)
    take(ledger, running, identities[0])
    assert ring_ready(ledger) == 0
    change(ledger, waiting, state=State.STOPPED, rung_queue=None)
    assert ring_ready(ledger) == 1
    assert rung(ledger) == {(light.key_id, 0): 1}, "it runs none there yet"


def test_ten_thousand_pinned_tasks_leave_the_pool_to_others(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    heavy, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "light"))
    for number in range(PHONES):
        many(ledger, heavy.plant(titles(queue=f"phone.p{number}")), 20)
    light.plant(group([titles()] * 10))
    ring_ready(ledger)
    assert rung(ledger) == {(heavy.key_id, 0): PHONES, (light.key_id, TURN_STEP): PHONES}


# at the desk


def test_tasks_at_the_desk_go_before_the_tickets_of_a_customer_that_was_alone(
    ledger: Engine, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ringing, "DESK_SLOTS", 10)
    heavy, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "light"))
    many(ledger, heavy.plant(work(1)), 50)
    assert ring_ready(ledger) == 10
    assert rung(ledger) == {(heavy.key_id, DESK_STEP): 10}
    light.plant(group([work(number) for number in range(8)]))
    out = rung(ledger)
    ring_ready(ledger)
    turns = {(heavy.key_id, TURN_STEP): IN_TURN, (light.key_id, TURN_STEP): IN_TURN}
    assert rung(ledger) - out == turns
    keys = [key for key in list_keys("desk") if redis.llen(key)]
    assert [redis.llen(key) for key in keys] == [2 * IN_TURN, 10], "the lists are served in this order"


def test_whoever_makes_tasks_at_the_desk_ready_takes_its_turn_there_at_once(ledger: Engine, redis: Redis) -> None:
    heavy, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "light"))
    many(ledger, heavy.plant(work(1)), 50)
    ring_ready(ledger)
    light_ids = ready(ledger, light.plant(group([work(number) for number in range(8)])))
    assert ring(ledger, light_ids) == IN_TURN
    assert rung(ledger)[light.key_id, TURN_STEP] == IN_TURN


def test_a_customer_of_many_keys_has_one_turn_at_the_desk(ledger: Engine, redis: Redis) -> None:
    heavy, again, light = (customer(ledger, ORIGIN, name) for name in ("heavy", "heavy", "light"))
    for one in (heavy, again, light):
        many(ledger, one.plant(work(1)), 20)
    ring_ready(ledger)
    out = rung(ledger)
    assert out[heavy.key_id, TURN_STEP] + out[again.key_id, TURN_STEP] == out[light.key_id, TURN_STEP] == IN_TURN


def test_a_round_reads_few_of_the_tasks_that_wait_at_the_desk(
    ledger: Engine, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy = customer(ledger, ORIGIN, "heavy")
    many(ledger, heavy.plant(work(1)), DESK_SLOTS + 200)
    looked: list[int] = []

    def counted(session: Session, following: Next, *more: Any) -> Any:
        looked.append(len(following.rows))
        return lines(session, following, *more)

    monkeypatch.setattr(ringing, "lines", counted)
    assert ring_ready(ledger) == DESK_SLOTS
    assert ring_ready(ledger) == 0
    assert looked == [DESK_SLOTS, 1]


# what it costs


def read_rows(engine: Engine, count: int) -> int:
    """The rows that the database reads in one round while so many tasks wait beside a few, by its own count."""
    heavy, _ = heavy_and_light(engine, count)
    ring_ready(engine)
    sleepers = heavy.plant(titles(priority=3))
    many(engine, sleepers, count, not_before=now(engine).replace(year=2200))
    with engine.connect() as connection:
        connection.execute(text("ANALYZE TABLE tasks"))
    names = "'Handler_read_first','Handler_read_key','Handler_read_next','Handler_read_prev','Handler_read_rnd_next'"
    asked = text(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")

    def counted() -> int:
        with engine.connect() as connection:
            return sum(int(value) for _, value in connection.execute(asked))

    before = counted()
    assert ring_ready(engine) <= 1
    return counted() - before


@pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)
def test_a_round_reads_as_many_rows_with_ten_thousand_tasks_waiting(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    assert read_rows(ledger, 5000) < 6000, "of the 10,000 that wait none is read but the next ones"


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_a_round_asks_the_same_whatever_waits_and_by_the_index(
    ledger: Engine, redis: Redis, identities: list[WorkerIdentity]
) -> None:
    heavy_and_light(ledger, 2000)
    ring_ready(ledger)
    with statements(ledger) as seen:
        ring_ready(ledger)
    assert len(seen) <= 40
    with ledger.connect() as connection:
        for statement, parameters in seen:
            if "tasks.priority" in statement and "UNION" in statement:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                assert any("ix_tasks_owed" in str(row) for row in plan), plan
                assert not any("TEMP B-TREE FOR ORDER BY" in str(row) for row in plan), plan
