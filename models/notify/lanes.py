"""Lanes: choose the callbacks to send next, give each to one sender, and record the result of each try.

A lane holds the deliveries of one key to one origin. A sender takes the lane's next delivery under the lane's lock,
and owns it until a deadline; after it, another sender may take the delivery, and a late result is ignored. Senders of
one process settle and take together, in one transaction. A breaker pauses an endpoint or a lane that fails
(models/notify/breakers.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.notify.breakers import OPENS_AFTER, tell_endpoint, tell_lane
from models.notify.sending import ONE, Demand, Sending, TryResult
from models.tables import ApiKey, Delivery, DeliveryAttempt, Endpoint, Lane
from models.values.enums import DeliveryState

RUNG_FOR = timedelta(seconds=5)  # a ticket that no worker took by then is lost, or waits behind others
GIVE_UP_AT_ONCE = 1000
_SENT = (
    Delivery.number,
    Delivery.id,
    Delivery.key_id,
    Delivery.lane,
    Delivery.endpoint_id,
    Delivery.url,
    Delivery.event_type,
    Delivery.payload,
    Delivery.created_at,
    Delivery.attempts,
)


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
        if free > 0 and _first(session, lane.id, now):
            waiting = select(Delivery.number).where(Delivery.lane == lane.id, _due(now)).limit(free).subquery()
            wanted[lane.id] = session.scalar(select(func.count()).select_from(waiting)) or 1
            lane.rung_at = now
    return wanted


def customers_of(session: Session, lane_ids: Collection[str]) -> dict[str, str]:
    """Returns the customer of each of these lanes."""
    if not lane_ids:
        return {}
    whose = select(Lane.id, ApiKey.customer).join(ApiKey, ApiKey.id == Lane.key_id).where(Lane.id.in_(lane_ids))
    return {row.id: row.customer for row in session.execute(whose)}


def lock_lane(session: Session, lane_id: str) -> Lane | None:
    """Returns a lane, locked until the transaction ends: whoever takes its deliveries or settles tries locks it."""
    return session.get(Lane, lane_id, with_for_update=True, populate_existing=True)


def take_next(
    session: Session, lane: Lane, now: datetime, hold: float, most: int, demand: Demand = ONE
) -> Sequence[Sending]:
    """Takes the next deliveries of a locked lane for `hold` seconds: first those to be sent at once, then those ahead.

    Takes none while the lane pauses, and at once no more than leave `most` of the lane under way in all processes.
    Only a process that alone has deliveries of the lane takes some ahead.
    """
    if _is_paused(lane, now):
        return []
    others = max(0, _in_flight(session, lane.id, now) - demand.claims)
    wanted = min(demand.hands, most - others - demand.under_way)
    if wanted == demand.hands and not others:
        wanted += demand.ahead
    probes_lane = lane.failures >= OPENS_AFTER
    if probes_lane:
        wanted = min(wanted, 1)
    taken: list[Sending] = []
    while len(taken) < wanted:
        few = _take_some(session, lane, now, hold, wanted - len(taken))
        taken += few
        if not few:
            lane.rung_at = None
            break
    if taken and probes_lane:  # no second probe until this one has a result
        lane.paused_until = now + timedelta(seconds=hold)
    return taken


def _take_some(session: Session, lane: Lane, now: datetime, hold: float, wanted: int) -> list[Sending]:
    """Takes up to `wanted`, of an endpoint that is probed only one: empty only when nothing can be sent."""
    rows = _first(session, lane.id, now, wanted)
    endpoints = _endpoints(session, {row["endpoint_id"] for row in rows})
    token, until = str(uuid4()), now + timedelta(seconds=hold)
    taken: list[Sending] = []
    probed: set[str] = set()
    for row in rows:
        endpoint = endpoints[row["endpoint_id"]]
        if endpoint.id in probed:
            continue
        probe = endpoint.failures >= OPENS_AFTER
        if probe:  # no second probe until this one has a result
            probed.add(endpoint.id)
            endpoint.paused_until = until
        taken.append(Sending(**row, token=token, probe=probe, probes_lane=lane.failures >= OPENS_AFTER))
    if taken:
        session.execute(
            update(Delivery)
            .where(Delivery.number.in_([one.number for one in taken]))
            .values(claimed_by=token, next_at=until)
            .execution_options(synchronize_session=False)
        )
    return taken


def _endpoints(session: Session, ids: Collection[str]) -> dict[str, Endpoint]:
    """Returns endpoints as they stand now, by their ids."""
    if not ids:
        return {}
    wanted = select(Endpoint).where(Endpoint.id.in_(ids)).execution_options(populate_existing=True)
    return {one.id: one for one in session.scalars(wanted)}


def give_back(session: Session, unsent: Sequence[Sending], now: datetime) -> None:
    """Gives up deliveries of a locked lane that were taken and not sent: they are due at once."""
    for token in {one.token for one in unsent}:
        session.execute(
            update(Delivery)
            .where(
                Delivery.number.in_([one.number for one in unsent if one.token == token]),
                Delivery.claimed_by == token,
                Delivery.state == DeliveryState.OWED,
            )
            .values(claimed_by=None, next_at=now)
            .execution_options(synchronize_session=False)
        )


def leave_lane(lane: Lane) -> None:
    """Releases a locked lane: the coordinator may ring it again at once."""
    lane.rung_at = None


def settle_tries(session: Session, lane: Lane, tries: Sequence[tuple[Sending, TryResult]], now: datetime) -> set[int]:
    """Records the results of tries in a locked lane. Returns the numbers whose senders still owned their delivery.

    Of the others only the log of tries has the result.
    """
    numbers = [sending.number for sending, _ in tries]
    owned = select(Delivery.number, Delivery.claimed_by).where(
        Delivery.number.in_(numbers), Delivery.state == DeliveryState.OWED
    )
    owners = {row.number: row.claimed_by for row in session.execute(owned.with_for_update())}
    session.execute(insert(DeliveryAttempt), [_attempt(sending, result, now) for sending, result in tries])
    mine = [(sending, result) for sending, result in tries if owners.get(sending.number) == sending.token]
    for values, those in _alike(mine, now):
        session.execute(
            update(Delivery)
            .where(Delivery.number.in_(those))
            .values(**values, attempts=Delivery.attempts + 1, claimed_by=None)
            .execution_options(synchronize_session=False)
        )
    endpoints = _endpoints(session, {sending.endpoint_id for sending, _ in mine})
    for sending, result in mine:
        known = tell_lane(session, lane, sending, result, now)
        tell_endpoint(session, endpoints[sending.endpoint_id], sending, result, now, told=known)
    return {sending.number for sending, _ in mine}


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


def _attempt(sending: Sending, result: TryResult, now: datetime) -> dict[str, Any]:
    return {
        "delivery": sending.number,
        "started_at": now - timedelta(seconds=result.seconds),
        "seconds": result.seconds,
        "status": result.status,
        "error": result.error,
    }


def _alike(
    tries: Sequence[tuple[Sending, TryResult]], now: datetime
) -> Iterator[tuple[Mapping[str, Any], Sequence[int]]]:
    """Yields the new values of deliveries, each with the numbers of those that get them."""
    groups: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for sending, result in tries:
        values = {**_state_after(result, now), "last_status": result.status, "last_error": result.error}
        groups.setdefault(tuple(values.items()), []).append(sending.number)
    for alike, numbers in groups.items():
        yield dict(alike), numbers


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


def _first(session: Session, lane_id: str, now: datetime, most: int = 1) -> Sequence[RowMapping]:
    """Returns the lane's next deliveries that can be sent, at most `most`, with the fields that Sending has of them.

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
    return (
        session.execute(
            select(*_SENT)
            .with_hint(Delivery, along, "mysql")
            .with_hint(Delivery, along, "mariadb")
            .where(Delivery.lane == lane_id, _due(now), ~shut, ~waits)
            .order_by(Delivery.next_at, Delivery.number)
            .limit(most)
        )
        .mappings()
        .all()
    )


def _usable(now: datetime) -> ColumnElement[bool]:
    return and_(Endpoint.disabled_at.is_(None), or_(Endpoint.paused_until.is_(None), Endpoint.paused_until <= now))
