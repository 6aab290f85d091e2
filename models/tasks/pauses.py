"""Pauses: reads from the audit log who paused a task, its campaign or a phone, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import tables
from models.database.nesting import MAX_NESTING
from models.tables import Task

PAUSED, RESUMED = "pause", "resume"  # keys of an audit entry's `after`; the value of PAUSED is the reason given
UNTIL = "until"  # its key for the moment when the pause ends by itself, as people read it
PAGE = 50  # audit entries read at once
NOBODY_SAID = "a person paused it"


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused something, the reason given, if any, and until when, as people read it; empty: until resumed."""

    who: str
    why: str
    until: str = ""


def why_paused(session: Session, task: Task) -> str:
    """Returns who paused a task and why, in words."""
    pause = pause_of_task(session, task)
    return NOBODY_SAID if pause is None else in_words(pause.who, "paused it", pause.why, pause.until)


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
    newest_first = (
        select(tables.AuditEntry).where(tables.AuditEntry.subject.in_(subjects)).order_by(tables.AuditEntry.id.desc())
    )
    page: Sequence[tables.AuditEntry] = ()
    while page := session.scalars(_before(newest_first, page)).all():
        for entry in page:
            if isinstance(entry.after, dict) and PAUSED in entry.after:
                return Pause(entry.who, str(entry.after[PAUSED]), str(entry.after.get(UNTIL, "")))
    return None


def _before(entries: Select[tables.AuditEntry], page: Sequence[tables.AuditEntry]) -> Select[tables.AuditEntry]:
    """Selects the page behind this one: a customer may have written any number of entries."""
    return (entries.where(tables.AuditEntry.id < page[-1].id) if page else entries).limit(PAGE)


def in_words(who: str, did: str, why: str, until: str = "") -> str:
    """Returns "who did until then: why", without what was not given."""
    told = f"{who} {did} until {until}" if until else f"{who} {did}"
    return f"{told}: {why}" if why else told
