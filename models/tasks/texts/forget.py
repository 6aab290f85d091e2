"""Takes comments out of the search, with every gram of their texts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.tables import CollectedComment, SearchedText, TextGram
from models.tasks.texts.fill import Source, comments, keys_of
from models.tasks.texts.text_id import text_id

MOST_IN_A_STATEMENT = 1000


def forget_comments(session: Session, ids: Sequence[int]) -> None:
    """Deletes what the search has of these comments. Their rows are still there, and the caller deletes them next.

    Takes their locks first: a comment is filled before, and then all of it goes, or never.
    """
    session.execute(select(CollectedComment.id).where(CollectedComment.id.in_(ids)).order_by(CollectedComment.id)
                    .with_for_update())  # fmt: skip
    numbers = []
    for one in (Source(*row) for row in session.execute(comments(ids))):
        number = text_id("comment", one.subject, one.collected_at)
        keys = keys_of("comment", one)
        for start in range(0, len(keys), MOST_IN_A_STATEMENT):
            some = keys[start : start + MOST_IN_A_STATEMENT]
            gone = delete(TextGram).where(TextGram.text_id == number, TextGram.gram.in_(some))
            session.execute(gone.execution_options(synchronize_session=False))
        numbers.append(number)
    gone = delete(SearchedText).where(SearchedText.id.in_(numbers))
    session.execute(gone.execution_options(synchronize_session=False))
