"""Drives a ledger in one process: takes ready tasks in any order, runs desk functions, records them.

Everything is the product's own but the tickets: which ready task comes next is chosen by the test.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from celery.canvas import Signature
from sqlalchemy import Engine, select

from models.engine import read, write
from models.states import State
from models.tables import Campaign, Task
from workers.canvas.compile import compile_canvas
from workers.claim import Claim, claim
from workers.desk import DESK, Desk
from workers.handle import Handle
from workers.host.slots import own_slot
from workers.plant import LATEST_END, new_id, plant_campaign
from workers.record import Failed, Outcome, Replaced, Succeeded, record
from workers.seat import Seat

ZONE = "Asia/Shanghai"
LEASE = 60.0


def desk_seat() -> Seat:
    """A worker at the desk."""
    return Seat(None, "", 5038, "test", new_id(), own_slot())


def plant(engine: Engine, canvas: Signature, join: str = "all", seed: int = 1) -> str:
    """Plant a canvas without ringing; the campaign's id."""
    planted = compile_canvas(canvas, new_id=new_id, join="settled" if join == "settled" else "all")
    campaign_id = new_id()
    write(
        engine,
        lambda session: plant_campaign(
            session, Campaign(id=campaign_id, name="test", asked_by="test", seed=seed), planted, LATEST_END
        ),
    )
    return campaign_id


def ready(engine: Engine, campaign_id: str) -> list[str]:
    """The ids of the campaign's ready tasks, in a fixed order."""
    wanted = select(Task.id).where(Task.campaign_id == campaign_id, Task.state == State.READY).order_by(Task.position)
    return read(engine, lambda session: list(session.scalars(wanted)))


def take(engine: Engine, task_id: str, seat: Seat | None = None) -> Claim:
    """Claim a task that must be claimable."""
    got = claim(engine, seat or desk_seat(), task_id, lease=LEASE, zone=ZONE)
    assert isinstance(got, Claim), got
    return got


def outcome_of(engine: Engine, got: Claim) -> Outcome:
    """Run the desk function of a claimed task."""
    try:
        value = DESK[got.flow](Desk(engine, got), *got.args, **got.kwargs)
    except RuntimeError as error:
        return Failed("flow_error", str(error))
    return Replaced(value) if isinstance(value, Signature) else Succeeded(value)


def run_to_end(engine: Engine, campaign_id: str, rng: random.Random, ran: Callable[[Claim], None]) -> None:
    """Run ready tasks in an order that `rng` draws until none is left. Bounded by the tasks that there are."""
    seat = desk_seat()
    for _ in range(5000):
        waiting = ready(engine, campaign_id)
        if not waiting:
            return
        got = take(engine, rng.choice(waiting), seat)
        ran(got)
        record(engine, got, outcome_of(engine, got))
    raise AssertionError("the campaign does not end")


def states(engine: Engine, campaign_id: str) -> dict[str, int]:
    """How many of the campaign's tasks are in which state."""
    counts: dict[str, int] = {}
    for state in read(engine, lambda s: list(s.scalars(select(Task.state).where(Task.campaign_id == campaign_id)))):
        counts[state] = counts.get(state, 0) + 1
    return counts


def root_result(engine: Engine, campaign_id: str) -> Any:
    """The campaign's result, from its root expression."""
    return Handle(campaign_id, engine).get(timeout=1)
