"""Stores the comments that a task collected: each comment once, and its counts at each sighting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models import tables
from models.database.content_key import content_key
from models.database.storable import storable_text
from models.tasks.same_comment import Posted, match

MOST_SHOWN = 64  # characters of a time or a place
BATCH = 500  # keys of one statement


def note_comments(
    session: Session,
    title_id: int,
    task_id: str,
    comments: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    newest: bool = True,
) -> int:
    """Stores the comments that one task saw on a title's video. The caller has locked the title's row.

    Without `newest`, they were seen before those that are stored already, whose counts stay. Returns the number of
    new comments.
    """
    keys = [content_key(comment["commenter"], comment["text"]) for comment in comments]
    known = _known(session, title_id, keys)
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    rows: dict[int, tables.CollectedComment] = {}
    new = 0
    for key, mine in places.items():
        seen = [_posted(comments[place]) for place in mine]
        there = known.get(key, [])
        matched = match([Posted(row.posted_at, row.posted_precision) for row in there], seen)
        for place, posted, at in zip(mine, seen, matched, strict=True):
            if at is None:
                new += 1
                rows[place] = _new(title_id, key, task_id, comments[place], now)
            else:
                rows[place] = there[at]
            _update(rows[place], comments[place], posted, now, newest=newest or at is None)
    session.add_all(rows[place] for place in range(len(comments)))  # new ones in the app's order
    session.flush()
    if comments:
        session.execute(
            insert(tables.CommentSighting),
            [_sighting(rows[place], task_id, place, comments[place], now) for place in range(len(comments))],
        )
    return new


def _known(session: Session, title_id: int, keys: Sequence[str]) -> dict[str, list[tables.CollectedComment]]:
    known: dict[str, list[tables.CollectedComment]] = {}
    for some in _batches(sorted(set(keys))):
        found = session.scalars(
            select(tables.CollectedComment)
            .where(tables.CollectedComment.title_id == title_id, tables.CollectedComment.comment_key.in_(some))
            .order_by(tables.CollectedComment.id)
        )
        for row in found:
            known.setdefault(row.comment_key, []).append(row)
    return known


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while some := list(islice(rest, BATCH)):
        yield some


def _posted(comment: Mapping[str, Any]) -> Posted:
    """Returns the time of posting that the flow read; an empty `Posted` when it read none."""
    if not comment.get("at"):
        return Posted()
    at = datetime.fromisoformat(comment["at"])
    return Posted(at if at.tzinfo else at.replace(tzinfo=UTC), comment.get("precision"))


def _new(title_id: int, key: str, task_id: str, comment: Mapping[str, Any], now: datetime) -> tables.CollectedComment:
    return tables.CollectedComment(
        title_id=title_id,
        comment_key=key,
        commenter=comment["commenter"],
        text=comment["text"],
        place="",
        time=storable_text(comment["time"], MOST_SHOWN),
        first_task_id=task_id,
        first_seen_at=now,
    )


def _update(
    row: tables.CollectedComment, comment: Mapping[str, Any], posted: Posted, now: datetime, *, newest: bool
) -> None:
    before = Posted(row.posted_at, row.posted_precision)
    closer = before.or_closer(posted)
    if closer is not before:
        row.posted_at, row.posted_precision = closer.at, closer.precision
        row.time = storable_text(comment["time"], MOST_SHOWN)
    row.place = storable_text(comment.get("place") or "", MOST_SHOWN) or row.place
    for name in ("likes", "replies"):
        if comment[name] is not None and (newest or getattr(row, name) is None):
            setattr(row, name, comment[name])
    if newest:
        row.last_seen_at = now


def _sighting(
    row: tables.CollectedComment, task_id: str, place: int, comment: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    return {
        "comment_id": row.id,
        "task_id": task_id,
        "position": place,
        "likes": comment["likes"],
        "replies": comment["replies"],
        "time": storable_text(comment["time"], MOST_SHOWN),
        "seen_at": now,
    }
