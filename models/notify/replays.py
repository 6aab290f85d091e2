"""Replays: callbacks that are owed once more on somebody's wish, under the webhook-ids that they had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, CursorResult, Engine, func, or_, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.enums import DeliveryState
from models.history.audit_log import record_change
from models.notify.deliveries import GIVE_UP
from models.notify.delivery_log import Which, find_delivery
from models.refused import Problem, Refused, refuse
from models.tables import Delivery, Endpoint, Lane
from models.transactions.read_write import write

BATCH_SIZE = 1000
MOST_REPLAYED = 10_000  # for one request, which holds a thread of the gateway meanwhile: a third of a second


class NoSuchDelivery(Refused):
    """There is none with this id, or none any more."""


class EndpointGone(Refused):
    """An address said that it is gone, and no operator has enabled it since."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a replay: the deliveries after the number `after`, up to `last`. What came later is not meant."""

    after: int
    last: int


@dataclass(frozen=True, slots=True)
class Replay:
    """How many are owed once more, and what is left, if anything."""

    replayed: int
    rest: Rest | None


def replay_one(engine: Engine, delivery_id: str, *, who: str, key_id: str | None = None) -> bool:
    """Owe it anew, with the webhook-id that it has; one that waits for its next try is due now. Was it such a one?

    Raises NoSuchDelivery, EndpointGone, and Refused while it is being sent.
    """

    def work(session: Session) -> bool:
        delivery = find_delivery(session, delivery_id, key_id)
        if delivery is None:
            problem = Problem("delivery", f"{delivery_id!r} is unknown", "see: phonefleet deliveries list")
            raise NoSuchDelivery([problem])
        _check_enabled(session, [Delivery.number == delivery.number])
        waited = delivery.state == DeliveryState.OWED
        if waited:
            _due_now(session, delivery)
        else:
            _owe_anew(session, [delivery.number])
        record_change(session, who, f"delivery:{delivery_id}", {"state": delivery.state}, {"replay": True})
        return waited

    return write(engine, work)


def replay_some(engine: Engine, which: Which, *, who: str, most: int, rest: Rest | None = None) -> Replay:
    """Owe anew what fits and is not owed already, at most so many, the first ones first; `rest` goes on.

    Raises EndpointGone, before anything is done, when any of them, also of those that are left, went to such a one.
    """

    def begin(session: Session) -> tuple[Sequence[int], int]:
        after = rest.after if rest else 0
        last = rest.last if rest else session.scalar(select(func.max(Delivery.number))) or 0
        fits = [
            *which.conditions(),
            Delivery.state != DeliveryState.OWED,
            Delivery.number > after,
            Delivery.number <= last,
        ]
        _check_enabled(session, fits)
        told = {"replay since": f"{which.since}", "after": after}
        record_change(session, who, f"deliveries:{which.key_id or 'all'}", None, told)
        wanted = select(Delivery.number).where(*fits).order_by(Delivery.number)
        return session.scalars(wanted.limit(most + 1)).all(), last

    numbers, last = write(engine, begin)
    replayed = 0
    for start in range(0, len(numbers[:most]), BATCH_SIZE):
        few = numbers[start : min(start + BATCH_SIZE, most)]
        replayed += write(engine, lambda session, few=few: _owe_anew(session, few))  # type: ignore[misc]
    return Replay(replayed, Rest(numbers[most - 1], last) if len(numbers) > most else None)


def replay_all(engine: Engine, which: Which, *, who: str) -> int:
    """Replays as `replay_some` until nothing is left. Returns the number replayed."""
    done = replay_some(engine, which, who=who, most=MOST_REPLAYED)
    replayed = done.replayed
    while done.rest is not None:
        done = replay_some(engine, which, who=who, most=MOST_REPLAYED, rest=done.rest)
        replayed += done.replayed
    return replayed


def _due_now(session: Session, delivery: Delivery) -> None:
    """Due at once, whatever its schedule and the breakers before it say, and what must arrive before it as well."""
    now = database_now(session)
    lane = session.get(Lane, delivery.lane, with_for_update=True, populate_existing=True)  # as whoever sends locks it
    session.refresh(delivery)
    if delivery.claimed_by is not None and delivery.next_at > now:
        raise refuse("delivery", f"{delivery.id!r} is being sent at this moment", "look what comes of it first")
    before = (Delivery.subject == delivery.subject, Delivery.endpoint_id == delivery.endpoint_id)
    not_in_hand = or_(Delivery.claimed_by.is_(None), Delivery.next_at <= now)
    session.execute(
        update(Delivery)
        .where(*before, Delivery.state == DeliveryState.OWED, Delivery.number <= delivery.number, not_in_hand)
        .values(next_at=now, claimed_by=None)
    )
    session.execute(update(Endpoint).where(Endpoint.id == delivery.endpoint_id).values(paused_until=None))
    if lane is not None:
        lane.paused_until = lane.rung_at = None


def _owe_anew(session: Session, numbers: Sequence[int]) -> int:
    now = database_now(session)
    done = session.execute(
        update(Delivery)
        .where(Delivery.number.in_(numbers), Delivery.state != DeliveryState.OWED)
        .values(
            state=DeliveryState.OWED,
            attempts=0,
            next_at=now,
            claimed_by=None,
            delivered_at=None,
            give_up_at=now + GIVE_UP,
        )
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def _check_enabled(session: Session, fits: Sequence[ColumnElement[bool]]) -> None:
    goes_there = select(Delivery.number).where(Delivery.endpoint_id == Endpoint.id, *fits).exists()
    gone = select(Endpoint.address).where(Endpoint.disabled_at.is_not(None), goes_there)
    address = session.scalar(gone.limit(1))
    if address is not None:
        remedy = "when it is there again: phonefleet deliveries enable ADDRESS"
        raise EndpointGone([Problem("endpoint", f"{address} said that it is gone", remedy)])
