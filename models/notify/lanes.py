"""Lanes: choose the callback to send next, give it to one sender, and record the result of each try.

A lane holds the deliveries of one key to one origin. A sender takes the lane's next delivery under the lane's lock,
and owns it until a deadline; after it, another sender may take the delivery, and a late result is ignored. A
breaker pauses an endpoint or a lane that fails (models/notify/breakers.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.notify.breakers import OPENS_AFTER, tell_endpoint, tell_lane
from models.notify.sending import Sending, TryResult
from models.tables import Delivery, DeliveryAttempt, Endpoint, Lane
from models.values.enums import DeliveryState

RUNG_FOR = timedelta(seconds=5)  # a ticket that no worker took by then is lost, or waits behind others
GIVE_UP_AT_ONCE = 1000


def any_due(session: Session, now: datetime) -> bool:
    """True when any callback is due. Reads one index only."""
    found = session.scalars(select(Delivery.number).where(_due(now)).limit(1)).one_or_none()
    return found is not None


def lanes_due(session: Session, now: datetime, most: int) -> dict[str, int]:
    """Returns how many tickets each lane with due deliveries needs, at most `most`, and marks those lanes as rung."""
    due = select(Delivery.number).where(Delivery.lane == Lane.id, _due(now)).limit(1).scalar_subquery()
    usable = select(Endpoint.id).where(Endpoint.lane == Lane.id, _usable(now)).limit(1).scalar_subquery()
    quiet = or_(Lane.rung_at.is_(None), Lane.rung_at < now - RUNG_FOR)
    open_ = or_(Lane.paused_until.is_(None), Lane.paused_until <= now)
    wanted: dict[str, int] = {}
    # Scalar subqueries instead of EXISTS, for which MariaDB would read every due delivery.
    for lane_id in session.scalars(select(Lane.id).where(quiet, open_, due.is_not(None), usable.is_not(None))).all():
        lane = session.get_one(Lane, lane_id, with_for_update=True, populate_existing=True)
        free = most - _in_flight(session, lane.id, now)
        if free > 0 and _first(session, lane.id, now) is not None:
            waiting = select(Delivery.number).where(Delivery.lane == lane.id, _due(now)).limit(free).subquery()
            wanted[lane.id] = session.scalar(select(func.count()).select_from(waiting)) or 1
            lane.rung_at = now
    return wanted


def take_next(session: Session, lane_id: str, token: str, now: datetime, hold: float, most: int) -> Sending | None:
    """Takes the lane's next delivery for `hold` seconds. None when nothing is due or `most` are being sent."""
    lane = session.get(Lane, lane_id, with_for_update=True, populate_existing=True)
    if lane is None or _is_paused(lane, now) or _in_flight(session, lane_id, now) >= most:
        return None
    number = _first(session, lane_id, now)
    if number is None:
        lane.rung_at = None
        return None
    delivery = session.get_one(Delivery, number, populate_existing=True)
    endpoint = session.get_one(Endpoint, delivery.endpoint_id, populate_existing=True)
    probe = endpoint.failures >= OPENS_AFTER
    if probe:  # no second probe until this one has a result
        endpoint.paused_until = now + timedelta(seconds=hold)
    probes_lane = lane.failures >= OPENS_AFTER
    if probes_lane:
        lane.paused_until = now + timedelta(seconds=hold)
    delivery.claimed_by, delivery.next_at = token, now + timedelta(seconds=hold)
    return Sending(
        delivery.number,
        delivery.id,
        delivery.key_id,
        delivery.lane,
        delivery.endpoint_id,
        delivery.url,
        delivery.event_type,
        delivery.payload,
        delivery.created_at,
        delivery.attempts,
        token,
        probe,
        probes_lane,
    )


def leave_lane(session: Session, lane_id: str) -> None:
    """Releases the lane: the coordinator may ring it again at once."""
    session.execute(update(Lane).where(Lane.id == lane_id).values(rung_at=None))


