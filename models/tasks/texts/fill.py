"""Makes collected titles and comments searchable, behind the transactions that store them: each once.

As with records (models/history/records/fill.py): a row that is to be searched says so in a column with an index, and
one transaction writes the grams of some and sets the column. A fill that was killed is repeated from its start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, false, select, update
from sqlalchemy.orm import Session

from models.database.insert_if_absent import insert_unless_there
from models.tables import CollectedComment, CollectedTitle, SearchedText, TextGram
from models.tasks.texts.fold import fold, grams_of
from models.tasks.texts.text_id import Kind, gram_key, text_id
from models.transactions.read_write import write

MOST_TEXTS = 200  # of one transaction
MOST_GRAMS = 5_000  # of one transaction, unless one text alone has more


class Source(NamedTuple):
    """A collected title or comment, as its search needs it."""

    subject: int
    text: str
    collected_at: datetime
    title_id: int
    author_id: str
    sandbox: bool


def fill_texts(engine: Engine) -> int:
    """Makes some titles and some comments searchable. Returns how many."""
    return sum(write(engine, fill) for fill in (_titles, _comments))


def comments(ids: Iterable[int]) -> Any:
    """Selects comments as sources, by their ids, in order."""
    title = CollectedTitle
    return (
        select(
            CollectedComment.id, CollectedComment.text, CollectedComment.first_seen_at, title.id, title.author_id,
            title.sandbox,
        )
        .join(title, title.id == CollectedComment.title_id)
        .where(CollectedComment.id.in_(ids))
        .order_by(CollectedComment.id)
    )  # fmt: skip


def _titles(session: Session) -> int:
    def sources(ids: Iterable[int]) -> Any:
        title = CollectedTitle
        wanted = select(title.id, title.title, title.first_seen_at, title.id, title.author_id, title.sandbox)
        return wanted.where(title.id.in_(ids)).order_by(title.id)

    return _fill(session, "title", CollectedTitle, sources)


def _comments(session: Session) -> int:
    return _fill(session, "comment", CollectedComment, comments)


def _fill(session: Session, kind: Kind, table: Any, sources: Callable[[Iterable[int]], Any]) -> int:
    # first without locks, as for records
    due = select(table.id).where(table.searchable == false()).order_by(table.id).limit(MOST_TEXTS)
    ids = session.scalars(due).all()
    if not ids:
        return 0
    mine = select(table.id).where(table.id.in_(ids), table.searchable == false()).order_by(table.id)
    taken = session.scalars(mine.with_for_update()).all()
    done = _write(session, kind, [Source(*row) for row in session.execute(sources(taken))])
    finished = update(table).where(table.id.in_(done)).values(searchable=True)
    session.execute(finished.execution_options(synchronize_session=False))
    return len(done)


def _write(session: Session, kind: Kind, sources: Sequence[Source]) -> list[int]:
    """Writes the first of these texts with their grams. Returns their subjects."""
    texts: list[dict[str, Any]] = []
    grams: list[dict[str, int]] = []
    for one in sources:
        number = text_id(kind, one.subject, one.collected_at)
        mine = keys_of(kind, one)
        if texts and len(grams) + len(mine) > MOST_GRAMS:
            break
        grams += [{"gram": gram, "text_id": number} for gram in mine]
        values = {"id": number, "kind": kind, "subject": one.subject, "title_id": one.title_id}
        texts.append({**values, "author_id": one.author_id, "sandbox": one.sandbox})
    connection = session.connection()
    if texts:
        connection.execute(insert_unless_there(SearchedText), texts)
    if grams:
        connection.execute(insert_unless_there(TextGram), grams)
    return [one["subject"] for one in texts]


def keys_of(kind: Kind, one: Source) -> list[int]:
    """Returns the numbers under which a text stands in the table of grams."""
    return [gram_key(gram, kind, sandbox=one.sandbox) for gram in sorted(grams_of(fold(one.text)))]
