"""Counts records: exactly from the hours, the days and the pairs, else row by row, and then it stops.

The console, the command, the API and exports count with these.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.history.records.filters import ACTION, RecordFilter, at_times, walk
from models.history.records.further import further_of
from models.history.records.hours import ALL, DAY
from models.history.records.kinds import ATTEMPT, TASK
from models.history.records.spans import HOUR, WHOLE_DAY, Span, between, is_empty, whole
from models.tables import RecordHour
from models.values.refused import refuse

MOST_COUNTED = 10_000
MOST_SECONDS = 1.0
LONGEST_GROUPED = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Total:
    """The number of records. Not `exact`: there are at least so many."""

    number: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"{self.number:,}+"


def record_total(session: Session, which: RecordFilter) -> Total:
    """Returns the number of records that match: exactly, where they are counted, else up to 10,000 counted for 1 s.

    Counted are all records, those of one account, phone, customer, code, author or campaign, each with any flow, kind
    and outcome, and those of any two of these. Raises Refused: see `walk`.
    """
    span = which.since, which.until
    further = further_of(which, _marks(which))
    if further is not None:
        number, left = further.total(session, span)
    elif _by_hours(which) is None or is_empty(whole(span, HOUR)):
        number, left = 0, [span]
    else:
        hours = whole(span, HOUR)
        number = _summed(session, which, hours)
        left = [end for end in ((span[0], hours[0]), (hours[1], span[1])) if end[0] != end[1]]
    rest = _counted(session, which, left)
    return Total(number + rest.number, rest.exact)


def _summed(session: Session, which: RecordFilter, hours: Span) -> int:
    """Sums whole hours: by whole days, as far as these lie between."""
    first, last = hours
    begin, end = days = whole(hours, WHOLE_DAY)
    parts = [(DAY, days)]
    if is_empty(days):
        parts = [("", hours)]
    else:
        parts += [("", (first, begin))] if first != begin else []
        parts += [("", (end, last))] if end != last else []
    total = 0
    for step, part in parts:
        counted = _by_hours(which, step)
        assert counted is not None
        within = between(RecordHour.hour, part)
        total += int(session.scalar(select(func.sum(RecordHour.number)).where(*counted, *within)) or 0)
    return total


def record_groups(session: Session, which: RecordFilter, by: str) -> list[tuple[Any, str, int, float]]:
    """Returns (value, outcome, number, seconds together) of the records by `by`, exactly, for whole hours.

    `by`: flow, kind, code, account, phone, key or hour. Raises Refused for filters that the hours do not tell, and
    for more than 31 days.
    """
    dimension = _dimension(which)
    column = {"flow": RecordHour.flow, "kind": RecordHour.kind, "hour": RecordHour.hour}.get(by, RecordHour.value)
    counted = _by_hours(which)
    if column is RecordHour.value and dimension not in (None, by):
        counted = None
    if counted is None:
        reason = f"with this filter, records are not counted by {by}"
        raise refuse("by", reason, "filter by one of account, phone, customer or code at most; flow, kind and outcome")
    if which.since is None or which.until is None or which.until - which.since > LONGEST_GROUPED:
        raise refuse("since", "such a count reads every hour", "name since and until, at most 31 days apart")
    if column is RecordHour.value and dimension is None:
        counted = [RecordHour.dimension == by, *counted[1:]]
    within = between(RecordHour.hour, whole((which.since, which.until), HOUR))
    found = session.execute(
        select(column, RecordHour.outcome, func.sum(RecordHour.number), func.sum(RecordHour.seconds))
        .where(*counted, *within)
        .group_by(column, RecordHour.outcome)
        .order_by(column, RecordHour.outcome)
    )
    return [(value, outcome, int(number), float(seconds)) for value, outcome, number, seconds in found]


def _dimension(which: RecordFilter) -> str | None:
    given = ("account", which.account), ("phone", which.phone), ("key", which.keys), ("code", which.code)
    return next((name for name, value in given if value is not None), None)


def _by_hours(which: RecordFilter, step: str = "") -> list[ColumnElement[bool]] | None:
    """Returns the conditions on the hours, the dimension's first; None when they do not tell this filter."""
    values: Mapping[str, Any] = {
        "account": which.account, "phone": which.phone, "key": which.keys, "code": which.code,
    }  # fmt: skip
    given = [name for name, value in values.items() if value is not None]
    others = (which.author, which.campaign, which.culprit, which.step, which.task)
    if len(given) > 1 or any(one is not None for one in others):
        return None
    found: list[ColumnElement[bool]] = [RecordHour.dimension == (given[0] if given else ALL) + step]
    if given == ["key"]:
        found += [RecordHour.value.in_(which.keys or ()), RecordHour.sandbox.in_((False, True))]
    else:
        value = values[given[0]] if given else ""
        found += [] if not given else [RecordHour.value == value]
        found.append(RecordHour.sandbox == which.sandbox)
    return [*found, *_marks(which)]


def _marks(which: RecordFilter) -> list[ColumnElement[bool]]:
    """Returns the conditions on flow, kind and outcome of hours or days."""
    found: list[ColumnElement[bool]] = []
    if which.flow is not None:
        found.append(RecordHour.flow == which.flow)
    if which.outcome is not None:
        found.append(RecordHour.outcome == which.outcome)
    if which.kind == ACTION:
        found.append(RecordHour.kind.not_in((ATTEMPT, TASK)))
    elif which.kind is not None:
        found.append(RecordHour.kind == which.kind)
    return found


def _counted(session: Session, which: RecordFilter, spans: Sequence[Span]) -> Total:
    """Counts these parts of a filter's time row by row, up to 10,000 and for a second in all."""
    number, end = 0, time.monotonic() + MOST_SECONDS
    for since, until in spans:
        part = replace(which, since=since, until=until)
        way = walk(session, part)
        if not way.branches:
            continue
        found, exact = at_times(way, part).count(session, MOST_COUNTED - number, end - time.monotonic())
        number += found
        if not exact:
            return Total(number, exact=False)
    return Total(number, exact=True)
