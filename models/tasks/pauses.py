"""Pauses: who paused a task, its campaign or a phone, and why, as the audit log keeps it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.nesting import MAX_NESTING
from models.tables import AuditEntry, Task

PAUSED, RESUMED = "pause", "resume"  # what an entry says was done; the value of PAUSED is the reason given
NOBODY_SAID = "a person paused it"


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused something, and the reason given, if any."""

    who: str
    why: str


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
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.id.desc()))
    for entry in entries:
        if isinstance(entry.after, dict) and PAUSED in entry.after:
            return Pause(entry.who, str(entry.after[PAUSED]))
    return None


def in_words(who: str, did: str, why: str) -> str:
    """Who did what, and why if that was told."""
    return f"{who} {did}: {why}" if why else f"{who} {did}"
