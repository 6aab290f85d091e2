"""Derives a task's earliest start, latest end and limits from a row's options. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.specs.limits import Limits
from models.values.refused import Problem
from workers.canvas.rows import PlantedRow


def begins(options: Mapping[str, Any], now: datetime, *, counting: bool = True) -> datetime:
    """Returns the moment before which a task may not start, from `eta` (ISO 8601) or `countdown` (seconds).

    A countdown begins when the task is ready, as Celery's does when a step is applied: a task that
    still waits is not `counting`.
    """
    if options.get("eta"):
        return _moment(options["eta"])
    return now + timedelta(seconds=float(options.get("countdown") or 0) if counting else 0)


def expires(options: Mapping[str, Any], now: datetime) -> datetime | None:
    """Returns a task's latest end, from `expires` (seconds, or ISO 8601)."""
    value = options.get("expires")
    if value is None:
        return None
    return _moment(value) if isinstance(value, str) else now + timedelta(seconds=float(value))


def limits_of(options: Mapping[str, Any], limits: Limits) -> tuple[int, int]:
    """Returns the soft and hard limits in seconds, from `soft_time_limit` and `time_limit`; each moves the other."""
    soft, hard = options.get("soft_time_limit"), options.get("time_limit")
    margin = limits.hard - limits.soft
    if hard is None:
        hard = limits.hard if soft is None else max(limits.hard, soft + margin)
    if soft is None:
        soft = min(limits.soft, max(hard - margin, hard / 2))
    return max(1, math.ceil(min(soft, hard))), max(1, math.ceil(hard))


def time_problems(rows: Sequence[PlantedRow], latest_end: datetime, now: datetime) -> Iterator[Problem]:
    """Yields the problems of rows whose earliest start is not before their latest end."""
    for index, row in enumerate(rows):
        begin = begins(row.options, now)
        end = min(latest_end, expires(row.options, now) or latest_end)
        if begin >= end:
            times = [moment.isoformat(timespec="seconds") for moment in (begin, end)]
            reason = f"it may not begin before {times[0]}, and must have ended by {times[1]}"
            yield Problem(f"task[{index}] {row.task}", reason, "let it begin earlier, or give it a later end")


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
