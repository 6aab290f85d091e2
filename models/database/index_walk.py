"""Walk: reads the next rows of a list along an index, newest first, at a cost independent of the list's length.

A list has branches. Each reads along one index, whose first columns are the branch's conditions, followed by the
list's order. It reads ids first, from the indexes only, with a LIMIT for each branch. Then it checks the other
conditions row by row, for a bounded number of rows: in what the index has behind the order, in other indexes, as far
as these tell, else in the rows themselves. So a page may have fewer rows than asked for, although the list continues.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

MOST_SCANNED = 250  # rows that one page checks: if one in five matches, a page of fifty is full
MOST_LOOKED_UP = 750  # the same, where rows are looked up in other indexes and none is read
MOST_IN_INDEX = 2000  # the same, where one index tells all: these are a few of its pages
COUNTED_AT_ONCE = 2000  # rows of one statement; the time is looked at between two
COUNTED_IN_INDEX = 10_000  # the same, where one index tells all
DIALECTS = ("mysql", "mariadb")

Place = tuple[Any, ...]
Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: each column descending; the last one is unique.

    `few_alike`: few rows have the same value in the first of two columns. Then a page that begins after a place reads
    one range of the index, and passes over those that are alike and before the place.
    """

    columns: tuple[Any, ...]
    few_alike: bool = False

    def after(self, place: Place | None) -> list[Conditions]:
        """Returns the conditions of the rows after a place, each a range of the index."""
        if place is None:
            return [[]]
        if self.few_alike:
            (first, second), (here, last) = self.columns, place
            return [[first <= here, or_(first < here, second < last)]]
        ranges: list[Conditions] = []
        for depth in range(len(self.columns), 0, -1):
            same = [column == value for column, value in zip(self.columns[: depth - 1], place, strict=False)]
            ranges.append([*same, self.columns[depth - 1] < place[depth - 1]])
        return ranges


