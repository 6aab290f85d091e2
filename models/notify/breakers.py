"""Circuit breakers of endpoints and lanes: after five failures in a row one pauses, then one delivery probes it.

Any failure counts for the endpoint; for the lane those count that kept a sender waiting: the origin did not answer, or
answered late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from models.notify.alerts import raise_alert
from models.notify.sending import Sending, TryResult
from models.tables import Delivery, Endpoint, Lane
from models.values.backoff import Backoff
from models.values.enums import DeliveryState

OPENS_AFTER = 5  # failures in a row
# Errors without an answer: they concern the origin, not the path.
UNANSWERED = frozenset({"timed_out", "no_connection", "tls_failed", "no_http", "name_not_resolved"})
SLOW_SECONDS = 2.0  # a failure that took longer holds a sender as one without any answer does
LANE_PAUSE, LONGEST_LANE_PAUSE = timedelta(seconds=5), timedelta(minutes=30)
LANE_PAUSES = Backoff(first=LANE_PAUSE.total_seconds(), most=LONGEST_LANE_PAUSE.total_seconds())


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


def harms_lane(result: TryResult) -> bool:
    """True for a failure that kept a sender waiting: without any answer, or with one that came late."""
    return not result.arrived and (result.error in UNANSWERED or result.seconds > SLOW_SECONDS)


def tell_lane(session: Session, lane: Lane, sending: Sending, result: TryResult, now: datetime) -> bool:
    """Updates a locked lane's breaker. Returns whether it is open, so that an alert was raised for the whole lane.

    A quick failure neither counts nor mends: an origin that answers one request in five at once is as slow as before.
    But it closes the breaker when it answers the probe.
    """
    if not harms_lane(result):
        if lane.failures and (result.arrived or sending.probes_lane):
            lane.failures, lane.paused_until = 0, None
        return False
    if sending.probes_lane or lane.failures < OPENS_AFTER:  # once it is open, only the probe counts
        lane.failures += 1
        if lane.failures >= OPENS_AFTER:
            lane.paused_until = now + timedelta(seconds=LANE_PAUSES.wait(lane.failures - OPENS_AFTER + 1))
        if lane.failures == OPENS_AFTER:
            _say_failing(session, sending, lane.origin, result, now)
    return lane.failures >= OPENS_AFTER


def tell_endpoint(
    session: Session, endpoint: Endpoint, sending: Sending, result: TryResult, now: datetime, *, told: bool
) -> None:
    """Updates the endpoint's breaker, its pause or its end. `told`: an alert was raised for its whole lane.

    A working endpoint's row is not written, so that its deliveries do not queue for the row's lock.
    """
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
