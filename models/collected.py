"""What flows bring back, written down: titles, comments, and which titles are collected already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.tables import CollectedComment, CollectedTitle


def note_result(session: Session, flow: str, task_id: str, result: Any, now: datetime) -> Any:
    """Keep what a flow collected. The result, with what the ledger adds to it."""
    if flow == "collect_titles":
        return _note_titles(session, task_id, result, now)
    if flow == "collect_comments":
        _note_comments(session, task_id, result, now)
    return result


def _note_titles(session: Session, task_id: str, result: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    titles = []
    for found in result["titles"]:
        row = _title(session, found["author_id"], found["title"], found["author"], task_id, now)
        row.shown_count, row.real_count = found.get("shown_count"), found.get("real_count")
        titles.append({**found, "collected": row.comments_collected_at is not None})
    return {**result, "titles": titles}


def _note_comments(session: Session, task_id: str, result: Mapping[str, Any], now: datetime) -> None:
    row = _title(session, result["author_id"], result["title"], result.get("author", ""), task_id, now)
    row.comments_task_id, row.comments_collected_at = task_id, now
    session.flush()
    comments: Sequence[Mapping[str, Any]] = result["comments"]
    session.add_all(
        CollectedComment(
            title_id=row.id,
            task_id=task_id,
            position=position,
            commenter=comment["commenter"],
            text=comment["text"],
            likes=comment["likes"],
            replies=comment["replies"],
            time=comment["time"],
            collected_at=now,
        )
        for position, comment in enumerate(comments)
    )


def _title(session: Session, author_id: str, title: str, author: str, task_id: str, now: datetime) -> CollectedTitle:
    known = select(CollectedTitle).where(CollectedTitle.author_id == author_id, CollectedTitle.title == title)
    row = session.scalars(known).one_or_none()
    if row is not None:
        return row
    row = CollectedTitle(author_id=author_id, author=author, title=title, first_task_id=task_id, first_seen_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another phone wrote it down meanwhile
        return session.scalars(known).one()
    return row
