"""Pages of the caller's tasks, campaigns and callbacks, newest first. A page starts after a row, not at an offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, defer

from gateway.access.caller import Caller
from gateway.api.cursors import PagePosition, from_cursor, from_numbers, to_cursor, to_numbers
from models.database.index_walk import Branch, Order, Walk
from models.notify.delivery_log import Which
from models.tables import Campaign, Delivery, Task
from models.values.enums import CampaignState

MOST_IN_A_PAGE = 200
# No transaction stays open this long, so a row's number and its time differ by no more than this.
LONGEST_TRANSACTION = timedelta(minutes=1)
TASKS = Order((Task.created_at, Task.id))
CAMPAIGNS = Order((Campaign.created_at, Campaign.id))
DELIVERIES = Order((Delivery.number,))


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """A filter of tasks: they must match every field that is not None."""

    campaign: str | None = None
    reference: str | None = None
    flow: str | None = None
    state: str | None = None
    account: str | None = None
    phone: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def within(self) -> list[ColumnElement[bool]]:
        """Returns the conditions on the time, which is the last column of every list's index."""
        conditions: list[ColumnElement[bool]] = []
        if self.since is not None:
            conditions.append(Task.created_at >= self.since)
        if self.until is not None:
            conditions.append(Task.created_at < self.until)
        return conditions

    def given(self) -> list[tuple[str, Sequence[tuple[str, ColumnElement[bool]]]]]:
        """Returns the other conditions, the most selective first: a name, and indexes with a condition each.

        An account or a phone is that of the last attempt, or the one that the task is pinned to.
        """
        ways: list[tuple[str, str | None, Sequence[tuple[str, Any]]]] = [
            ("reference", self.reference, [("ix_tasks_key_reference", Task.reference)]),
            ("campaign", self.campaign, [("ix_tasks_campaign_created", Task.campaign_id)]),
            (
                "phone",
                self.phone,
                [("ix_tasks_key_phone", Task.phone_serial), ("ix_tasks_key_pinned_phone", Task.pinned_phone)],
            ),
            (
                "account",
                self.account,
                [("ix_tasks_key_account", Task.account_id), ("ix_tasks_key_pinned_account", Task.pinned_account)],
            ),
            ("author", self.author, [("ix_tasks_key_author", Task.author_id)]),
            ("state", self.state, [("ix_tasks_key_state", Task.state)]),
            ("flow", self.flow, [("ix_tasks_key_flow", Task.flow)]),
        ]
        return [
            (name, [(index, column == value) for index, column in columns])
            for name, value, columns in ways
            if value is not None
        ]


def tasks_page(
    session: Session, caller: Caller, which: TaskFilter, cursor: str | None, limit: int
) -> tuple[Sequence[Task], str | None]:
    """Returns a page of tasks, and the cursor of the next one. Raises Refused for an invalid cursor."""
    place = _place("tasks", cursor)
    if which.campaign is not None and not _is_own(session, caller, which.campaign):
        return [], None
    given = which.given()
    branches = _branches(caller, which, given[0] if given else None)
    others = [or_(*(condition for _, condition in ways)) for _, ways in given[1:]]
    ids, after = Walk(Task, TASKS, branches, others).page(session, place, limit)
    short = [defer(column) for column in (Task.result, Task.root, Task.args, Task.kwargs)]
    wanted = select(Task).options(*short).where(Task.id.in_(ids))
    rows = session.scalars(wanted.order_by(Task.created_at.desc(), Task.id.desc())).all() if ids else []
    return rows, _cursor("tasks", after)


def _branches(
    caller: Caller, which: TaskFilter, first: tuple[str, Sequence[tuple[str, ColumnElement[bool]]]] | None
) -> list[Branch]:
    """Returns the branches of the most selective condition: one for each key, but a campaign has only one key."""
    within = which.within()
    if first is None:
        return [Branch("ix_tasks_key", [Task.key_id == key_id, *within]) for key_id in caller.sees]
    name, ways = first
    if name == "campaign":
        return [Branch(index, [condition, *within]) for index, condition in ways]
    return [
        Branch(index, [Task.key_id == key_id, condition, *within])
        for key_id in caller.sees
        for index, condition in ways
    ]


