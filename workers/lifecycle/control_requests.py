"""Wishes: what people want of a task that runs, as it stands in the rows, and what becomes of an attempt that left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.nesting import MAX_NESTING
from models.tables import AuditEntry, Phone, Task
from workers.lifecycle.holding import NOT_BEGUN, hold_tasks

PAUSED, RESUMED = "pause", "resume"  # what a change says was done; the value of PAUSED is the reason given
NOBODY_SAID = "a person paused it"


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """How the attempt that leaves for it is recorded, and why, for people."""

    outcome: Literal["stopped", "paused", "handed_back"]
    why: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused something, and the reason given, if any."""

    who: str
    why: str


def pending_request(session: Session, task: Task) -> ControlRequest | None:
    """What is wanted of a task that runs; a stop counts before a pause. None: nothing, or nothing any more."""
    if task.stop_requested:
        return ControlRequest("stopped", task.reason or "it was asked to stop")
    if task.paused:
        return ControlRequest("paused", why_paused(session, task))
    phone = session.get(Phone, task.phone_serial) if task.phone_serial is not None else None
    if phone is not None and phone.paused:
        return ControlRequest("handed_back", phone.paused_why or f"phone {phone.serial} is paused")
    return None


def hold_if_paused(session: Session, task: Task, ready: list[str]) -> list[str]:
    """A task that is not running any more and was paused meanwhile is held. Those of `ready` that still are."""
    if not task.paused or task.verifying or task.state not in NOT_BEGUN:
        return ready
    session.flush()
    hold_tasks(session, Task.id == task.id, why_paused(session, task))
    return [one for one in ready if one != task.id]


def why_paused(session: Session, task: Task) -> str:
    """Who paused a task and why."""
    pause = pause_of_task(session, task)
    return NOBODY_SAID if pause is None else in_words(pause.who, "paused it", pause.why)


def pause_of_task(session: Session, task: Task) -> Pause | None:
    """The newest pause of a task, of what it stands in the place of, or of its campaign."""
    subjects = [f"campaign:{task.campaign_id}", f"task:{task.id}"]
    above = task.in_place_of
    for _ in range(MAX_NESTING):
        if above is None:
            break
        subjects.append(f"task:{above}")
        above = session.scalar(select(Task.in_place_of).where(Task.id == above))
    return newest_pause(session, subjects)


def newest_pause(session: Session, subjects: Collection[str]) -> Pause | None:
    """The newest pause of one of these, such as phone:SIM0001."""
    changes = session.scalars(select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.id.desc()))
    for change in changes:
        if isinstance(change.after, dict) and PAUSED in change.after:
            return Pause(change.who, str(change.after[PAUSED]))
    return None


def in_words(who: str, did: str, why: str) -> str:
    """Who did what, and why if that was told."""
    return f"{who} {did}: {why}" if why else f"{who} {did}"
