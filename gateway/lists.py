"""Lists: tasks, campaigns and callbacks of the caller, newest first. A page begins after a row, never at a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, defer

from gateway.caller import Caller
from gateway.cursors import Place, from_cursor, from_numbers, to_cursor, to_numbers
from models.tables import Campaign, Delivery, Task

MOST_IN_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks: those that fit all that is given."""

    campaign: str | None = None
    reference: str | None = None
    flow: str | None = None
    state: str | None = None
    account: str | None = None
    phone: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL. An account or a phone is the one of the last attempt, or the one that the task is pinned to."""
        given: list[tuple[Any, ColumnElement[bool]]] = [
            (self.campaign, Task.campaign_id == self.campaign),
            (self.reference, Task.reference == self.reference),
            (self.flow, Task.flow == self.flow),
            (self.state, Task.state == self.state),
            (self.account, or_(Task.account_id == self.account, Task.pinned_account == self.account)),
            (self.phone, or_(Task.phone_serial == self.phone, Task.pinned_phone == self.phone)),
            (self.author, Task.author_id == self.author),
            (self.since, Task.created_at >= self.since if self.since is not None else Task.id.is_not(None)),
            (self.until, Task.created_at < self.until if self.until is not None else Task.id.is_not(None)),
        ]
        return [condition for value, condition in given if value is not None]


def tasks_page(
    session: Session, caller: Caller, which: TaskFilter, cursor: str | None, limit: int
) -> tuple[Sequence[Task], str | None]:
    """A page, and where the next one begins. Raises Refused for a cursor that is none."""
    wanted = (
        select(Task)
        .options(defer(Task.result), defer(Task.args), defer(Task.kwargs))
        .where(Task.key_id.in_(caller.sees), *which.conditions())
    )
    rows = session.scalars(_after(wanted, Task, "tasks", cursor, limit)).all()
    return _cut(rows, "tasks", limit)


def campaigns_page(
    session: Session, caller: Caller, state: str | None, reference: str | None, cursor: str | None, limit: int
) -> tuple[Sequence[Campaign], str | None]:
    """The same for campaigns; `state` is an outcome, open or paused."""
    wanted = select(Campaign).where(Campaign.key_id.in_(caller.sees))
    if state in ("open", "paused"):
        wanted = wanted.where(Campaign.outcome.is_(None), Campaign.paused == (state == "paused"))
    elif state is not None:
        wanted = wanted.where(Campaign.outcome == state)
    if reference is not None:
        wanted = wanted.where(Campaign.reference == reference)
    rows = session.scalars(_after(wanted, Campaign, "campaigns", cursor, limit)).all()
    return _cut(rows, "campaigns", limit)


def deliveries_page(
    session: Session, caller: Caller, conditions: Sequence[ColumnElement[bool]], cursor: str | None, limit: int
) -> tuple[Sequence[Delivery], str | None]:
    """The same for callbacks, by their numbers: in the order in which they were owed.

    Asked for key by key, because only within one key an index holds them in this order.
    """
    if cursor is not None:
        (before,) = from_numbers("deliveries", cursor)
        conditions = [*conditions, Delivery.number < before]
    latest = select(Delivery.number).where(*conditions).order_by(Delivery.number.desc()).limit(limit + 1)
    found = [one for key_id in caller.sees for one in session.scalars(latest.where(Delivery.key_id == key_id))]
    numbers = sorted(found, reverse=True)[: limit + 1]
    wanted = select(Delivery).options(defer(Delivery.payload)).where(Delivery.number.in_(numbers[:limit]))
    rows = session.scalars(wanted.order_by(Delivery.number.desc())).all()
    return rows, to_numbers("deliveries", numbers[limit - 1]) if len(numbers) > limit else None


def _after(wanted: Select[Any], table: Any, kind: str, cursor: str | None, limit: int) -> Select[Any]:
    if cursor is not None:
        place = from_cursor(kind, cursor)
        same_moment = and_(table.created_at == place.at, table.id < place.id)
        wanted = wanted.where(or_(table.created_at < place.at, same_moment))
    return wanted.order_by(table.created_at.desc(), table.id.desc()).limit(limit + 1)


def _cut(rows: Sequence[Any], kind: str, limit: int) -> tuple[Sequence[Any], str | None]:
    page = rows[:limit]
    more = len(rows) > limit
    return page, to_cursor(kind, Place(page[-1].created_at, page[-1].id)) if more else None
