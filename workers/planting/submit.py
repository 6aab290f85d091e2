"""Submits a canvas: plants it as a campaign, rings it, and returns a handle to follow it.

A command that only plants imports neither Celery nor redis.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.base import new_id
from models.database.sizes import MOST_RESULT
from models.database.storable import storable_json
from models.tables import Campaign
from models.transactions.read_write import write
from models.values.names import name_problems
from models.values.refused import Refused, refuse
from workers.planting.handle import Handle
from workers.planting.plant import LATEST_END, compile_for_planting, plant_campaign
from workers.runtime.process_engine import process_engine


@dataclass(frozen=True, slots=True)
class PlantedCanvas:
    """A planted campaign, and the ids of its tasks that are ready at once. The caller or the coordinator rings them."""

    handle: Handle
    ready: Sequence[str]
    count: int  # of its tasks, to begin with

    def rung(self) -> Handle:
        """Rings these tasks now. Returns the handle."""
        from workers.dispatch.ring import ring  # noqa: PLC0415 - a command that only plants needs no Celery

        ring(self.handle.engine, self.ready)
        return self.handle


def submit(
    canvas: Mapping[str, Any],
    *,
    name: str,
    asked_by: str = "script",
    join: str = "all",
    seed: int | None = None,
    latest_end: timedelta = LATEST_END,
    asked_for: Mapping[str, Any] | None = None,
    engine: Engine | None = None,
) -> Handle:
    """Plants a canvas and rings the tasks that are ready at once.

    The canvas is a Celery signature, or plain data in its form (workers.canvas.signatures). `join="settled"` lets
    every join run with what succeeded; `seed` fixes all that is drawn at random (31 bits); `latest_end` is counted
    from now. Raises Refused with every problem, and then nothing is planted.
    """
    from workers.app import app  # noqa: PLC0415 - a command that only plants needs no Celery

    app.loader.import_default_modules()  # what the workers serve must be known here as well, or it is refused
    planted = plant_canvas(
        engine or process_engine(),
        canvas,
        name=name,
        asked_by=asked_by,
        join=join,
        seed=seed,
        latest_end=latest_end,
        asked_for=asked_for,
    )
    return planted.rung()


def plant_canvas(  # noqa: PLR0913 - options of one campaign, all by name
    ledger: Engine,
    canvas: Mapping[str, Any],
    *,
    name: str,
    asked_by: str,
    join: str = "all",
    seed: int | None = None,
    latest_end: timedelta = LATEST_END,
    asked_for: Mapping[str, Any] | None = None,
    complete_until: datetime | None = None,
    quotas: Mapping[str, int] | None = None,
) -> PlantedCanvas:
    """Plants a canvas, as `submit` does, and rings nothing.

    Until `complete_until` the coordinator plants what it is missing once it has ended.
    """
    _check_words(name, asked_by, join)
    kept = None if asked_for is None else _kept(asked_for)
    planted = compile_for_planting(canvas, join)
    campaign_id = new_id()
    drawn = random.SystemRandom().getrandbits(31) if seed is None else seed & 0x7FFFFFFF

    def work(session: Session) -> list[str]:
        campaign = Campaign(
            id=campaign_id,
            name=name,
            asked_by=asked_by,
            asked_for=kept,
            join=join,
            seed=drawn,
            complete_until=complete_until,
            quotas=None if quotas is None else dict(quotas),
        )
        return plant_campaign(session, campaign, planted, latest_end)

    ready = write(ledger, work)
    return PlantedCanvas(Handle(campaign_id, ledger), ready, len(planted.rows))


def _kept(asked_for: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(storable_json(asked_for, MOST_RESULT))
    except ValueError as error:
        raise refuse("asked_for", f"it cannot be kept: {error}", "give less, as JSON, or leave it out") from None


def _check_words(name: str, asked_by: str, join: str) -> None:
    if join not in ("all", "settled"):
        raise refuse("join", f"{join!r} is no way to join", "use all or settled")
    problems = [*name_problems("name", name), *name_problems("asked_by", asked_by)]
    if problems:
        raise Refused(problems)
