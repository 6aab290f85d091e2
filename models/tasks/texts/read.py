"""Reads collected titles and comments: pages, newest first, of those that contain a text and match other filters.

A search walks the texts of the rarest of its grams, a bounded number at a time, and looks up the others by their key,
the rarest first; the list of an author or of a video takes part in this as if it were a gram. What is left is read and
compared as a whole, because neighbours in pairs need not be neighbours together. So a page's cost does not grow with
the number of texts, and a page may be short although older ones follow. Nor does it grow with their length: the
lengths are asked for first, and a page reads as many texts as have a megabyte together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, Select, and_, case, cast, func, select
from sqlalchemy.orm import Session

from models.database.index_walk import Order, Walk, aliases
from models.tables import CollectedComment, CollectedTitle, SearchedText, TextGram
from models.tasks.texts.filters import Sought, TextFilter, sought
from models.tasks.texts.fold import fold

ORDER = Order((SearchedText.id,))
MOST_IN_A_PAGE = 500
# Of the rounds of a page, how many texts of the rarest gram are looked at together, and how many of those that have
# every gram are read and compared, for each text that the page has room for: more, when few of the first ones match.
ROUNDS = ((200, 1), (2000, 3))
PAGE_BYTES = 1_000_000  # of the texts of a page, a comment with its title; one text may have more
MOST_SHORT = 4000  # bytes of a text that is read with its length
MOST_GRAMS = 12  # that are compared; the comparison of the text decides
DIALECTS = ("mysql", "mariadb")
# grams, and None: the list of the author, of the video or of the whole kind
Lists = Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a round looks at: the texts of the first list from a place on down to `bottom`, looked up in the others.

    `bottom` None: down to the list's end. `most`: of the texts that are in each list, those that are compared.
    """

    lists: Lists
    place: int | None
    bottom: int | None
    most: int


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
    found: list[int] = []
    room = PAGE_BYTES
    lists, bottom = _rarest_first(session, what, place) if what.grams else ((), None)
    for step, many in ROUNDS:
        if lists and step != ROUNDS[0][0]:
            bottom = session.scalar(_nth(what, lists[0], place, step))
        part = Stretch(lists, place, bottom, (limit - len(found)) * many + 1)
        some, room, place = _round(session, what, part, limit - len(found), room)
        found += some
        if place is None or room <= 0 or len(found) >= limit:
            break
    return _loaded(session, found), place


def _round(
    session: Session, what: Sought, part: Stretch, limit: int, room: int
) -> tuple[Sequence[int], int, int | None]:
    """Returns the ids of the next texts, the room left for bytes, and the place to go on from.

    No room is left when the next text is more than there is room for.
    """
    ids, following = _candidates(session, what, part, limit)
    lengths, fitting = _fitting(session, ids, room)
    if what.grams:
        texts = _read(session, fitting, lengths)
        found = [one for one in fitting if what.folded in fold(texts.get(one, ""))]
    else:
        found = [one for one in fitting if one in lengths]
    left = room - sum(lengths[one].bytes for one in found)
    if len(found) > limit:
        return found[:limit], left, found[limit - 1]
    if len(fitting) < len(ids):
        return found, 0, fitting[-1] if fitting else part.place
    if what.grams and len(ids) == part.most:  # there are more above the bottom
        return found, left, ids[-1]
    return found, left, following


def _candidates(session: Session, what: Sought, part: Stretch, limit: int) -> tuple[Sequence[int], int | None]:
    """Returns the ids of the next texts, newest first, and the place behind all that were looked at.

    With grams, their texts are to be compared.
    """
    if not what.grams:
        within = [*what.branch.conditions, *_bounds(SearchedText.id, None, what.lowest)]
        walk = Walk(SearchedText, ORDER, [replace(what.branch, conditions=within)], what.rest)
        ids, last = walk.page(session, None if part.place is None else (part.place,), limit)
        return ids, None if last is None else last[0]
    least = max((one for one in (part.bottom, what.lowest) if one is not None), default=None)
    return list(session.scalars(_having(what, part, least).limit(part.most))), part.bottom


class Length(NamedTuple):
    """A text's bytes, with those of its title; and the text itself, if it is short."""

    bytes: int
    short: str | None


