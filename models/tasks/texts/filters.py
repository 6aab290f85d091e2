"""TextFilter: which collected titles or comments to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models import tables
from models.database.index_walk import Branch
from models.tables import CollectedTitle, SearchedText
from models.tasks.collected import title_key
from models.tasks.texts.fold import fold, grams_to_find
from models.tasks.texts.text_id import Kind, first_id, gram_key
from models.values.refused import refuse

MOST_QUERY = 200  # characters of a text to search for


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Selects the titles or comments that match every field that is not None.

    `text`: they contain it, as people read it: case, width and characters that nobody sees make no difference.
    `title`: the exact title of the author's video. `keys`: of a customer, whose tasks saw the comment; then `sandbox`
    is that of these keys.
    """

    kind: Kind = "comment"
    text: str | None = None
    author: str | None = None
    title: str | None = None
    keys: tuple[str, ...] | None = None
    since: datetime | None = None  # first collected then or later, to the millisecond
    until: datetime | None = None  # first collected before
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """A filter as the search needs it: the folded text with its grams, the branch of the list, other conditions."""

    which: TextFilter
    folded: str
    grams: Sequence[int]
    branch: Branch
    rest: Sequence[ColumnElement[bool]]
    lowest: int | None  # of the ids that its time allows
    below: int | None


def sought(session: Session, which: TextFilter) -> Sought | None:
    """Returns what to search for; None when nothing can match.

    Raises Refused for a text that is too short or too long to search for, and for a title without its author.
    """
    folded, grams = _of_text(which)
    kind, here = SearchedText.kind == which.kind, SearchedText.sandbox == which.sandbox
    branch = Branch("ix_texts_kind", [here, kind])
    if which.title is not None:
        title_id = _title_id(session, which)
        if title_id is None:
            return None
        branch = Branch("ix_texts_title", [kind, SearchedText.title_id == title_id])
    elif which.author is not None:
        branch = Branch("ix_texts_author", [here, kind, SearchedText.author_id == which.author])
    rest = [] if which.keys is None else [_seen_by(which.keys)]
    lowest = None if which.since is None else first_id(which.since)
    below = None if which.until is None else first_id(which.until)
    return Sought(which, folded, grams, branch, rest, lowest, below)


def _of_text(which: TextFilter) -> tuple[str, Sequence[int]]:
    if which.text is None:
        return "", ()
    if len(which.text) > MOST_QUERY:
        raise refuse("text", f"it has {len(which.text)} characters", f"search for at most {MOST_QUERY}")
    folded = fold(which.text)
    grams = grams_to_find(folded)
    if not grams:
        remedy = "give at least two characters that can be seen; one, if it is no letter or digit of English"
        raise refuse("text", f"{which.text!r} is too short to search for", remedy)
    return folded, [gram_key(gram, which.kind, sandbox=which.sandbox) for gram in grams]


def _title_id(session: Session, which: TextFilter) -> int | None:
    if which.author is None:
        raise refuse("title", "several authors may have this title", "name the author as well")
    key = title_key(which.title or "", sandbox=which.sandbox)
    mine = (CollectedTitle.author_id == which.author, CollectedTitle.title_key == key)
    return session.scalar(select(CollectedTitle.id).where(*mine))


def _seen_by(keys: Sequence[str]) -> ColumnElement[bool]:
    seen = select(tables.CommentSighting.id).join(tables.Task, tables.Task.id == tables.CommentSighting.task_id)
    mine = seen.where(tables.CommentSighting.comment_id == SearchedText.subject, tables.Task.key_id.in_(keys))
    return mine.correlate(SearchedText).exists()
