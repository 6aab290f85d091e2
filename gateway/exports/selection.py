"""Reads the tasks of an export step by step, along indexes that the ledger has, each step with a bounded cost.

A step looks at the next 1,000 tasks of a branch, by their moment of planting, and reads those that match. So a filter
that matches nearly nothing costs many short queries, and none that runs long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, defer

from gateway.exports.asked import Frozen
from models.tables import Campaign, Task
from models.values.enums import RunsOn

LOOKED_AT = 1000
CAMPAIGNS_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a walk: behind the row with this moment and id, in the branch with this number."""

    branch: int = 0
    at: datetime | None = None
    id: str = ""

    def as_json(self) -> list[Any]:
        """Returns the place as JSON values."""
        return [self.branch, None if self.at is None else self.at.isoformat(), self.id]

    @classmethod
    def of(cls, told: Sequence[Any]) -> Place:
        """Returns the place from its JSON values."""
        return cls(told[0], None if told[1] is None else datetime.fromisoformat(told[1]), told[2])


@dataclass(frozen=True, slots=True)
class Step:
    """The tasks that matched, how many were looked at, and the next place; None: there is no further one."""

    tasks: Sequence[Task]
    looked_at: int
    following: Place | None


def task_step(session: Session, asked: Frozen, cut_at: datetime, place: Place) -> Step:
    """Reads a step of tasks, oldest first. They come without their results."""
    filters = asked.filters
    walk = [*_branch(asked, place.branch, Task), Task.created_at <= cut_at]
    if filters.since is not None:
        walk.append(Task.created_at >= filters.since)
    if filters.until is not None:
        walk.append(Task.created_at < filters.until)
    ahead = [*walk, *_behind(place, Task)]
    last = _last_of(session, Task, ahead, LOOKED_AT)
    here = [*ahead, *([] if last is None else [_up_to(last, Task)])]
    rest = select(func.count()).select_from(Task).where(*here)
    looked_at = LOOKED_AT if last is not None else session.scalar(rest) or 0
    found = select(Task).where(*here, Task.runs_on == RunsOn.PHONE, *filters.conditions())
    tasks = session.scalars(found.options(defer(Task.result)).order_by(Task.created_at, Task.id)).all()
    return Step(tasks, looked_at, _following(asked, place, last))


def campaign_step(
    session: Session, asked: Frozen, cut_at: datetime, place: Place
) -> tuple[Sequence[Campaign], Place | None]:
    """Reads the next campaigns, oldest first, and the next place; None: there is no further one."""
    ahead = [*_branch(asked, place.branch, Campaign), Campaign.created_at <= cut_at, *_behind(place, Campaign)]
    last = _last_of(session, Campaign, ahead, CAMPAIGNS_LOOKED_AT)
    here = [*ahead, *([] if last is None else [_up_to(last, Campaign)])]
    found = session.scalars(select(Campaign).where(*here).order_by(Campaign.created_at, Campaign.id)).all()
    return found, _following(asked, place, last)


def count_tasks(session: Session, asked: Frozen, cut_at: datetime) -> int:
    """Counts the tasks that the steps will look at."""
    filters = asked.filters
    total = 0
    for branch in range(_branches(asked)):
        which = [*_branch(asked, branch, Task), Task.created_at <= cut_at]
        if filters.since is not None:
            which.append(Task.created_at >= filters.since)
        if filters.until is not None:
            which.append(Task.created_at < filters.until)
        total += session.scalar(select(func.count()).select_from(Task).where(*which)) or 0
    return total


def owned_by(keys: Sequence[str | None], column: Any) -> ColumnElement[bool]:
    """Returns the condition that a row belongs to one of these keys; None among them is the operator."""
    named = [key for key in keys if key is not None]
    mine: list[ColumnElement[bool]] = [column.in_(named)] if named else []
    if None in keys:
        mine.append(column.is_(None))
    return or_(*mine)


def _branches(asked: Frozen) -> int:
    return 1 if asked.filters.campaign is not None else len(asked.keys)


def _branch(asked: Frozen, number: int, table: type[Task] | type[Campaign]) -> list[ColumnElement[bool]]:
    """Returns the conditions of a branch: the campaign, or else each key by itself."""
    campaign = asked.filters.campaign
    if campaign is not None:
        column = Task.campaign_id if table is Task else Campaign.id
        return [column == campaign, owned_by(asked.keys, table.key_id)]
    key = asked.keys[number]
    return [table.key_id.is_(None) if key is None else table.key_id == key]


def _last_of(
    session: Session, table: type[Task] | type[Campaign], ahead: Sequence[ColumnElement[bool]], most: int
) -> tuple[datetime, str] | None:
    """Returns moment and id of the last row of a full step; None when the rest is shorter."""
    order = (table.created_at, table.id)
    found = session.execute(select(*order).where(*ahead).order_by(*order).offset(most - 1).limit(1)).one_or_none()
    return None if found is None else (found[0], found[1])


def _following(asked: Frozen, place: Place, last: tuple[datetime, str] | None) -> Place | None:
    if last is not None:
        return Place(place.branch, *last)
    return Place(place.branch + 1) if place.branch + 1 < _branches(asked) else None


def _behind(place: Place, table: type[Task] | type[Campaign]) -> list[ColumnElement[bool]]:
    if place.at is None:
        return []
    return [table.created_at >= place.at, or_(table.created_at > place.at, table.id > place.id)]


def _up_to(last: tuple[datetime, str], table: type[Task] | type[Campaign]) -> ColumnElement[bool]:
    at, row = last
    return and_(table.created_at <= at, or_(table.created_at < at, table.id <= row))
