"""Tries a watch, before it is saved, on the last 7 days of what the ledger has collected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import CollectedComment, CollectedTitle, CommentSighting, Task, Watch
from workers.campaigns.due import schedule_of
from workers.campaigns.watches.judge_looks import matched_words, rule_of
from workers.campaigns.watches.manage import Owner
from workers.campaigns.watches.watch_spec import WatchSpec, check_watch
from workers.policy.monitoring.trial import Item, Trial, try_rule
from workers.policy.monitoring.verdict import WEEKS
from workers.policy.monitoring.words import WordRule
from workers.policy.schedule import Schedule

DAYS = 7
MOST_ITEMS = 100_000


def try_watch(session: Session, owner: Owner, spec: WatchSpec, zone: ZoneInfo) -> Trial:
    """Returns what a watch would have done in the last 7 days, with what is collected. Writes nothing.

    A customer's watch is tried on what that customer's own tasks saw, and on nothing that others collected. A comment
    came up when it was posted, as far as the app shows that, else when a task first saw it. Raises Refused.
    """
    watch = Watch(id="trial", key_id=owner.key_id, sandbox=owner.sandbox, **check_watch(spec))
    end = database_now(session)
    begin = end - timedelta(days=DAYS)
    items = _items(session, owner, watch, end - timedelta(weeks=WEEKS, days=DAYS), end)
    schedule: Schedule = schedule_of(watch, zone)

    rule = WordRule.of(watch.words)

    def counts(text: str) -> bool:
        return matched_words(rule, watch.mood, text) is not None

    return try_rule(items, counts, rule_of(watch, zone), schedule, begin, end)


def _items(session: Session, owner: Owner, watch: Watch, begin: datetime, end: datetime) -> Sequence[Item]:
    wanted = _comments(watch, owner) if watch.flow == "monitor_post" else _titles(watch, owner)
    at = wanted.selected_columns[0]
    rows = session.execute(wanted.where(at >= begin, at <= end).order_by(at.desc()).limit(MOST_ITEMS))
    return [Item(row[0], row[1]) for row in rows]


def _comments(watch: Watch, owner: Owner) -> Select[datetime, str]:
    at = func.coalesce(CollectedComment.posted_at, CollectedComment.first_seen_at)
    of_video: tuple[ColumnElement[bool], ...] = (
        CollectedTitle.author_id == watch.params["author_id"],
        CollectedTitle.title == watch.params["title"],
        CollectedTitle.sandbox == watch.sandbox,
    )
    wanted = select(at, CollectedComment.text).join(CollectedTitle, CollectedTitle.id == CollectedComment.title_id)
    if owner.key_id is not None:
        mine = CommentSighting.comment_id == CollectedComment.id
        of_video = (*of_video, exists().where(mine, CommentSighting.task_id.in_(_tasks_of(owner))))
    return wanted.where(*of_video)


def _titles(watch: Watch, owner: Owner) -> Select[datetime, str]:
    which = (
        CollectedTitle.author_id == watch.params["author_id"]
        if watch.flow == "monitor_account"
        else func.instr(CollectedTitle.title, watch.params["keyword"]) > 0
    )
    if owner.key_id is not None:
        which &= CollectedTitle.first_task_id.in_(_tasks_of(owner))
    wanted = select(CollectedTitle.first_seen_at, CollectedTitle.title)
    return wanted.where(which, CollectedTitle.sandbox == watch.sandbox)


def _tasks_of(owner: Owner) -> Select[str]:
    return select(Task.id).where(Task.key_id.in_({owner.key_id, *owner.sees}))
