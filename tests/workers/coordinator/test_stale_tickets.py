"""Messages that run nothing are swept out of Redis, and no ticket that counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis import Redis
from sqlalchemy import Engine, func, select

from models.tables import Task
from models.transactions.read_write import read
from tests.support.ledger.drive import owned_author, plant, ready, titles, work
from tests.support.ledger.many_tasks import many
from workers.control.pause import pause_campaign, resume_campaign
from workers.control.reprioritise import reprioritise_campaign
from workers.control.stop import stop_campaign
from workers.coordinator.stale_tickets import FEW, sweep
from workers.dispatch.ring import ring_ready
from workers.dispatch.tickets import queue_lengths, queued_ids
from workers.runtime.worker_identity import POOL_QUEUE

TASKS = 150
CYCLES = 4


def paused(engine: Engine, campaign_id: str, _: int) -> None:
    pause_campaign(engine, campaign_id, who="heavy")
    resume_campaign(engine, campaign_id, who="heavy", ring_now=False)


def moved(engine: Engine, campaign_id: str, cycle: int) -> None:
    reprioritise_campaign(engine, campaign_id, 3 + cycle % 2, who="heavy", ring_now=False)


@pytest.mark.parametrize("act", [paused, moved])
def test_what_is_done_again_and_again_leaves_a_bounded_number_of_messages(
    ledger: Engine, redis: Redis, act: Callable[[Engine, str, int], None]
) -> None:
    owned_author(ledger)
    campaign_id = plant(ledger, titles())
    many(ledger, campaign_id, TASKS - 1)
    for cycle in range(CYCLES):
        act(ledger, campaign_id, cycle)
        ring_ready(ledger)
        sweep(ledger, redis)
        assert queue_lengths(redis, [POOL_QUEUE])[POOL_QUEUE] <= out(ledger) + FEW
    assert queued_ids(redis, [POOL_QUEUE])[POOL_QUEUE] == set(ready(ledger, campaign_id)), "each has its ticket"


def test_the_tickets_of_what_ended_go_and_other_tickets_stay(ledger: Engine, redis: Redis) -> None:
    owned_author(ledger)
    other = plant(ledger, titles())
    campaign_id = plant(ledger, titles())
    many(ledger, campaign_id, FEW + 5)
    ring_ready(ledger)
    assert sweep(ledger, redis) == 0
    stop_campaign(ledger, campaign_id, who="heavy")
    assert sweep(ledger, redis) == FEW + 6
    assert queued_ids(redis, [POOL_QUEUE])[POOL_QUEUE] == set(ready(ledger, other))


def test_a_few_are_left_to_the_workers(ledger: Engine, redis: Redis) -> None:
    campaign_id = plant(ledger, work(1))
    ring_ready(ledger)
    paused(ledger, campaign_id, 0)
    assert sweep(ledger, redis) == 0


def out(engine: Engine) -> int:
    wanted = select(func.count()).select_from(Task).where(Task.rung_queue == POOL_QUEUE)
    return read(engine, lambda session: session.scalar(wanted) or 0)
