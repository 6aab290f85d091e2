"""Plant what a customer asks for: once for each reference, in one transaction with the memory of the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.bell import Bell
from gateway.caller import Caller
from gateway.problem import Declined
from gateway.waiting import Waiting
from gateway.wishes import Wish
from models.engine import database_now, write
from models.refused import Refused, refuse
from models.tables import Campaign
from workers.plant import LATEST_END, plant_campaign

T = TypeVar("T")

TRIES = 3
LONGEST = timedelta(days=366)  # as far as a canvas may wait


@dataclass(frozen=True, slots=True)
class Planter:
    """What requests that plant need of their process."""

    engine: Engine
    bell: Bell
    waiting: Waiting


def plant_once(ground: Planter, caller: Caller, wish: Wish, show: Callable[[Session, Campaign], T]) -> tuple[T, bool]:
    """Plant a wish, unless its reference stands for it already; what `show` makes of it, and whether it is new.

    Raises Declined: reference_taken when the reference stands for another request, too_many_waiting,
    refused; then nothing is planted.
    """
    for tried in range(1, TRIES + 1):
        try:
            shown, ready, new = write(ground.engine, lambda session: _plant(ground, session, caller, wish, show))
        except IntegrityError:  # another request planted the same reference meanwhile: it is there now
            if tried == TRIES:
                raise
            continue
        except Refused as refused:
            raise Declined.of(wish.in_its_words(refused)) from None
        ground.bell.ring(ready)
        return shown, new
    raise AssertionError("the loop returns or raises")


def _plant(
    ground: Planter, session: Session, caller: Caller, wish: Wish, show: Callable[[Session, Campaign], T]
) -> tuple[T, list[str], bool]:
    caller.once(session)
    mine = (Campaign.key_id == caller.key.id, Campaign.reference == wish.reference)
    known = session.scalars(select(Campaign).where(*mine)).one_or_none()
    if known is not None:
        if known.request_digest != wish.digest:
            raise Declined("reference_taken", f"{wish.reference!r} stands for campaign {known.id}")
        return show(session, known), [], False
    ground.waiting.make_room(session, caller.key.id, len(wish.planted.rows), caller.key.most_waiting)
    lone = wish.kind == "task"
    campaign = Campaign(
        id=str(uuid4()),
        name=wish.name,
        asked_by=caller.key.customer,
        asked_for=dict(wish.asked_for),
        join=wish.join,
        seed=wish.seed,
        key_id=caller.key.id,
        reference=wish.reference,
        request_digest=wish.digest,
        callback_url=None if lone else wish.callback_url,  # a lone task tells its own end, and nothing else ends
        sandbox=caller.key.sandbox,
    )
    until = time_left(wish.latest_end, database_now(session))
    ready = plant_campaign(session, campaign, wish.planted, until, tells=wish.callback_url)
    return show(session, campaign), ready, True


def time_left(latest_end: datetime | None, now: datetime) -> timedelta:
    """How long the tasks may take. Raises Refused for a moment that is past or further away than tasks may live."""
    if latest_end is None:
        return LATEST_END
    left = latest_end - now
    if not timedelta() < left <= LONGEST:
        days = LONGEST.days
        raise refuse("latest_end", f"{latest_end.isoformat()} is not within the next {days} days", "give such a moment")
    return left