def _fitting(session: Session, ids: Sequence[int], room: int) -> tuple[Mapping[int, Length], Sequence[int]]:
    """Returns the length of each text, and the first ones that have so many bytes together.

    At least one where a page begins. A text that was deleted meanwhile has no length.
    """
    asked = session.execute(_texts(ids, SearchedText.id, _LENGTH, _SHORT)) if ids else ()
    lengths = {one: Length(int(length), short) for one, length, short in asked}
    taken = 0
    for number, one in enumerate(ids):
        taken += lengths[one].bytes if one in lengths else 0
        if taken > room and (number > 0 or room < PAGE_BYTES):
            return lengths, ids[:number]
    return lengths, ids


def _read(session: Session, ids: Sequence[int], lengths: Mapping[int, Length]) -> Mapping[int, str]:
    """Returns these texts; the long ones are read now."""
    texts = {one: length.short for one, length in lengths.items() if length.short is not None}
    long = [one for one in ids if one in lengths and one not in texts]
    return texts | (dict(map(tuple, session.execute(_texts(long, SearchedText.id, _TEXT)))) if long else {})


def _bounds(column: Any, below: int | None, least: int | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [] if below is None else [column < below]
    return found if least is None else [*found, column >= least]


def _rarest_first(session: Session, what: Sought, place: int | None) -> tuple[Lists, int | None]:
    """Returns the lists in the order in which their next texts reach back, the one that does so farthest first, and
    the last of its texts; None: it ends within these. Such a list is the rarest, whatever the others do.
    """
    lists = (*what.grams[:MOST_GRAMS], None)
    asked = select(*(_nth(what, one, place, ROUNDS[0][0]).scalar_subquery() for one in lists))
    reach = dict(zip(lists, session.execute(asked).one(), strict=True))
    first, *others = sorted(lists, key=lambda one: reach[one] or -1)
    if what.rest:  # a customer's own: looked up only for texts that have every gram
        others.sort(key=lambda one: one is None)
    return [first, *others], reach[first]


def _nth(what: Sought, one: int | None, place: int | None, number: int) -> Select[int]:
    """Selects the id of the nth text of a list from a place on."""
    ids = _listed(what, place, what.lowest) if one is None else _with_gram(one, place, what.lowest)
    return ids.offset(number - 1).limit(1)


def _listed(what: Sought, below: int | None, least: int | None) -> Select[int]:
    column = SearchedText.id
    wanted = select(column).where(*what.branch.conditions, *_bounds(column, below, least)).order_by(column.desc())
    return _by_index(wanted, what)


def _with_gram(gram: int, below: int | None, least: int | None) -> Select[int]:
    column = TextGram.text_id
    return select(column).where(TextGram.gram == gram, *_bounds(column, below, least)).order_by(column.desc())


def _having(what: Sought, part: Stretch, least: int | None) -> Select[int]:
    """Selects the ids of the texts of one list, newest first, that are in each of the others and match the rest."""
    first, *others = part.lists
    names = iter(aliases(TextGram, MOST_GRAMS))
    column: Any = SearchedText.id if first is None else TextGram.text_id
    wanted = _listed(what, part.place, least) if first is None else _with_gram(first, part.place, least)
    for one in others:
        if one is None:
            wanted = wanted.join(SearchedText, SearchedText.id == column).where(*what.branch.conditions)
            wanted = _by_index(wanted, what)
        else:
            other = next(names)
            wanted = wanted.join(other, and_(other.gram == one, other.text_id == column))
    for dialect in DIALECTS:  # in this order, each by its key
        wanted = wanted.prefix_with("STRAIGHT_JOIN", dialect=dialect)
    return wanted.where(*what.rest)


def _by_index(wanted: Select[int], what: Sought) -> Select[int]:
    """Hints at the index of the list: its entries of an author are near each other, unlike the rows of the texts."""
    for dialect in DIALECTS:
        wanted = wanted.with_hint(SearchedText, f"FORCE INDEX ({what.branch.index})", dialect)
    return wanted


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


_TEXT = func.coalesce(CollectedComment.text, CollectedTitle.title)  # of a title, there is no comment
_LENGTH = _bytes(CollectedTitle.title) + _bytes(CollectedComment.text)
_SHORT = case((_bytes(_TEXT) <= MOST_SHORT, _TEXT), else_=None)
