"""Walk: the next rows of a list along an index, newest first, at a cost that no list's length changes.

A list has branches: each reads along one index that begins with what it is asked for and ends with the list's
order. Ids come first, from the indexes alone, with a LIMIT for each branch; what else is asked for is then looked
at row by row, for so many rows and no more. So a page may hold less than was asked for although the list goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select, union_all
from sqlalchemy.orm import Session

MOST_SCANNED = 2000  # rows that one page looks at
FIRST_SCAN, GROWTH = 200, 4  # at once, and how much more each further time

Place = tuple[Any, ...]
Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is ordered by, each column falling; the last one tells rows apart."""

    columns: tuple[Any, ...]

    def after(self, place: Place | None) -> list[Conditions]:
        """Conditions for what comes after a place: one range of the index each."""
        if place is None:
            return [[]]
        ranges: list[Conditions] = []
        for depth in range(len(self.columns), 0, -1):
            same = [column == value for column, value in zip(self.columns[: depth - 1], place, strict=False)]
            ranges.append([*same, self.columns[depth - 1] < place[depth - 1]])
        return ranges


@dataclass(frozen=True, slots=True)
class Branch:
    """Rows that fit `conditions`, which lie together in the order of the list in this index."""

    index: str
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class Walk:
    """A list: its table and order, its branches, and what else its rows must fit, if anything."""

    table: Any
    order: Order
    branches: Sequence[Branch]
    rest: Conditions = ()

    def page(self, session: Session, place: Place | None, limit: int) -> tuple[list[Any], Place | None]:
        """The keys of at most so many rows after a place, and the place to go on from, if there is more."""
        found: list[Place] = []
        step, scanned = (FIRST_SCAN if self.rest else limit + 1), 0
        while True:
            rows = self._ids(session, place, step)
            found += self._fitting(session, list(dict.fromkeys(rows)))
            if len(found) > limit:
                return [one[-1] for one in found[:limit]], found[limit - 1]
            if len(rows) < step:
                return [one[-1] for one in found], None
            place, scanned = rows[-1], scanned + step
            if scanned >= MOST_SCANNED:
                return [one[-1] for one in found], place
            step = min(step * GROWTH, MOST_SCANNED - scanned)

    def _ids(self, session: Session, place: Place | None, most: int) -> list[Place]:
        """A row that two branches hold comes twice."""
        parts = [self._part(branch, within, most) for branch in self.branches for within in self.order.after(place)]
        asked = parts[0] if len(parts) == 1 else union_all(*(_whole(part) for part in parts))
        return sorted((tuple(row) for row in session.execute(asked)), reverse=True)[:most]

    def _part(self, branch: Branch, within: Conditions, most: int) -> Select[Any]:
        part = select(*self.order.columns).where(*branch.conditions, *within)
        for dialect in ("mysql", "mariadb"):  # on a table with few rows of many it would rather read all
            part = part.with_hint(self.table, f"FORCE INDEX ({branch.index})", dialect)
        return part.order_by(*(column.desc() for column in self.order.columns)).limit(most)

    def _fitting(self, session: Session, rows: list[Place]) -> list[Place]:
        if not self.rest or not rows:
            return rows
        key = self.order.columns[-1]
        fit = set(session.scalars(select(key).where(key.in_([row[-1] for row in rows]), and_(*self.rest))))
        return [row for row in rows if row[-1] in fit]


def _whole(part: Select[Any]) -> Select[Any]:
    """SQLite takes ORDER BY and LIMIT inside a UNION in a query of its own only."""
    return select(part.subquery())
