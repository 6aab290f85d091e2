"""Reads collected titles and comments: pages, newest first, of those that contain a text and match other filters.

A search walks the texts of the rarest of its grams, a bounded number at a time, and looks up the others by their key.
What is left is read and compared as a whole, because neighbours in pairs need not be neighbours together. So a page's
cost does not grow with the number of texts, and a page may be short although older ones follow. Nor does it grow with
their length: the lengths are asked for first, and a page reads as many texts as have a megabyte together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, and_, cast, func, select
from sqlalchemy.orm import Session, aliased

from models.database.index_walk import Order, Walk
from models.tables import CollectedComment, CollectedTitle, SearchedText, TextGram
from models.tasks.texts.filters import Sought, TextFilter, sought
from models.tasks.texts.fold import fold
from models.tasks.texts.text_id import MOST_ID

ORDER = Order((SearchedText.id,))
MOST_IN_A_PAGE = 500
STEP = 2000  # texts of the rarest gram that are looked at together
MOST_ROUNDS = 3  # of a page that few of them match
PAGE_BYTES = 1_000_000  # of the texts of a page, a comment with its title; one text may have more
MOST_GRAMS = 12  # that are compared; the comparison of the text decides
DIALECTS = ("mysql", "mariadb")


@dataclass(frozen=True, slots=True)
class CollectedText:
    """A collected title, or a comment with its title. `place` continues a list behind it."""

    place: int
    title: CollectedTitle
    comment: CollectedComment | None

    @property
    def text(self) -> str:
        return self.title.title if self.comment is None else self.comment.text

    @property
    def bytes(self) -> int:
        """Returns the bytes of the text in UTF-8, with those of its title."""
        return len(self.title.title.encode()) + (0 if self.comment is None else len(self.comment.text.encode()))

    @property
    def collected_at(self) -> datetime:
        return (self.comment or self.title).first_seen_at


def texts_page(
    session: Session, which: TextFilter, place: int | None = None, limit: int = 50
) -> tuple[list[CollectedText], int | None]:
    """Returns the next titles or comments after a place, and the place to go on from; None: these are the last.

    Those that were collected last come first. A page may have fewer than `limit` although others follow. Raises
    Refused: see `sought`.
    """
    what = sought(session, which)
    if what is None:
        return [], None
    if what.below is not None:
        place = what.below if place is None else min(place, what.below)
    found: list[CollectedText] = []
    room = PAGE_BYTES
    for _ in range(MOST_ROUNDS):
        some, place, full = _round(session, what, place, limit - len(found), room)
        found += some
        room -= sum(one.bytes for one in some)
        if place is None or full or len(found) >= limit:
            break
    return found, place


def _round(
    session: Session, what: Sought, place: int | None, limit: int, room: int
) -> tuple[list[CollectedText], int | None, bool]:
    """Returns the next texts, the place to go on from, and whether the next one is more than there is room for."""
    ids, following = _candidates(session, what, place, limit)
    fitting = _fitting(session, ids, room)
    found = _loaded(session, fitting)
    if what.grams:
        found = [one for one in found if what.folded in fold(one.text)]
    if len(fitting) < len(ids):
        return found, fitting[-1] if fitting else place, True
    if what.grams and len(ids) > limit:  # there are more above the bottom
        return found[:limit], found[limit - 1].place if len(found) > limit else ids[-1], False
    return found, following, False


def _candidates(session: Session, what: Sought, place: int | None, limit: int) -> tuple[Sequence[int], int | None]:
    """Returns the ids of the next texts, newest first, and the place behind all that were looked at.

    With grams they are one more than `limit` at most, and their texts are to be compared.
    """
    if not what.grams:
        within = [*what.branch.conditions, *_bounds(SearchedText.id, None, what.lowest)]
        walk = Walk(SearchedText, ORDER, [replace(what.branch, conditions=within)], what.rest)
        ids, last = walk.page(session, None if place is None else (place,), limit)
        return ids, None if last is None else last[0]
    driver, bottom = _driver(session, what, place)
    least = max((one for one in (bottom, what.lowest) if one is not None), default=None)
    return list(session.scalars(_having(what, driver, place, least).limit(limit + 1))), bottom


def _fitting(session: Session, ids: Sequence[int], room: int) -> Sequence[int]:
    """Returns the first of these texts that have so many bytes together; at least one where a page begins."""
    asked = session.execute(_texts(ids, SearchedText.id, _LENGTH)) if ids else ()
    lengths = {one: int(length) for one, length in asked}
    taken = 0
    for number, one in enumerate(ids):
        taken += lengths.get(one, 0)
        if taken > room and (number > 0 or room < PAGE_BYTES):
            return ids[:number]
    return ids


def _bounds(column: Any, below: int | None, least: int | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [] if below is None else [column < below]
    return found if least is None else [*found, column >= least]


def _driver(session: Session, what: Sought, place: int | None) -> tuple[int | None, int | None]:
    """Returns the gram whose next texts reach back farthest, and the last of them; None: they reach to the end.

    No gram: the list of the author or of the video reaches back farthest.
    """
    lists: list[tuple[int | None, Select[int]]] = []
    lists += [(gram, _with_gram(gram, place, what.lowest)) for gram in what.grams[:MOST_GRAMS]]
    lists.append((None, _listed(what, place, what.lowest)))
    deepest: tuple[int, int | None] = MOST_ID, None
    for driver, ids in lists:
        last = session.scalar(ids.offset(STEP - 1).limit(1))
        if last is None:
            return driver, None
        if last < deepest[0]:
            deepest = last, driver
    return deepest[1], deepest[0]


def _listed(what: Sought, below: int | None, least: int | None) -> Select[int]:
    column = SearchedText.id
    wanted = select(column).where(*what.branch.conditions, *_bounds(column, below, least)).order_by(column.desc())
    for dialect in DIALECTS:
        wanted = wanted.with_hint(SearchedText, f"FORCE INDEX ({what.branch.index})", dialect)
    return wanted


def _with_gram(gram: int, below: int | None, least: int | None) -> Select[int]:
    column = TextGram.text_id
    return select(column).where(TextGram.gram == gram, *_bounds(column, below, least)).order_by(column.desc())


def _having(what: Sought, driver: int | None, below: int | None, least: int | None) -> Select[int]:
    """Selects the ids of the texts of one list, newest first, that have each gram and match the other conditions."""
    grams = [gram for gram in what.grams[:MOST_GRAMS] if gram != driver]
    if driver is None:
        column: Any = SearchedText.id
        wanted = _listed(what, below, least)
    else:
        column = TextGram.text_id
        wanted = _with_gram(driver, below, least)
    for gram in grams:
        other = aliased(TextGram)
        wanted = wanted.join(other, and_(other.gram == gram, other.text_id == column))
    if driver is not None:
        wanted = wanted.join(SearchedText, SearchedText.id == column).where(*what.branch.conditions)
    for dialect in DIALECTS:  # in this order, each by its key
        wanted = wanted.prefix_with("STRAIGHT_JOIN", dialect=dialect)
        if driver is not None:
            wanted = wanted.with_hint(SearchedText, "FORCE INDEX (PRIMARY)", dialect)
    return wanted.where(*what.rest)


def _loaded(session: Session, ids: Sequence[int]) -> list[CollectedText]:
    """Returns these texts, newest first; without those that were deleted meanwhile."""
    if not ids:
        return []
    wanted = _texts(ids, SearchedText.id, CollectedTitle, CollectedComment)
    return [CollectedText(*row) for row in session.execute(wanted)]


def _texts(ids: Sequence[int], *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join(CollectedTitle, CollectedTitle.id == SearchedText.title_id)
        .outerjoin(CollectedComment, and_(SearchedText.kind == "comment", CollectedComment.id == SearchedText.subject))
        .where(SearchedText.id.in_(ids), (SearchedText.kind == "title") | CollectedComment.id.is_not(None))
        .order_by(SearchedText.id.desc())
    )


def _bytes(column: Any) -> ColumnElement[int]:
    return func.coalesce(func.length(cast(column, LargeBinary)), 0)


_LENGTH = _bytes(CollectedTitle.title) + _bytes(CollectedComment.text)
