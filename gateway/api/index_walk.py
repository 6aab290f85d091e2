"""Walk: reads the next rows of a list along an index, newest first, at a cost independent of the list's length.

A list has branches: each reads along one index that begins with what it is asked for and ends with the list's
order. Ids come first, from the indexes alone, with a LIMIT for each branch; what else is asked for is then looked
at row by row, for so many rows and no more. So a page may hold less than was asked for although the list goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, select, union_all
from sqlalchemy.orm import Session

MOST_SCANNED = 250  # rows that one page looks at: one in five that fits fills a page of fifty

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
        found, last = self._step(session, place, MOST_SCANNED if self.rest else limit + 1, limit + 1)
        if len(found) > limit:
            last = found[limit - 1]
        return [one[-1] for one in found[:limit]], last

    def _step(self, session: Session, place: Place | None, step: int, most: int) -> tuple[list[Place], Place | None]:
        """Of the next `step` rows those that fit, at most so many; and the last row looked at, if there may be more.

        That last one is not asked for where `most` were found: then the list goes on from those.
        """
        if not self.rest:  # of each branch one more than a page: fewer are all that there are
            return sorted(set(_rows(session, self._together(place, step))), reverse=True)[:step], None
        rows = self._next(place, step)
        near = rows.limit(step).subquery()
        fitting = select(*near.c).join(self.table, self.order.columns[-1] == tuple(near.c)[-1]).where(*self.rest)
        for dialect in ("mysql", "mariadb"):  # each row by its key, whatever else an index promises
            fitting = fitting.with_hint(self.table, "FORCE INDEX (PRIMARY)", dialect)
        found = list(dict.fromkeys(_rows(session, fitting.order_by(*_falling(near.c)).limit(2 * most))))
        if len(found) >= most:
            return found[:most], None
        last = session.execute(rows.offset(step - 1).limit(1)).one_or_none()
        return found, None if last is None else tuple(last)

    def _next(self, place: Place | None, most: int) -> Select[Any]:
        """The rows after a place, in their order, from `most` of each branch. A row that two hold comes twice."""
        together = self._together(place, most).subquery()
        return select(*together.c).order_by(*_falling(together.c))

    def _together(self, place: Place | None, most: int) -> Select[Any] | CompoundSelect[Any]:
        parts = [self._part(branch, within, most) for branch in self.branches for within in self.order.after(place)]
        return parts[0] if len(parts) == 1 else union_all(*(_whole(part) for part in parts))

    def _part(self, branch: Branch, within: Conditions, most: int) -> Select[Any]:
        part = select(*self.order.columns).where(*branch.conditions, *within)
        for dialect in ("mysql", "mariadb"):  # on a table with few rows of many it would rather read all
            part = part.with_hint(self.table, f"FORCE INDEX ({branch.index})", dialect)
        return part.order_by(*_falling(self.order.columns)).limit(most)


def _rows(session: Session, wanted: Select[Any] | CompoundSelect[Any]) -> list[Place]:
    return [tuple(row) for row in session.execute(wanted)]


def _falling(columns: Iterable[Any]) -> list[Any]:
    return [column.desc() for column in columns]


def _whole(part: Select[Any]) -> Select[Any]:
    """SQLite takes ORDER BY and LIMIT inside a UNION in a query of its own only."""
    return select(part.subquery())
