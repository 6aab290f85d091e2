"""Stores results from before phonefleet: titles that count as collected, and their comments.

Each title with its comments is one transaction, and a comment is stored once (models.tasks.collected_comments). So a
second import of a file changes nothing, and one that was interrupted is completed by the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.content_key import content_key
from models.history.audit_log import record_change
from models.tables import CollectedTitle, CommentSighting
from models.tasks.collected import TitleSeen, lock_titles
from models.tasks.collected_comments import note_comments
from models.transactions.read_write import write

BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class EarlierComment:
    """A comment, as `collect_comments` would give it."""

    commenter: str
    text: str
    likes: int | None
    replies: int | None
    time: str
    at: str | None
    precision: str | None


@dataclass(frozen=True, slots=True)
class EarlierTitle:
    """A title of an author, its counts as far as they are known, and its comments."""

    author_id: str
    author: str
    title: str
    shown_count: int | None = None
    real_count: int | None = None
    collected: bool = True
    comments: list[EarlierComment] = field(default_factory=list)

    @property
    def seen(self) -> TitleSeen:
        return TitleSeen(self.author_id, self.author, self.title, sandbox=False)


@dataclass(slots=True)
class Stored:
    """The numbers of titles and comments that were new, or will be: `marked` counts as collected from now on."""

    titles: int = 0
    marked: int = 0
    comments: int = 0

    def __iadd__(self, other: Stored) -> Stored:
        self.titles += other.titles
        self.marked += other.marked
        self.comments += other.comments
        return self


def known_titles(session: Session, titles: Sequence[EarlierTitle]) -> dict[tuple[str, str], bool]:
    """Returns the titles that the ledger has, by author and content key, and whether they count as collected."""
    found: dict[tuple[str, str], bool] = {}
    wanted = [one.seen.key for one in titles]
    for start in range(0, len(wanted), BATCH_SIZE):
        some = wanted[start : start + BATCH_SIZE]
        rows = session.execute(
            select(
                CollectedTitle.author_id, CollectedTitle.title_key, CollectedTitle.comments_collected_at.is_not(None)
            ).where(
                CollectedTitle.author_id.in_({author for author, _ in some}),
                CollectedTitle.title_key.in_({key for _, key in some}),
            )
        )
        found |= {(author, key): bool(collected) for author, key, collected in rows}
    return found


def store_title(engine: Engine, source: str, one: EarlierTitle) -> Stored:
    """Stores a title of the source (a digest of its file) and its comments. What is known already stays as it is."""
    return write(engine, lambda session: _store(session, source, one))


def record_import(engine: Engine, who: str, name: str, source: str, stored: Stored) -> None:
    """Adds the import to the audit log."""
    write(
        engine,
        lambda session: record_change(session, who, f"import {name}", None, {**asdict(stored), "sha256": source}),
    )


def _store(session: Session, source: str, one: EarlierTitle) -> Stored:
    # Positions are unique in a task. So each title of a file has an id of its own, and the same one next time.
    import_id = str(uuid5(NAMESPACE_URL, f"phonefleet:import:{source}:{one.author_id}:{content_key(one.title)}"))
    now = database_now(session)
    row = lock_titles(session, [one.seen], import_id, now)[one.seen.key]
    stored = Stored(titles=int(row.first_task_id == import_id and row.first_seen_at == now))
    row.shown_count = one.shown_count if row.shown_count is None else row.shown_count
    row.real_count = one.real_count if row.real_count is None else row.real_count
    if one.collected and row.comments_collected_at is None:
        row.comments_task_id, row.comments_collected_at = import_id, now
        stored.marked = 1
    if one.comments and not _imported(session, import_id):
        session.flush()
        comments = [asdict(comment) for comment in one.comments]
        stored.comments = note_comments(session, row.id, import_id, comments, now, newest=False)
    return stored


def _imported(session: Session, import_id: str) -> bool:
    wanted = select(CommentSighting.id).where(CommentSighting.task_id == import_id).limit(1)
    return session.scalar(wanted) is not None
