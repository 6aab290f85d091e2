"""Counts the actions done so far, for the caps: an action in doubt counts as done.

Actions of sandbox tasks and real ones are counted apart.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.responsible_use.caps import COMMENTS, DISLIKE, REPORT
from models.tables import ActionRow
from models.values.enums import ActionOutcome

HAPPENED = ActionRow.outcome != ActionOutcome.NOT_DONE


def actions_by_account(session: Session, day: date, account_id: str | None = None, *, sandbox: bool) -> dict[str, int]:
    """Returns each account's number of actions on the operator's day, or that of `account_id`; no entry for 0."""
    wanted = select(ActionRow.account_id, func.count()).where(
        ActionRow.day == day, ActionRow.sandbox == sandbox, HAPPENED
    )
    if account_id is not None:
        wanted = wanted.where(ActionRow.account_id == account_id)
    return dict(session.execute(wanted.group_by(ActionRow.account_id)).all())


def accounts_on_videos(
    session: Session, authors: Collection[str], videos: Collection[str], *, sandbox: bool
) -> dict[str, set[str]]:
    """Returns the accounts that acted on each of these videos: the video's key → account ids; no entry for none.

    `authors` are the videos' authors, with which the index begins.
    """
    found: dict[str, set[str]] = {}
    rows = session.execute(
        select(ActionRow.video_key, ActionRow.account_id).where(*_on(authors, videos, sandbox=sandbox)).distinct()
    )
    for video, account in rows:
        found.setdefault(video, set()).add(account)
    return found


def comments_on_videos(
    session: Session, authors: Collection[str], videos: Collection[str], *, sandbox: bool
) -> dict[str, dict[str, int]]:
    """Returns the comments on each of these videos: the video's key → account id → number; no entry for none.

    Replies are no comments. `authors` are the videos' authors, with which the index begins.
    """
    found: dict[str, dict[str, int]] = {}
    rows = session.execute(
        select(ActionRow.video_key, ActionRow.account_id, func.count())
        .where(
            ActionRow.author_id.in_(authors),
            ActionRow.video_key.in_(videos),
            ActionRow.kind.in_(COMMENTS),
            ActionRow.sandbox == sandbox,
            HAPPENED,
        )
        .group_by(ActionRow.video_key, ActionRow.account_id)
    )
    for video, account, count in rows:
        found.setdefault(video, {})[account] = count
    return found


def actions_on_author(session: Session, kind: str, author_id: str, day: date, *, sandbox: bool) -> int:
    """Returns the number of actions on an author's videos on the operator's day; 0 for a kind without such a cap."""
    if kind not in (DISLIKE, REPORT):
        return 0
    on_day = (ActionRow.author_id == author_id, ActionRow.kind == kind, ActionRow.day == day)
    counted = select(func.count()).where(*on_day, ActionRow.sandbox == sandbox, HAPPENED)
    return session.scalar(counted) or 0


def _on(authors: Collection[str], videos: Collection[str], *, sandbox: bool) -> tuple[ColumnElement[bool], ...]:
    """Selects the actions of one sort on these videos."""
    there = (ActionRow.author_id.in_(authors), ActionRow.video_key.in_(videos))
    return *there, ActionRow.sandbox == sandbox, HAPPENED
