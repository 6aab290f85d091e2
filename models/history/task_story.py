"""The story of one task as the ledger tells it: planted, each attempt, each action, each callback, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import ActionRow, Attempt, Campaign, Delivery, DeliveryAttempt, RefusedWrite, Task
from models.values.enums import ActionOutcome, AttemptOutcome

MOST = 200  # rows of each kind, the latest ones


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a task: when, on which phone (empty: on none), in words, and whether it went wrong."""

    at: datetime
    phone: str
    text: str
    bad: bool = False


def task_story(session: Session, task_id: str) -> list[Event]:
    """Returns what happened to a task, the earliest first. Raises NoResultFound when there is none of this id."""
    task = session.get_one(Task, task_id)
    campaign = session.get_one(Campaign, task.campaign_id)
    events = [
        Event(task.created_at, "", f"planted by {campaign.asked_by} in campaign {campaign.id}: {task.flow}"),
        *_attempts(session, task_id),
        *_actions(session, task_id),
        *_refused(session, task_id),
        *_callbacks(session, task_id),
    ]
    if task.ended_at is not None:
        why = ": ".join(filter(None, (task.failure_code, task.reason)))
        bad = task.failure_code is not None
        events.append(Event(task.ended_at, "", f"the task ends: {task.state}{why and f', {why}'}", bad))
    return sorted(events, key=lambda event: event.at)


def _attempts(session: Session, task_id: str) -> Iterator[Event]:
    latest = select(Attempt).where(Attempt.task_id == task_id).order_by(Attempt.number.desc()).limit(MOST)
    for one in session.scalars(latest):
        phone = one.phone_serial or ""
        account = f" as {one.account_id}" if one.account_id else ""
        yield Event(one.started_at, phone, f"attempt {one.number} begins{account}")
        if one.ended_at is not None:
            step = f" in step {one.step}" if one.step else ""
            why = ": ".join(filter(None, (one.failure_code, one.reason)))
            bad = one.outcome != AttemptOutcome.SUCCEEDED
            yield Event(one.ended_at, phone, f"attempt {one.number} ends{step}: {one.outcome}{why and f', {why}'}", bad)


def _actions(session: Session, task_id: str) -> Iterator[Event]:
    latest = select(ActionRow).where(ActionRow.task_id == task_id).order_by(ActionRow.id.desc()).limit(MOST)
    for one in session.scalars(latest):
        yield Event(one.declared_at, one.phone_serial, f"{one.kind} declared as {one.account_id}, basis {one.basis}")
        if one.ended_at is not None:
            seen = ", seen in the app" if one.verified and one.outcome == ActionOutcome.DONE else ""
            why = f": {one.reason}" if one.reason else ""
            yield Event(one.ended_at, one.phone_serial, f"{one.kind}: {one.outcome}{seen}{why}")


def _refused(session: Session, task_id: str) -> Iterator[Event]:
    late = select(RefusedWrite).where(RefusedWrite.task_id == task_id).order_by(RefusedWrite.id.desc()).limit(MOST)
    for one in session.scalars(late):
        yield Event(one.at, "", f"a late write of attempt {one.attempt} is refused: {one.what}", bad=True)


def _callbacks(session: Session, task_id: str) -> Iterator[Event]:
    latest = select(Delivery).where(Delivery.task_id == task_id).order_by(Delivery.number.desc()).limit(MOST)
    for owed in session.scalars(latest):
        yield Event(owed.created_at, "", f"callback {owed.event_type} is owed to key {owed.key_id}")
        tries = select(DeliveryAttempt).where(DeliveryAttempt.delivery == owed.number)
        for tried in session.scalars(tries.order_by(DeliveryAttempt.id.desc()).limit(MOST)):
            said = f"HTTP {tried.status}" if tried.status else tried.error or "no answer"
            bad = not (tried.status and 200 <= tried.status < 300)
            yield Event(tried.started_at, "", f"callback {owed.event_type}: {said} after {tried.seconds:.2f} s", bad)
