"""Pauses: reads from the audit log who paused a task, its campaign or a phone, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.nesting import MAX_NESTING
from models.tables import AuditEntry, Task

PAUSED, RESUMED = "pause", "resume"  # keys of an audit entry's `after`; the value of PAUSED is the reason given
NOBODY_SAID = "a person paused it"


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused something, and the reason given, if any."""

    who: str
    why: str


def why_paused(session: Session, task: Task) -> str:
    """Returns who paused a task and why, in words."""
    pause = pause_of_task(session, task)
    return NOBODY_SAID if pause is None else in_words(pause.who, "paused it", pause.why)


def pause_of_task(session: Session, task: Task) -> Pause | None:
    """Returns the newest pause of a task, of the tasks in whose place it was planted, or of its campaign."""
    subjects = [f"campaign:{task.campaign_id}", f"task:{task.id}"]
    above = task.in_place_of
    for _ in range(MAX_NESTING):
        if above is None:
            break
        subjects.append(f"task:{above}")
        above = session.scalar(select(Task.in_place_of).where(Task.id == above))
    return newest_pause(session, subjects)


def newest_pause(session: Session, subjects: Collection[str]) -> Pause | None:
    """Returns the newest pause of one of these subjects, such as phone:SIM0001; None if none was paused."""
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.id.desc()))
    for entry in entries:
        if isinstance(entry.after, dict) and PAUSED in entry.after:
            return Pause(entry.who, str(entry.after[PAUSED]))
    return None


def in_words(who: str, did: str, why: str) -> str:
    """Returns "who did: why", without the reason when none was given."""
    return f"{who} {did}: {why}" if why else f"{who} {did}"
