"""Stores the results of collecting flows: titles, comments, and which titles' comments are collected already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import tables
from models.database.content_key import content_key
from models.database.insert_if_absent import insert_unless_there
from models.database.storable import storable_text
from models.tasks.collected_comments import note_comments

MOST_NAME = 191  # characters of a name column


@dataclass(frozen=True, slots=True)
class TitleSeen:
    """A title of an author, as a flow saw it."""

    author_id: str
    author: str
    title: str
    sandbox: bool

    @property
    def key(self) -> tuple[str, str]:
        """Returns the author's id and the title's key: together they identify the title among those of its sort."""
        return self.author_id, title_key(self.title, sandbox=self.sandbox)


def title_key(title: str, *, sandbox: bool) -> str:
    """Returns the key of an exact title, as the app of simulated phones or as the real one shows it."""
    return content_key("sandbox", title) if sandbox else content_key(title)


def note_result(session: Session, flow: str, task_id: str, result: Any, now: datetime, *, sandbox: bool) -> Any:
    """Stores the titles or comments that a flow collected. Returns its result, with the ledger's additions.

    Of a look only what is new is kept, in the result as in the tables.
    """
    if flow == "collect_titles":
        return _note_titles(session, task_id, result, now, sandbox=sandbox)
    if flow == "collect_comments":
        _note_comments(session, task_id, result, now, sandbox=sandbox)
    if flow.startswith("monitor_"):
        from models.tasks.monitored import note_look  # noqa: PLC0415 - a process that only plants needs none of it

        found = note_look(session, flow, task_id, result, now, sandbox=sandbox)
        _note_news(session, task_id, found, now, sandbox=sandbox)
        return found
    return result


def _note_titles(
    session: Session, task_id: str, result: Mapping[str, Any], now: datetime, *, sandbox: bool
) -> dict[str, Any]:
    seen = [TitleSeen(found["author_id"], found["author"], found["title"], sandbox) for found in result["titles"]]
    rows = lock_titles(session, seen, task_id, now)
    titles = []
    for one, found in zip(seen, result["titles"], strict=True):
        row = rows[one.key]
        row.shown_count, row.real_count = found.get("shown_count"), found.get("real_count")
        titles.append({**found, "collected": row.comments_collected_at is not None})
    return {**result, "titles": titles}


def _note_comments(session: Session, task_id: str, result: Mapping[str, Any], now: datetime, *, sandbox: bool) -> None:
    seen = TitleSeen(result["author_id"], result.get("author", ""), result["title"], sandbox)
    row = lock_titles(session, [seen], task_id, now)[seen.key]
    row.comments_task_id, row.comments_collected_at = task_id, now
    session.flush()
    note_comments(session, row.id, task_id, result["comments"], now)


def _note_news(session: Session, task_id: str, found: Mapping[str, Any], now: datetime, *, sandbox: bool) -> None:
    """Stores the new titles or comments of a look. Its title does not count as collected: a look may see a part."""
    titles = found.get("titles", [found])
    seen = [TitleSeen(one["author_id"], one["author"], one["title"], sandbox) for one in titles]
    rows = lock_titles(session, seen, task_id, now)
    for one, title in zip(seen, titles, strict=True):
        rows[one.key].shown_count = title["shown_count"]
    if "comments" in found:
        session.flush()
        note_comments(session, rows[seen[0].key].id, task_id, found["comments"], now)


def lock_titles(
    session: Session, seen: Sequence[TitleSeen], task_id: str, now: datetime
) -> dict[tuple[str, str], tables.CollectedTitle]:
    """Returns the rows of these titles by key, locked; inserts the missing ones.

    A row that another transaction inserts meanwhile is used as it is. All transactions insert in the same order, so
    that two with the same titles cannot deadlock.
    """
    if not seen:
        return {}
    titles = {one.key: one for one in seen}
    values = [
        {
            "author_id": author_id,
            "author": storable_text(titles[author_id, key].author, MOST_NAME),
            "title": titles[author_id, key].title,
            "title_key": key,
            "sandbox": titles[author_id, key].sandbox,
            "first_task_id": task_id,
            "first_seen_at": now,
        }
        for author_id, key in sorted(titles)
    ]
    session.execute(insert_unless_there(tables.CollectedTitle), values)
    rows = session.scalars(
        select(tables.CollectedTitle)
        .where(
            tables.CollectedTitle.author_id.in_({author_id for author_id, _ in titles}),
            tables.CollectedTitle.title_key.in_({key for _, key in titles}),
        )
        .order_by(tables.CollectedTitle.id)
        .with_for_update()
    )
    return {(row.author_id, row.title_key): row for row in rows}
