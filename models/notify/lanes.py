"""Lanes: which callback is sent next, by whom, and what came of it.

A lane is what one key is owed at one origin. Who sends takes the next delivery of a lane under the
lane's lock, and holds it until a moment after which it is taken for dead; what it says later is not
heard. An endpoint whose deliveries fail one after the other is left alone for a while, and then
tried with a single one; so is a whole lane at whose origin nobody answers, on whatever path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.backoff import Backoff
from models.enums import DeliveryState
from models.notify.alerts import raise_alert
from models.tables import Delivery, DeliveryAttempt, Endpoint, Lane

OPENS_AFTER = 5  # failures one after the other
# Nobody answered: that says something of the origin, and nothing of the path.
UNANSWERED = frozenset({"timed_out", "no_connection", "tls_failed", "no_http", "name_not_resolved"})
LANE_PAUSE, LONGEST_LANE_PAUSE = timedelta(seconds=5), timedelta(minutes=30)
LANE_PAUSES = Backoff(first=LANE_PAUSE.total_seconds(), most=LONGEST_LANE_PAUSE.total_seconds())
RUNG_FOR = timedelta(seconds=5)  # a ticket that nobody took by then is lost, or waits behind others
GIVE_UP_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery in somebody's hands."""

    number: int
    id: str
    key_id: str
    lane: str
    endpoint_id: str
    url: str
    event_type: str
    payload: Mapping[str, Any]
    created_at: datetime
    attempts: int  # that failed before this one
    token: str
    probe: bool  # the one that tries an endpoint whose breaker was open
    probes_lane: bool  # the same of a lane


@dataclass(frozen=True, slots=True)
class TryResult:
    """What came of one try: a status, or a code for why there is none, and what follows."""

    seconds: float
    status: int | None
    error: str | None
    again_in: float | None  # seconds until the next try; None for none
    pause: float  # seconds that the endpoint is left alone if its breaker opens, or stays open
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
    """How many tickets each lane wants that has something to send, `most` at once; they count as rung from now."""
    due = select(Delivery.number).where(Delivery.lane == Lane.id, _due(now)).limit(1).scalar_subquery()
    usable = select(Endpoint.id).where(Endpoint.lane == Lane.id, _usable(now)).limit(1).scalar_subquery()
    quiet = or_(Lane.rung_at.is_(None), Lane.rung_at < now - RUNG_FOR)
    open_ = or_(Lane.paused_until.is_(None), Lane.paused_until <= now)
    wanted: dict[str, int] = {}
    # Scalars and no EXISTS: MariaDB would read every delivery that is due for it.
    for lane_id in session.scalars(select(Lane.id).where(quiet, open_, due.is_not(None), usable.is_not(None))).all():
        lane = session.get_one(Lane, lane_id, with_for_update=True, populate_existing=True)
        free = most - _in_flight(session, lane.id, now)
        if free > 0 and _first(session, lane.id, now) is not None:
            waiting = select(Delivery.number).where(Delivery.lane == lane.id, _due(now)).limit(free).subquery()
            wanted[lane.id] = session.scalar(select(func.count()).select_from(waiting)) or 1
            lane.rung_at = now
    return wanted


def take_next(session: Session, lane_id: str, token: str, now: datetime, hold: float, most: int) -> Sending | None:
    """The lane's next delivery, held for `hold` seconds. None when nothing is due or `most` are being sent."""
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
    if probe:  # no second one until this one came back
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


def settle_try(session: Session, sending: Sending, came: TryResult, now: datetime) -> bool:
    """Write down what came of a try. False when the delivery was no longer in these hands: then only the log has it."""
    session.add(
        DeliveryAttempt(
            delivery=sending.number,
            started_at=now - timedelta(seconds=came.seconds),
            seconds=came.seconds,
            status=came.status,
            error=came.error,
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
            **_state_after(came, now),
            attempts=Delivery.attempts + 1,
            claimed_by=None,
            last_status=came.status,
            last_error=came.error,
        )
    )
    assert isinstance(done, CursorResult)
    if done.rowcount != 1:
        return False
    known = _tell_lane(session, sending, came, now)
    _tell_endpoint(session, sending, came, now, told=known)
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


def _state_after(came: TryResult, now: datetime) -> dict[str, Any]:
    if came.arrived:
        return {"state": DeliveryState.DELIVERED, "delivered_at": now}
    if came.gone:
        return {"state": DeliveryState.DISABLED}
    if came.again_in is None:
        return {"state": DeliveryState.FAILED}
    return {"next_at": now + timedelta(seconds=came.again_in)}


def _is_paused(lane: Lane, now: datetime) -> bool:
    return lane.paused_until is not None and lane.paused_until > now


def _tell_lane(session: Session, sending: Sending, came: TryResult, now: datetime) -> bool:
    """Did somebody answer there? True when the lane is known to be silent, and an alert says so. Written as rarely."""
    silent = came.error in UNANSWERED
    if not silent and session.get_one(Lane, sending.lane).failures == 0:
        return False
    lane = session.get_one(Lane, sending.lane, with_for_update=True, populate_existing=True)
    if not silent:
        lane.failures, lane.paused_until = 0, None
        return False
    if sending.probes_lane or lane.failures < OPENS_AFTER:  # those that were under way when it opened say no more
        lane.failures += 1
        if lane.failures >= OPENS_AFTER:
            lane.paused_until = now + timedelta(seconds=LANE_PAUSES.wait(lane.failures - OPENS_AFTER + 1))
        if lane.failures == OPENS_AFTER:
            _say_failing(session, sending, lane.origin, came, now)
    return lane.failures >= OPENS_AFTER


def _tell_endpoint(session: Session, sending: Sending, came: TryResult, now: datetime, *, told: bool) -> None:
    """An endpoint that works is not written to: its row would be where all its deliveries queue.

    `told`: an alert about its whole lane was raised.
    """
    endpoint = session.get_one(Endpoint, sending.endpoint_id)
    if came.arrived and endpoint.failures == 0 and endpoint.last_arrived_at is not None:
        return
    endpoint = session.get_one(Endpoint, sending.endpoint_id, with_for_update=True, populate_existing=True)
    if came.arrived:
        endpoint.failures, endpoint.paused_until, endpoint.last_arrived_at = 0, None, now
    elif came.gone:
        _disable(session, endpoint, now)
    elif sending.probe or endpoint.failures < OPENS_AFTER:  # those that were under way when it opened say no more
        endpoint.failures += 1
        if endpoint.failures >= OPENS_AFTER:
            endpoint.paused_until = now + timedelta(seconds=max(came.pause, came.asked_pause))
        if endpoint.failures == OPENS_AFTER and not told:
            _say_failing(session, sending, endpoint.address, came, now)
    if came.asked_pause and not came.gone:
        asked = now + timedelta(seconds=came.asked_pause)
        endpoint.paused_until = max(endpoint.paused_until or asked, asked)


def _say_failing(session: Session, sending: Sending, where: str, came: TryResult, now: datetime) -> None:
    """Once each time that a breaker opens. Alerts that are owed to this very endpoint wait like the rest."""
    text = f"{where} of {sending.key_id} took no callback {OPENS_AFTER} times in a row: {came.error}"
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
    """The lane's next delivery, if any can be sent.

    A task's later event is not sent to an endpoint before its earlier one arrived, or was given up.
    Read along the index until one fits: left to itself MariaDB sorts all that is due.
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
