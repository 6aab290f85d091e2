"""The log of deliveries: listed, sent once more on somebody's wish, and forgotten in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, delete, select, update
from sqlalchemy.orm import Session

from models.authors import record_change
from models.deliveries import GIVE_UP, OWED
from models.engine import database_now, write
from models.refused import refuse
from models.tables import Delivery, DeliveryAttempt, Endpoint

AT_ONCE = 1000
KEPT = timedelta(days=90)
ROUNDS = 10_000  # ten million deliveries: more than a ledger keeps


@dataclass(frozen=True, slots=True)
class Which:
    """Which deliveries: those that fit all that is given. `before` is a number, for the next page."""

    key_id: str | None = None
    state: str | None = None
    task_id: str | None = None
    campaign_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        same = {
            Delivery.key_id: self.key_id,
            Delivery.state: self.state,
            Delivery.task_id: self.task_id,
            Delivery.campaign_id: self.campaign_id,
        }
        conditions = [column == value for column, value in same.items() if value is not None]
        if self.since is not None:
            conditions.append(Delivery.created_at >= self.since)
        if self.until is not None:
            conditions.append(Delivery.created_at < self.until)
        if self.before is not None:
            conditions.append(Delivery.number < self.before)
        return conditions


def list_deliveries(session: Session, which: Which, most: int = 50) -> Sequence[Delivery]:
    """The latest first."""
    return session.scalars(
        select(Delivery).where(*which.conditions()).order_by(Delivery.number.desc()).limit(most)
    ).all()


def find_delivery(session: Session, delivery_id: str, key_id: str | None = None) -> Delivery | None:
    """One by its webhook-id; with `key_id`, only of that key."""
    wanted = select(Delivery).where(Delivery.id == delivery_id)
    if key_id is not None:
        wanted = wanted.where(Delivery.key_id == key_id)
    return session.scalars(wanted).one_or_none()


def begins_with(session: Session, beginning: str) -> Sequence[Delivery]:
    """Up to two whose id begins so."""
    wanted = select(Delivery).where(Delivery.id.startswith(beginning.strip(), autoescape=True))
    return session.scalars(wanted.limit(2)).all()


def tries_of(session: Session, delivery: Delivery) -> Sequence[DeliveryAttempt]:
    """Every try at it, the first first."""
    wanted = select(DeliveryAttempt).where(DeliveryAttempt.delivery == delivery.number)
    return session.scalars(wanted.order_by(DeliveryAttempt.id)).all()


def replay_one(engine: Engine, delivery_id: str, *, who: str, key_id: str | None = None) -> None:
    """Owe it anew, with the webhook-id that it has. Raises Refused when it is unknown or owed already."""

    def work(session: Session) -> None:
        delivery = find_delivery(session, delivery_id, key_id)
        if delivery is None:
            raise refuse("delivery", f"{delivery_id!r} is unknown", "see: phonefleet deliveries list")
        if delivery.state == OWED:
            raise refuse(
                "delivery", f"{delivery_id!r} is owed already", f"it is due at {delivery.next_at:%H:%M:%S} UTC"
            )
        _check_enabled(session, [delivery.endpoint_id])
        _owe_anew(session, [delivery.number])
        record_change(session, who, f"delivery:{delivery_id}", {"state": delivery.state}, {"replay": True})

    write(engine, work)


def replay_all(engine: Engine, which: Which, *, who: str) -> int:
    """Owe anew what fits and is not owed already, in the order in which it came about; how many.

    `which.since` bounds it below. Raises Refused, before anything is done, when an endpoint is disabled.
    """
    after, replayed = 0, 0
    fits = [*which.conditions(), Delivery.state != OWED]

    def check(session: Session) -> int:
        endpoints = session.scalars(select(Delivery.endpoint_id).where(*fits).distinct()).all()
        _check_enabled(session, endpoints)
        last = session.scalar(select(Delivery.number).where(*fits).order_by(Delivery.number.desc()).limit(1))
        record_change(session, who, f"deliveries:{which.key_id or 'all'}", None, {"replay since": f"{which.since}"})
        return last or 0

    last = write(engine, check)  # what is delivered from now on is not meant
    for _ in range(ROUNDS):

        def work(session: Session, after: int = after) -> list[int]:
            wanted = select(Delivery.number).where(*fits, Delivery.number > after, Delivery.number <= last)
            numbers = list(session.scalars(wanted.order_by(Delivery.number).limit(AT_ONCE)))
            _owe_anew(session, numbers)
            return numbers

        numbers = write(engine, work)
        if not numbers:
            break
        after, replayed = numbers[-1], replayed + len(numbers)
    return replayed


def forget_deliveries(session: Session, now: datetime) -> int:
    """Delete deliveries that are older than 90 days, with what they told; at most 1000 at once; how many."""
    old = session.scalars(
        select(Delivery.number)
        .where(Delivery.created_at < now - KEPT, Delivery.state != OWED)
        .order_by(Delivery.created_at)
        .limit(AT_ONCE)
    ).all()
    if old:
        endpoints = session.scalars(select(Delivery.endpoint_id).where(Delivery.number.in_(old)).distinct()).all()
        session.execute(delete(DeliveryAttempt).where(DeliveryAttempt.delivery.in_(old)))
        session.execute(delete(Delivery).where(Delivery.number.in_(old)))
        _forget_endpoints(session, endpoints)
    return len(old)


def _forget_endpoints(session: Session, ids: Sequence[str]) -> None:
    """Those that nothing is left of: where an address names the task, each task has one. What is disabled stays so."""
    ours = (Endpoint.id.in_(ids), Endpoint.disabled_at.is_(None))
    locked = session.scalars(select(Endpoint.id).where(*ours).with_for_update(skip_locked=True)).all()
    used = set(session.scalars(select(Delivery.endpoint_id).where(Delivery.endpoint_id.in_(locked)).distinct()))
    session.execute(delete(Endpoint).where(Endpoint.id.in_([one for one in locked if one not in used])))


def _owe_anew(session: Session, numbers: Sequence[int]) -> None:
    now = database_now(session)
    session.execute(
        update(Delivery)
        .where(Delivery.number.in_(numbers), Delivery.state != OWED)
        .values(state=OWED, attempts=0, next_at=now, claimed_by=None, delivered_at=None, give_up_at=now + GIVE_UP)
    )


def _check_enabled(session: Session, endpoint_ids: Sequence[str]) -> None:
    disabled = session.scalars(
        select(Endpoint.address).where(Endpoint.id.in_(endpoint_ids), Endpoint.disabled_at.is_not(None)).limit(1)
    ).one_or_none()
    if disabled is not None:
        reason = f"{disabled} said that it is gone"
        raise refuse("endpoint", reason, "when it is there again: phonefleet deliveries enable ADDRESS")
