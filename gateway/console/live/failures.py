"""Failures in groups: attempts that failed alike, by their fingerprint. Grouping is pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import Attempt, Task
from models.values.enums import AttemptOutcome

MOST_READ = 5000  # attempts, the latest of them
MOST_GROUPS = 50
MOST_TASKS = 500
BINS = 24
HOURS = (24, 168)  # the windows that people look at


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt."""

    task_id: str
    number: int
    flow: str
    code: str
    step: str
    page: str
    version: str
    phone: str
    at: datetime
    reason: str
    evidence: bool
    shot: bool  # the evidence has a picture of the screen
    still_failed: bool  # its task ended as failed, and is the operator's own


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What failures of one group have in common."""

    flow: str
    code: str
    step: str
    page: str
    version: str

    @property
    def mark(self) -> str:
        """Returns its digest, for a form."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


@dataclass(slots=True)
class FailureGroup:
    """The failures of one fingerprint: how many, on which phones, when, and the newest one with evidence."""

    print: Fingerprint
    count: int = 0
    phones: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    newest: Failure | None = None
    trend: list[int] = field(default_factory=lambda: [0] * BINS)
    tasks: dict[str, None] = field(default_factory=dict)  # that are still failed, the newest first


def grouped(failures: Iterable[Failure], since: datetime, until: datetime) -> list[FailureGroup]:
    """Returns the groups, the largest first. `failures` come newest first."""
    groups: dict[Fingerprint, FailureGroup] = {}
    width = (until - since) / BINS
    for one in failures:
        key = Fingerprint(one.flow, one.code, one.step, one.page, one.version)
        group = groups.setdefault(key, FailureGroup(key))
        group.count += 1
        group.phones[one.phone] += 1
        group.first, group.last = one.at, group.last or one.at
        if group.newest is None or (one.evidence and not group.newest.evidence):
            group.newest = one
        group.trend[min(BINS - 1, max(0, int((one.at - since) / width)))] += 1
        if one.still_failed and len(group.tasks) < MOST_TASKS:
            group.tasks[one.task_id] = None
    return sorted(groups.values(), key=lambda group: (-group.count, group.print.mark))


def sparkline(counts: Sequence[int]) -> str:
    """Returns the points of a line in a box of 100 × 20."""
    most = max(counts, default=0) or 1
    step = 100 / max(1, len(counts) - 1)
    return " ".join(f"{place * step:.1f},{19 - 18 * count / most:.1f}" for place, count in enumerate(counts))


def failures_since(session: Session, since: datetime) -> list[Failure]:
    """Returns the latest failed attempts since then, newest first."""
    rows = session.execute(
        select(Attempt, Task.flow, Task.state, Task.key_id, Task.sandbox)
        .join(Task, Task.id == Attempt.task_id)
        .where(Attempt.outcome == AttemptOutcome.FAILED, Attempt.failure_code.is_not(None), Attempt.ended_at >= since)
        .order_by(Attempt.ended_at.desc())
        .limit(MOST_READ)
    )
    return [
        _failure(one, flow, still_failed=state == "failed" and key_id is None and not sandbox)
        for one, flow, state, key_id, sandbox in rows
    ]


def _failure(one: Attempt, flow: str, *, still_failed: bool) -> Failure:
    facts = one.evidence if isinstance(one.evidence, dict) else {}
    # else it is on its way from its host
    there = bool(facts.get("url")) and facts.get("stored") is not False
    return Failure(
        one.task_id,
        one.number,
        flow,
        one.failure_code or "",
        one.step or "",
        _word(facts.get("page")),
        _word(facts.get("app")),
        one.phone_serial or "",
        one.ended_at or one.started_at,
        one.reason or "",
        there,
        there and has_screenshot(facts),
        still_failed,
    )


def has_screenshot(facts: Mapping[str, Any]) -> bool:
    """Returns whether evidence is stored with a picture of the screen: a phone that was gone gave none."""
    return "screenshot" not in (facts.get("missing") or ()) and facts.get("stored", True) is True


def _word(value: Any) -> str:
    """Returns the word of a fact: a name, or the name or version in it."""
    if isinstance(value, dict):
        value = value.get("version") or value.get("name") or value.get("page")
    return value[:80] if isinstance(value, str) else ""


def hours_of(text: str) -> int:
    """Returns the hours of the window that a page asks for; the shortest when it asks for none of them."""
    return next((one for one in HOURS if str(one) == text), HOURS[0])


def window(now: datetime, hours: int) -> datetime:
    """Returns when the window begins."""
    return now - timedelta(hours=hours)
