"""Reads a shift from the hours of the records: few rows, however many records there are.

The key of the hours is (sandbox, dimension, value, hour): with values and a span of hours named, each value is one
short stretch of it. Records of simulated phones are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session

from models.history.records.hours import ALL
from models.history.records.kinds import ATTEMPT, TASK
from models.tables import Attempt, RecordHour, Task

MOST_STEPS_READ = 2000  # attempts, the latest of them
MOST_SLOWEST = 12


@dataclass(frozen=True, slots=True)
class HourCount:
    """Records of one hour alike: `hour` is its beginning; `seconds` of all together."""

    hour: datetime
    flow: str
    kind: str
    outcome: str
    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StepTotal:
    """A step of a flow over several attempts, in seconds: its usual (median) and longest time."""

    flow: str
    name: str
    attempts: int
    usual: float
    longest: float


def hour_counts(session: Session, since: datetime, until: datetime) -> list[HourCount]:
    """Returns the records of whole hours from `since` on and before `until`, the earliest first."""
    found = session.execute(
        select(
            RecordHour.hour, RecordHour.flow, RecordHour.kind, RecordHour.outcome, RecordHour.number, RecordHour.seconds
        )
        .where(RecordHour.sandbox == false(), RecordHour.dimension == ALL, RecordHour.value == "")
        .where(RecordHour.hour >= since, RecordHour.hour < until)
        .order_by(RecordHour.hour)
    )
    return [HourCount(*row) for row in found]


def attempts_by(
    session: Session, dimension: str, values: Collection[str], since: datetime, until: datetime
) -> list[tuple[str, str, int, float]]:
    """Returns (value, outcome, attempts, seconds together) of these values of phone, account or code."""
    if not values:
        return []
    found = session.execute(
        select(RecordHour.value, RecordHour.outcome, func.sum(RecordHour.number), func.sum(RecordHour.seconds))
        .where(RecordHour.sandbox == false(), RecordHour.dimension == dimension, RecordHour.value.in_(values))
        .where(RecordHour.hour >= since, RecordHour.hour < until, RecordHour.kind.in_((ATTEMPT, TASK)))
        .group_by(RecordHour.value, RecordHour.outcome)
    )
    return [(value, outcome, int(number), float(seconds)) for value, outcome, number, seconds in found]


def slowest_steps(session: Session, since: datetime) -> list[StepTotal]:
    """Returns the steps with the longest usual time among the latest attempts that ended since then."""
    latest = (
        select(Attempt.id, Attempt.task_id, Attempt.steps, Attempt.ended_at)
        .order_by(Attempt.id.desc())
        .limit(MOST_STEPS_READ)
        .subquery()
    )
    rows = session.execute(
        select(Task.flow, latest.c.steps)
        .join(Task, Task.id == latest.c.task_id)
        .where(latest.c.ended_at >= since, latest.c.steps.is_not(None), Task.sandbox == false())
    )
    return step_totals((flow, steps) for flow, steps in rows)


def step_totals(rows: Iterable[tuple[str, Any]]) -> list[StepTotal]:
    """Returns the slowest steps of (flow, steps as an attempt's row keeps them)."""
    times: dict[tuple[str, str], list[float]] = {}
    for flow, steps in rows:
        for one in steps if isinstance(steps, list) else ():
            times.setdefault((flow, str(one.get("name"))), []).append(float(one.get("took") or 0.0))
    totals = [StepTotal(flow, name, len(some), _median(some), max(some)) for (flow, name), some in times.items()]
    return sorted(totals, key=lambda one: -one.usual)[:MOST_SLOWEST]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
