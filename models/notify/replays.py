"""Replays: on request, owes callbacks again under their old webhook-ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, CursorResult, Engine, func, or_, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.history.audit_log import record_change
from models.notify.deliveries import GIVE_UP
from models.notify.delivery_log import Which, find_delivery
from models.tables import Delivery, Endpoint, Lane
from models.transactions.read_write import write
from models.values.enums import DeliveryState
from models.values.refused import Problem, Refused, refuse

BATCH_SIZE = 1000
MOST_REPLAYED = 10_000  # in one request: this keeps a thread of the gateway for a third of a second


class NoSuchDelivery(Refused):
    """No delivery has this id, or it was deleted."""


class EndpointGone(Refused):
    """The endpoint answered 410 Gone, and no operator has enabled it since."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The rest of a replay: deliveries with numbers above `after`, up to `last`. Later ones do not belong to it."""

    after: int
    last: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The number of deliveries owed again, and the rest, if any is left."""

    replayed: int
    rest: Rest | None


def replay_one(engine: Engine, delivery_id: str, *, who: str, key_id: str | None = None) -> bool:
    """Owes a delivery again, under its webhook-id; one that waits for its next try becomes due now.

    Returns whether it was waiting for its next try. Raises NoSuchDelivery, EndpointGone, and Refused while it is
    being sent.
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
    """Owes the matching deliveries again that are not owed already: at most `most`, oldest first.

    `rest` continues an earlier call. Raises EndpointGone, before it changes anything, when any matching delivery,
    including the rest, goes to an endpoint that is gone.
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
    """Makes a delivery due now, with the deliveries that must arrive before it; resets the breakers on its way."""
    now = database_now(session)
    lane = session.get(Lane, delivery.lane, with_for_update=True, populate_existing=True)  # senders lock it, too
    session.refresh(delivery)
    if delivery.claimed_by is not None and delivery.next_at > now:
        raise refuse("delivery", f"{delivery.id!r} is being sent at this moment", "wait for its result first")
    before = (Delivery.subject == delivery.subject, Delivery.endpoint_id == delivery.endpoint_id)
    not_taken = or_(Delivery.claimed_by.is_(None), Delivery.next_at <= now)
    session.execute(
        update(Delivery)
        .where(*before, Delivery.state == DeliveryState.OWED, Delivery.number <= delivery.number, not_taken)
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
