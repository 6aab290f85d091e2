"""Lanes: choose the callback to send next, give it to one sender, and record the result of each try.

A lane holds the deliveries of one key to one origin. A sender takes the lane's next delivery under the lane's lock,
and owns it until a deadline; after it, another sender may take the delivery, and a late result is ignored. Each
endpoint and each lane has a circuit breaker: after five failures in a row it pauses, and then a single delivery
probes it. Any failure counts for the endpoint; for the lane only failures in which the origin did not answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.notify.alerts import raise_alert
from models.tables import Delivery, DeliveryAttempt, Endpoint, Lane
from models.values.backoff import Backoff
from models.values.enums import DeliveryState

OPENS_AFTER = 5  # failures in a row
# Errors without an answer: they concern the origin, not the path.
UNANSWERED = frozenset({"timed_out", "no_connection", "tls_failed", "no_http", "name_not_resolved"})
LANE_PAUSE, LONGEST_LANE_PAUSE = timedelta(seconds=5), timedelta(minutes=30)
LANE_PAUSES = Backoff(first=LANE_PAUSE.total_seconds(), most=LONGEST_LANE_PAUSE.total_seconds())
RUNG_FOR = timedelta(seconds=5)  # a ticket that no worker took by then is lost, or waits behind others
GIVE_UP_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery that a sender has taken."""

    number: int
    id: str
    key_id: str
    lane: str
    endpoint_id: str
    url: str
    event_type: str
    payload: Mapping[str, Any]
    created_at: datetime
    attempts: int  # earlier tries, all of which failed
    token: str
    probe: bool  # it probes an endpoint whose breaker was open
    probes_lane: bool  # it probes a lane whose breaker was open


@dataclass(frozen=True, slots=True)
class TryResult:
    """The result of one try: the HTTP status, or an error code if there is none, and the next pauses."""

    seconds: float
    status: int | None
    error: str | None
    again_in: float | None  # seconds until the next try; None for none
    pause: float  # seconds that the endpoint pauses if its breaker opens or stays open
    asked_pause: float = 0.0  # seconds that the receiver asked for

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


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
    known = _tell_lane(session, sending, result, now)
    _tell_endpoint(session, sending, result, now, told=known)
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


def enable(session: Session, endpoint_ids: Sequence[str]) -> int:
    """Enables disabled endpoints. Returns the number enabled. Missed callbacks must be replayed."""
    done = session.execute(
        update(Endpoint)
        .where(Endpoint.id.in_(endpoint_ids), Endpoint.disabled_at.is_not(None))
        .values(disabled_at=None, failures=0, paused_until=None)
    )
    assert isinstance(done, CursorResult)
    lanes = select(Endpoint.lane).where(Endpoint.id.in_(endpoint_ids))
    session.execute(update(Lane).where(Lane.id.in_(lanes)).values(failures=0, paused_until=None))
    return done.rowcount


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


def _tell_lane(session: Session, sending: Sending, result: TryResult, now: datetime) -> bool:
    """Updates the lane's breaker. Returns whether it is open, so that an alert was raised for the whole lane.

    A working lane's row is not written, so that its deliveries do not queue for the row's lock.
    """
    silent = result.error in UNANSWERED
    if not silent and session.get_one(Lane, sending.lane).failures == 0:
        return False
    lane = session.get_one(Lane, sending.lane, with_for_update=True, populate_existing=True)
    if not silent:
        lane.failures, lane.paused_until = 0, None
        return False
    if sending.probes_lane or lane.failures < OPENS_AFTER:  # once it is open, only the probe counts
        lane.failures += 1
        if lane.failures >= OPENS_AFTER:
            lane.paused_until = now + timedelta(seconds=LANE_PAUSES.wait(lane.failures - OPENS_AFTER + 1))
        if lane.failures == OPENS_AFTER:
            _say_failing(session, sending, lane.origin, result, now)
    return lane.failures >= OPENS_AFTER


def _tell_endpoint(session: Session, sending: Sending, result: TryResult, now: datetime, *, told: bool) -> None:
    """Updates the endpoint's breaker, its pause or its end. `told`: an alert was raised for its whole lane.

    A working endpoint's row is not written, so that its deliveries do not queue for the row's lock.
    """
    endpoint = session.get_one(Endpoint, sending.endpoint_id)
    if result.arrived and endpoint.failures == 0 and endpoint.last_arrived_at is not None:
        return
    endpoint = session.get_one(Endpoint, sending.endpoint_id, with_for_update=True, populate_existing=True)
    if result.arrived:
        endpoint.failures, endpoint.paused_until, endpoint.last_arrived_at = 0, None, now
    elif result.gone:
        _disable(session, endpoint, now)
    elif sending.probe or endpoint.failures < OPENS_AFTER:  # once it is open, only the probe counts
        endpoint.failures += 1
        if endpoint.failures >= OPENS_AFTER:
            endpoint.paused_until = now + timedelta(seconds=max(result.pause, result.asked_pause))
        if endpoint.failures == OPENS_AFTER and not told:
            _say_failing(session, sending, endpoint.address, result, now)
    if result.asked_pause and not result.gone:
        asked = now + timedelta(seconds=result.asked_pause)
        endpoint.paused_until = max(endpoint.paused_until or asked, asked)


def _say_failing(session: Session, sending: Sending, where: str, result: TryResult, now: datetime) -> None:
    """Raises an alert each time a breaker opens. Alerts owed to this same endpoint wait like its other deliveries."""
    text = f"{where} of {sending.key_id} took no callback {OPENS_AFTER} times in a row: {result.error}"
    remedy = "see phonefleet deliveries; ask the customer. It is tried again by itself"
    raise_alert(session, "endpoint_failing", f"endpoint:{sending.endpoint_id}", text, remedy, now)


def _disable(session: Session, endpoint: Endpoint, now: datetime) -> None:
    if endpoint.disabled_at is not None:
        return
    endpoint.disabled_at = now
    session.execute(
        update(Delivery)
        .where(Delivery.endpoint_id == endpoint.id, Delivery.state == DeliveryState.OWED)
        .values(state=DeliveryState.DISABLED, last_error="endpoint_disabled", claimed_by=None)
    )
    session.flush()
    text = f"{endpoint.address} of {endpoint.key_id} answered 410: it wants no callbacks any more"
    remedy = "ask the customer; then phonefleet deliveries enable ADDRESS, and replay what was missed"
    raise_alert(session, "endpoint_disabled", f"endpoint:{endpoint.id}", text, remedy, now)


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