@dataclass(frozen=True, slots=True)
class Branch:
    """Rows that match `conditions`; in this index they are adjacent and in the list's order."""

    index: str
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an index that a row may have: the columns before the order's, and their values.

    Where the index has it is known without reading the row: rows that follow each other in a list have entries near
    each other, but lie themselves on as many pages of the table as they are.
    """

    index: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Walk:
    """A list: its table and order, its branches, and the other conditions of its rows.

    `told`: conditions that the index of each branch tells. `among`: a row has one entry at least of each. `rest`: what
    only the row itself tells. `since`, `until`: of the order's first column, from and below. A table in partitions
    opens only those, also where a row is looked up.
    """

    table: Any
    order: Order
    branches: Sequence[Branch]
    rest: Conditions = ()
    among: Sequence[Sequence[Entry]] = ()
    told: Conditions = ()
    since: Any = None
    until: Any = None

    def page(self, session: Session, place: Place | None, limit: int) -> tuple[list[Any], Place | None]:
        """Returns the keys of up to `limit` rows after a place, and the place to continue from, if there are more."""
        found, last = self.places(session, place, limit)
        return [one[-1] for one in found], last

    def places(self, session: Session, place: Place | None, limit: int) -> tuple[list[Place], Place | None]:
        """As `page`, but returns the whole places of the rows: every column of the order."""
        found, last = self._step(session, place, self._most if self._checks else limit + 1, limit + 1)
        if len(found) > limit:
            last = found[limit - 1]
        return found[:limit], last

    def count(self, session: Session, most: int, seconds: float) -> tuple[int, bool]:
        """Counts the rows, but no more than `most`, and for no longer than `seconds`; no row may be in two branches.

        Returns the number, and whether it is that of all rows: else there are at least so many.
        """
        if not self._checks:
            number = session.scalar(select(func.count()).select_from(self._together(None, most + 1).subquery())) or 0
            return min(number, most), number <= most
        step = COUNTED_AT_ONCE if self.rest or self.among else COUNTED_IN_INDEX
        end = time.monotonic() + seconds
        number, place = 0, None
        while True:  # each turn looks at `step` rows, until the list ends
            rows = self._next(place, step)
            near = rows.limit(step).subquery()
            number += session.scalar(self._fitting(near, select(func.count()).select_from(near))) or 0
            place = self._last(session, rows, step)
            if place is None or number > most:
                return min(number, most), number <= most
            if time.monotonic() >= end:
                return number, False

    def _step(self, session: Session, place: Place | None, step: int, most: int) -> tuple[list[Place], Place | None]:
        """Returns up to `most` matching rows of the next `step` rows, and the last row checked, if there may be more.

        The last row checked is not needed when `most` rows match: then the list continues after those.
        """
        if not self._checks:  # one row more than a page of each branch: if there are fewer, the list ends
            return sorted(set(_rows(session, self._together(place, step))), reverse=True)[:step], None
        rows = self._next(place, step)
        near = rows.limit(step).subquery()
        fitting = self._fitting(near, select(*self._places(near)))
        found = list(dict.fromkeys(_rows(session, fitting.order_by(*_falling(self._places(near))).limit(2 * most))))
        if len(found) >= most:
            return found[:most], None
        return found, self._last(session, rows, step)

    def _last(self, session: Session, rows: Select[Any], step: int) -> Place | None:
        """Returns the place of the last of `step` rows; None when there are fewer."""
        last = session.execute(rows.offset(step - 1).limit(1)).one_or_none()
        return None if last is None else tuple(last)[: len(self.order.columns)]

    @property
    def _checks(self) -> bool:
        return bool(self.rest or self.among or self.told)

    @property
    def _most(self) -> int:
        if self.rest:
            return MOST_SCANNED
        most = MOST_LOOKED_UP if self.among else MOST_IN_INDEX
        return max(MOST_SCANNED, most // max(1, len(self.branches)))  # each branch reads so many

    def _places(self, near: Any) -> Sequence[Any]:
        return tuple(near.c)[: len(self.order.columns)]

    def _fitting(self, near: Any, wanted: Select[Any]) -> Select[Any]:
        """Selects from these rows those that match the other conditions. Each is found by its key, in its partition."""
        if self.told:
            wanted = wanted.where(near.c.fits)
        others = iter(aliases(self.table, sum(map(len, self.among))))
        for entries in self.among:
            found = []
            for entry, other in zip(entries, others, strict=False):
                here = [getattr(other, name) == value for name, value in entry.values.items()]
                wanted = wanted.outerjoin(other, and_(*self._same(near, other), *here))
                wanted = _forced(wanted, other, entry.index)
                found.append(getattr(other, self.order.columns[-1].key).is_not(None))
            wanted = wanted.where(or_(*found))
        if self.rest:
            wanted = wanted.join(self.table, and_(*self._same(near, self.table))).where(*self.rest)
            wanted = _forced(wanted, self.table, "PRIMARY")
        for dialect in DIALECTS:  # in this order: what indexes leave out is not read
            wanted = wanted.prefix_with("STRAIGHT_JOIN", dialect=dialect)
        return wanted

    def _same(self, near: Any, table: Any) -> list[ColumnElement[bool]]:
        columns = [getattr(table, column.key) for column in self.order.columns]
        same = [column == found for column, found in zip(columns, self._places(near), strict=True)]
        return [*same, *self._within(table)]

    def _within(self, table: Any) -> list[ColumnElement[bool]]:
        column = getattr(table, self.order.columns[0].key)
        since = [] if self.since is None else [column >= self.since]
        return since if self.until is None else [*since, column < self.until]

    def _next(self, place: Place | None, most: int) -> Select[Any]:
        """Selects the rows after a place, in order, up to `most` of each branch. A row of two branches comes twice."""
        parts = self._parts(place, most)
        if len(parts) == 1:
            return parts[0]
        together = union_all(*map(_whole, parts)).subquery()
        return select(*together.c).order_by(*_falling(self._places(together)))

    def _together(self, place: Place | None, most: int) -> Select[Any] | CompoundSelect[Any]:
        parts = self._parts(place, most)
        return parts[0] if len(parts) == 1 else union_all(*map(_whole, parts))

    def _parts(self, place: Place | None, most: int) -> Sequence[Select[Any]]:
        return [self._part(branch, within, most) for branch in self.branches for within in self.order.after(place)]

    def _part(self, branch: Branch, within: Conditions, most: int) -> Select[Any]:
        told = [and_(*self.told).label("fits")] if self.told else []
        part = select(*self.order.columns, *told)
        part = part.where(*branch.conditions, *self._within(self.table), *within)
        part = _forced(part, self.table, branch.index)  # otherwise the database may read the whole table
        return part.order_by(*_falling(self.order.columns)).limit(most)


@cache
def aliases(table: Any, number: int) -> Sequence[Any]:
    """Returns other names of a table, the same each time; to make one takes longer than to read a row."""
    return [aliased(table) for _ in range(number)]


def _forced(wanted: Select[Any], table: Any, index: str) -> Select[Any]:
    for dialect in DIALECTS:
        wanted = wanted.with_hint(table, f"FORCE INDEX ({index})", dialect)
    return wanted


def _rows(session: Session, wanted: Select[Any] | CompoundSelect[Any]) -> list[Place]:
    return [tuple(row) for row in session.execute(wanted)]


def _falling(columns: Iterable[Any]) -> list[Any]:
    return [column.desc() for column in columns]


def _whole(part: Select[Any]) -> Select[Any]:
    """Wraps a part of a UNION, because SQLite allows ORDER BY and LIMIT there only in a subquery."""
    return select(part.subquery())