def campaigns_page(
    session: Session, caller: Caller, state: str | None, reference: str | None, cursor: str | None, limit: int
) -> tuple[Sequence[Campaign], str | None]:
    """Returns a page of campaigns, as `tasks_page`; `state` is an outcome, open or paused."""
    place = _place("campaigns", cursor)
    is_open = state in (CampaignState.OPEN, CampaignState.PAUSED)
    of_state: list[ColumnElement[bool]] = []
    if state is not None:
        of_state = [Campaign.outcome.is_(None) if is_open else Campaign.outcome == state]
    rest: list[ColumnElement[bool]] = [Campaign.paused == (state == CampaignState.PAUSED)] if is_open else []
    index = "ix_campaigns_key_outcome" if of_state else "ix_campaigns_key"
    if reference is not None:  # one for each key
        index, rest, of_state = "uq_campaigns_key_reference", [*rest, *of_state], [Campaign.reference == reference]
    branches = [Branch(index, [Campaign.key_id == key_id, *of_state]) for key_id in caller.sees]
    ids, after = Walk(Campaign, CAMPAIGNS, branches, rest).page(session, place, limit)
    wanted = select(Campaign).options(defer(Campaign.asked_for), defer(Campaign.root)).where(Campaign.id.in_(ids))
    rows = session.scalars(wanted.order_by(Campaign.created_at.desc(), Campaign.id.desc())).all() if ids else []
    return rows, _cursor("campaigns", after)


def deliveries_page(
    session: Session, caller: Caller, which: Which, cursor: str | None, limit: int
) -> tuple[Sequence[Delivery], str | None]:
    """Returns a page of callbacks, as `tasks_page`, ordered by number: the order in which they were owed."""
    place = None if cursor is None else (from_numbers("deliveries", cursor)[0],)
    numbers = _numbers(session, which)
    of_keys = [Delivery.key_id == key_id for key_id in caller.sees]
    rest = which.conditions()
    if which.task_id is not None or which.campaign_id is not None:
        one, index = (
            (Delivery.task_id == which.task_id, "ix_deliveries_task")
            if which.task_id is not None
            else (Delivery.campaign_id == which.campaign_id, "ix_deliveries_campaign")
        )
        branches = [Branch(index, [one, *numbers])]
        rest = [or_(*of_keys), *rest]
    elif which.state is not None:
        branches = [
            Branch("ix_deliveries_key_state", [key, Delivery.state == which.state, *numbers]) for key in of_keys
        ]
    else:
        branches = [Branch("ix_deliveries_key", [key, *numbers]) for key in of_keys]
    if which.since is None and which.until is None and which.task_id is None and which.campaign_id is None:
        rest = []  # the index covers every condition
    found, after = Walk(Delivery, DELIVERIES, branches, rest).page(session, place, limit)
    wanted = select(Delivery).options(defer(Delivery.payload)).where(Delivery.number.in_(found))
    rows = session.scalars(wanted.order_by(Delivery.number.desc())).all() if found else []
    return rows, None if after is None else to_numbers("deliveries", after[0])


def _numbers(session: Session, which: Which) -> list[ColumnElement[bool]]:
    """Returns conditions on the numbers of callbacks in a period; callbacks made long before or after have others."""
    bounds: list[ColumnElement[bool]] = []
    at = select(Delivery.number).limit(1)
    if which.since is not None:
        earlier = at.where(Delivery.created_at <= which.since - LONGEST_TRANSACTION)
        first = session.scalar(earlier.order_by(Delivery.created_at.desc()))
        bounds += [] if first is None else [Delivery.number > first]
    if which.until is not None:
        later = at.where(Delivery.created_at >= which.until + LONGEST_TRANSACTION)
        last = session.scalar(later.order_by(Delivery.created_at))
        bounds += [] if last is None else [Delivery.number < last]
    return bounds


def _is_own(session: Session, caller: Caller, campaign_id: str | None) -> bool:
    return session.scalar(select(Campaign.key_id).where(Campaign.id == campaign_id)) in caller.sees


def _place(kind: str, cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    place = from_cursor(kind, cursor)
    return place.at, place.id


def _cursor(kind: str, after: tuple[Any, ...] | None) -> str | None:
    return None if after is None else to_cursor(kind, PagePosition(*after))
