"""Reads pages of records, newest first. The console, the command, the API and exports read with these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.database.index_walk import Place
from models.history.records.filters import ORDER, RecordFilter, at_times, walk
from models.tables import Record

MOST_IN_A_PAGE = 500
MOST_ROUNDS = 3  # of a page that few of the rows looked at match
ONE_LIST = 2  # branches: if indexes tell all of so few, one round looks at as many rows as three of others
# Days before the newest record that a page looks at first, and then: so it opens few partitions, unless it must
WINDOWS = (31, 93, 372, None)
MOMENT = timedelta(microseconds=1)


def records_page(
    session: Session, which: RecordFilter, place: Place | None = None, limit: int = 50
) -> tuple[Sequence[Record], Place | None]:
    """Returns the next records after a place, newest first, and the place to go on from; None: these are the last.

    A page may have fewer records than `limit` although others follow, when few of the rows that it looked at match.
    Its cost does not grow with the number of records. Raises Refused: see `walk`.
    """
    tops: list[datetime] = [one for one in (None if place is None else place[0], which.until) if one is not None]
    top = min(tops) if tops else _newest(session)
    found: list[Place] = []
    rounds = 0
    way = walk(session, which)
    most = 1 if not way.rest and len(way.branches) <= ONE_LIST else MOST_ROUNDS
    if place is not None and top is not None:  # no partition of a later time is opened
        which = replace(which, until=min(top + MOMENT, which.until or top + MOMENT))
    for within in _windows(which, top) if way.branches else ():
        part = at_times(way, within)
        while True:  # each turn moves the place on, a few times at most
            some, place = part.places(session, place, limit - len(found))
            found += some
            rounds += 1
            if place is not None and (len(found) >= limit or rounds >= most):
                return _rows(session, found), place
            if place is None:
                break
        if len(found) >= limit:
            following = None if within.since == which.since else found[-1]
            return _rows(session, found), following
    return _rows(session, found), None


def _newest(session: Session) -> datetime | None:
    moment = session.scalar(select(Record.ended_at).order_by(Record.ended_at.desc(), Record.id.desc()).limit(1))
    return None if moment is None else moment + MOMENT


def _windows(which: RecordFilter, top: datetime | None) -> Iterator[RecordFilter]:
    """Yields the filter for one stretch of time after the other, from `top` back to its beginning."""
    until = which.until
    for days in WINDOWS if top is not None else ():
        assert top is not None
        since = None if days is None else top - timedelta(days=days)
        if since is None or (which.since is not None and since <= which.since):
            yield replace(which, since=which.since, until=until)
            return
        yield replace(which, since=since, until=until)
        until = since


def _rows(session: Session, places: Sequence[Place]) -> Sequence[Record]:
    if not places:
        return []
    within = Record.ended_at.between(places[-1][0], places[0][0])  # only the partitions of these
    these = tuple_(*ORDER.columns).in_(places)
    wanted = select(Record).where(within, these).order_by(*(one.desc() for one in ORDER.columns))
    for dialect in ("mysql", "mariadb"):
        wanted = wanted.with_hint(Record, "FORCE INDEX (PRIMARY)", dialect)
    return session.scalars(wanted).all()
