"""Deletes collected comments: their rows, their sightings, their grams, and what the results of tasks say of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from models.tables import Campaign, CollectedComment, CommentSighting, Task
from models.tasks.texts.forget import forget_comments

MOST_COMMENTS = 500  # that one run deletes


def delete_old_comments(session: Session, before: datetime) -> int:
    """Deletes comments that were last seen before a moment, up to 500. Returns how many.

    Their titles stay, and stay collected. A result that had one of them was made before that moment too: it keeps its
    numbers, and loses all its comments. Comments that a campaign collected which has not ended stay until it has.
    """
    collected = select(Task.id).join(Campaign, Campaign.id == Task.campaign_id).where(Campaign.outcome.is_(None))
    in_use = collected.join(CommentSighting, CommentSighting.task_id == Task.id).where(
        CommentSighting.comment_id == CollectedComment.id
    )
    old = select(CollectedComment.id).where(
        CollectedComment.last_seen_at < before, ~in_use.correlate(CollectedComment).exists()
    )
    ids = session.scalars(old.order_by(CollectedComment.last_seen_at).limit(MOST_COMMENTS)).all()
    seen_by = select(CommentSighting.task_id).where(CommentSighting.comment_id.in_(ids)).distinct()
    tasks = session.scalars(seen_by).all()
    has_some = func.json_extract(Task.result, "$.comments[0]").is_not(None)
    emptied = func.json_set(Task.result, "$.comments", func.json_array())
    session.execute(
        update(Task)
        .where(Task.id.in_(tasks), has_some)
        .values(result=emptied)
        .execution_options(synchronize_session=False)
    )
    return delete_comments(session, ids)


def delete_comments(session: Session, ids: Sequence[int]) -> int:
    """Deletes comments with their sightings, out of the search as well. Returns how many."""
    if not ids:
        return 0
    forget_comments(session, ids)
    for statement in (
        delete(CommentSighting).where(CommentSighting.comment_id.in_(ids)),
        delete(CollectedComment).where(CollectedComment.id.in_(ids)),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
    return len(ids)