def settle_try(session: Session, sending: Sending, result: TryResult, now: datetime) -> bool:
    """Records the result of a try. Returns False when the sender no longer owned the delivery.

    Then only the log of tries has the result.
    """
    session.add(
        DeliveryAttempt(
            delivery=sending.number,
            started_at=now - timedelta(seconds=result.seconds),
            seconds=result.seconds,
            status=result.status,
            error=result.error,
        )
    )
    done = session.execute(
        update(Delivery)
        .where(
            Delivery.number == sending.number,
            Delivery.claimed_by == sending.token,
            Delivery.state == DeliveryState.OWED,
        )
        .values(
            **_state_after(result, now),
            attempts=Delivery.attempts + 1,
            claimed_by=None,
            last_status=result.status,
            last_error=result.error,
        )
    )
    assert isinstance(done, CursorResult)
    if done.rowcount != 1:
        return False
    known = tell_lane(session, sending, result, now)
    tell_endpoint(session, sending, result, now, told=known)
    return True


def give_up_old(session: Session, now: datetime) -> int:
    """Gives up deliveries that are a week old, at most 1000. Returns the number given up."""
    old = session.scalars(
        select(Delivery.number)
        .where(Delivery.state == DeliveryState.OWED, Delivery.next_at <= now, Delivery.give_up_at < now)
        .order_by(Delivery.next_at)
        .limit(GIVE_UP_AT_ONCE)
    ).all()
    for number in old:
        session.execute(
            update(Delivery)
            .where(Delivery.number == number, Delivery.state == DeliveryState.OWED, Delivery.next_at <= now)
            .values(state=DeliveryState.FAILED, last_error="too_old", claimed_by=None)
        )
    return len(old)


def _state_after(result: TryResult, now: datetime) -> dict[str, Any]:
    if result.arrived:
        return {"state": DeliveryState.DELIVERED, "delivered_at": now}
    if result.gone:
        return {"state": DeliveryState.DISABLED}
    if result.again_in is None:
        return {"state": DeliveryState.FAILED}
    return {"next_at": now + timedelta(seconds=result.again_in)}


def _is_paused(lane: Lane, now: datetime) -> bool:
    return lane.paused_until is not None and lane.paused_until > now


def _in_flight(session: Session, lane_id: str, now: datetime) -> int:
    held = select(func.count()).where(
        Delivery.lane == lane_id,
        Delivery.claimed_by.is_not(None),
        Delivery.state == DeliveryState.OWED,
        Delivery.next_at > now,
    )
    return session.scalar(held) or 0


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(Delivery.state == DeliveryState.OWED, Delivery.next_at <= now)


def _first(session: Session, lane_id: str, now: datetime) -> int | None:
    """Returns the number of the lane's next delivery, if any can be sent.

    A later event of a subject is not sent to an endpoint before the earlier one arrived or was given up. The index
    hint makes MariaDB read along the index until a delivery fits; without it, it sorts all due deliveries.
    """
    earlier = aliased(Delivery)
    waits = (
        select(earlier.number)
        .where(
            earlier.subject == Delivery.subject,
            earlier.state == DeliveryState.OWED,
            earlier.number < Delivery.number,
            earlier.endpoint_id == Delivery.endpoint_id,
        )
        .correlate(Delivery)
        .exists()
    )
    shut = select(Endpoint.id).where(Endpoint.id == Delivery.endpoint_id, ~_usable(now)).correlate(Delivery).exists()
    along = "FORCE INDEX (ix_deliveries_lane)"
    return session.scalars(
        select(Delivery.number)
        .with_hint(Delivery, along, "mysql")
        .with_hint(Delivery, along, "mariadb")
        .where(Delivery.lane == lane_id, _due(now), ~shut, ~waits)
        .order_by(Delivery.next_at, Delivery.number)
        .limit(1)
    ).one_or_none()


def _usable(now: datetime) -> ColumnElement[bool]:
    return and_(Endpoint.disabled_at.is_(None), or_(Endpoint.paused_until.is_(None), Endpoint.paused_until <= now))
