"""The log of deliveries: lists them, and deletes old ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from models.tables import Delivery, DeliveryAttempt, Endpoint
from models.values.enums import DeliveryState

BATCH_SIZE = 1000
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Which:
    """A filter of deliveries: they must match every field that is not None. `before` is a number, for the next page."""

    key_id: str | None = None
    state: str | None = None
    task_id: str | None = None
    campaign_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Returns the filter as SQL conditions."""
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
    """Returns up to `most` deliveries, newest first."""
    return session.scalars(
        select(Delivery).where(*which.conditions()).order_by(Delivery.number.desc()).limit(most)
    ).all()


def find_delivery(session: Session, delivery_id: str, key_id: str | None = None) -> Delivery | None:
    """Returns the delivery with this webhook-id, with `key_id` only of that key; None if there is none."""
    wanted = select(Delivery).where(Delivery.id == delivery_id)
    if key_id is not None:
        wanted = wanted.where(Delivery.key_id == key_id)
    return session.scalars(wanted).one_or_none()


def begins_with(session: Session, beginning: str) -> Sequence[Delivery]:
    """Returns up to two deliveries whose ids begin with `beginning`."""
    wanted = select(Delivery).where(Delivery.id.startswith(beginning.strip(), autoescape=True))
    return session.scalars(wanted.limit(2)).all()


def tries_of(session: Session, delivery: Delivery) -> Sequence[DeliveryAttempt]:
    """Returns every try at a delivery, oldest first."""
    wanted = select(DeliveryAttempt).where(DeliveryAttempt.delivery == delivery.number)
    return session.scalars(wanted.order_by(DeliveryAttempt.id)).all()


def forget_deliveries(session: Session, now: datetime) -> int:
    """Deletes deliveries older than 90 days, with their payloads, at most 1000. Returns the number deleted."""
    old = session.scalars(
        select(Delivery.number)
        .where(Delivery.created_at < now - KEPT, Delivery.state != DeliveryState.OWED)
        .order_by(Delivery.created_at)
        .limit(BATCH_SIZE)
    ).all()
    if old:
        endpoints = session.scalars(select(Delivery.endpoint_id).where(Delivery.number.in_(old)).distinct()).all()
        session.execute(delete(DeliveryAttempt).where(DeliveryAttempt.delivery.in_(old)))
        session.execute(delete(Delivery).where(Delivery.number.in_(old)))
        _forget_endpoints(session, endpoints)
    return len(old)


def _forget_endpoints(session: Session, ids: Sequence[str]) -> None:
    """Deletes endpoints that have no deliveries left; keeps disabled ones.

    Where a customer's addresses contain the task's id, each task has an endpoint of its own.
    """
    ours = (Endpoint.id.in_(ids), Endpoint.disabled_at.is_(None))
    locked = session.scalars(select(Endpoint.id).where(*ours).with_for_update(skip_locked=True)).all()
    used = set(session.scalars(select(Delivery.endpoint_id).where(Delivery.endpoint_id.in_(locked)).distinct()))
    session.execute(delete(Endpoint).where(Endpoint.id.in_([one for one in locked if one not in used])))
