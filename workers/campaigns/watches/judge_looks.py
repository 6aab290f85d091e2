"""Judges what looks found: which new items count, and whether people are told. Each item is told of once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.database.clock import database_now
from models.database.insert_if_absent import insert_if_absent
from models.notify.alerts import raise_alert
from models.tables import Task, Watch, WatchHour, WatchItem, WatchLook
from models.tasks.monitored import MONITORS
from models.tasks.states import OPEN, State
from models.transactions.read_write import write
from models.values.enums import LookOutcome
from workers.campaigns.watches.alert_text import Found, alert_text
from workers.policy.monitoring.mood import MoodWords
from workers.policy.monitoring.verdict import Facts, Rule, Verdict, judge, same_hours
from workers.policy.monitoring.words import WordRule

BATCH_SIZE = 50  # looks in one transaction
MOST_PENDING = 10_000  # items of a watch that are judged at once
BLIND = 3  # looks that failed in a row before people are told
REMEDY = "look at the watch's page or `phonefleet watch show NAME`; pause the watch if it tells of nothing new"
BLIND_REMEDY = "look why its tasks failed: `phonefleet watch show NAME` lists them"
MOODS = MoodWords()


@dataclass(frozen=True, slots=True)
class Judged:
    """The numbers of one round."""

    looks: int
    alerts: int


def judge_looks(engine: Engine, zone: ZoneInfo, clock: Callable[[Session], datetime] = database_now) -> Judged:
    """Judges at most 50 looks that ended, and the watches whose alert was held back until now."""
    return write(engine, lambda session: _judge(session, zone, clock(session)))


def rule_of(watch: Watch, zone: ZoneInfo) -> Rule:
    """Returns when people are told of what a watch finds."""
    return Rule(
        threshold=watch.threshold,
        window=timedelta(minutes=watch.window),
        deviation=watch.deviation,
        least=watch.least,
        min_interval=timedelta(minutes=watch.min_interval),
        quiet_from=watch.quiet_from,
        quiet_to=watch.quiet_to,
        zone=zone,
    )


def text_of(flow: str, item: Mapping[str, Any]) -> str:
    """Returns the text of an item that words are looked for in."""
    return str(item["text"] if MONITORS[flow][0] == "comments" else item["title"])


def _judge(session: Session, zone: ZoneInfo, now: datetime) -> Judged:
    _note_failed(session, now)
    ended = select(WatchLook).where(WatchLook.outcome == LookOutcome.LOOKED).order_by(WatchLook.id).limit(BATCH_SIZE)
    looks = session.scalars(ended.with_for_update()).all()
    for look in looks:
        _count(session, look)
    session.flush()
    held = select(Watch.id).where(Watch.judge_at <= now, Watch.paused.is_(False), Watch.removed_at.is_(None))
    later = session.scalars(held.limit(BATCH_SIZE)).all()
    alerts = sum(
        _tell(session, watch_id, zone, now) for watch_id in dict.fromkeys([*(one.watch_id for one in looks), *later])
    )
    return Judged(len(looks), alerts)


def _note_failed(session: Session, now: datetime) -> None:
    """Notes the looks whose task ended without a result; after three in a row people are told that a watch is blind."""
    gone = or_(Task.id.is_(None), Task.state.not_in(OPEN))
    wanted = (
        select(WatchLook, Task.state, Task.reason)
        .outerjoin(Task, Task.id == WatchLook.task_id)
        .where(WatchLook.outcome == LookOutcome.PLANTED, gone)
        .order_by(WatchLook.id)
        .limit(BATCH_SIZE)
    )
    for look, state, reason in session.execute(wanted).all():
        if state == State.SUCCEEDED:
            continue  # it looked: the transaction that ended it says so
        look.outcome, look.reason = LookOutcome.FAILED, reason or state or "its task is gone"
        watch = session.get_one(Watch, look.watch_id, with_for_update=True)
        if state == State.STOPPED or watch.removed_at is not None:
            continue
        watch.failed_looks += 1
        if watch.failed_looks == BLIND:
            text = f"{watch.name}: {BLIND} looks in a row failed, the last: {look.reason}"
            raise_alert(session, "watch_blind", f"watch:{watch.id}", text, BLIND_REMEDY, now)


def _count(session: Session, look: WatchLook) -> None:
    """Marks the items of a look that count, and adds its numbers to its hour."""
    watch = session.get_one(Watch, look.watch_id, with_for_update=True)
    result = session.scalar(select(Task.result).where(Task.id == look.task_id))
    look.outcome = LookOutcome.JUDGED
    if look.looked_at is None or not isinstance(result, Mapping):
        return
    if not look.baseline:
        look.matched = _mark(session, watch, look, result)
    hour = look.looked_at.replace(minute=0, second=0, microsecond=0)
    insert_if_absent(session, WatchHour, watch_id=watch.id, hour=hour, looks=0, new=0, matched=0)
    session.execute(
        update(WatchHour)
        .where(WatchHour.watch_id == watch.id, WatchHour.hour == hour)
        .values(
            looks=WatchHour.looks + 1,
            new=WatchHour.new + (0 if look.baseline else look.new),
            matched=WatchHour.matched + look.matched,
        )
    )


def matched_words(rule: WordRule, mood: str | None, text: str) -> list[str] | None:
    """Returns the words for which a text counts for a watch; None when it does not."""
    words = rule.matches(text)
    return None if words is None or (mood is not None and MOODS.mood(text) != mood) else words


def _mark(session: Session, watch: Watch, look: WatchLook, result: Mapping[str, Any]) -> int:
    rule, items = WordRule.of(watch.words), result[MONITORS[watch.flow][0]]
    mine = (WatchItem.watch_id == watch.id, WatchItem.task_id == look.task_id)
    marked = 0
    for row in session.scalars(select(WatchItem).where(*mine)).all():
        if row.position < len(items):
            words = matched_words(rule, watch.mood, text_of(watch.flow, items[row.position]))
            row.matched, row.words = words is not None, words
            marked += row.matched
    return marked


def _tell(session: Session, watch_id: str, zone: ZoneInfo, now: datetime) -> int:
    """Judges a watch, and raises its alert. Returns the number of alerts."""
    watch = session.get_one(Watch, watch_id, with_for_update=True)
    pending = _pending(session, watch)
    verdict = judge(rule_of(watch, zone), _facts(session, watch, pending, zone, now), now)
    watch.held_why, watch.judge_at = (verdict.why or None, verdict.again) if verdict.again else (None, None)
    if not verdict.tell:
        return 0
    _raise(session, watch, pending, verdict, now)
    return 1


def _pending(session: Session, watch: Watch) -> Sequence[WatchItem]:
    """Returns the items that count and that this watch's owner was not told of, by this watch or another."""
    told = aliased(WatchItem)
    by_another = exists().where(
        told.item_key == WatchItem.item_key, told.owner == WatchItem.owner, told.alerted_at.is_not(None)
    )
    mine = (WatchItem.watch_id == watch.id, WatchItem.matched, WatchItem.alerted_at.is_(None), ~by_another)
    return session.scalars(
        select(WatchItem).where(*mine).order_by(WatchItem.first_seen_at.desc()).limit(MOST_PENDING)
    ).all()


def _facts(session: Session, watch: Watch, pending: Sequence[WatchItem], zone: ZoneInfo, now: datetime) -> Facts:
    hour = now.replace(minute=0, second=0, microsecond=0)
    past = same_hours(hour, zone)
    rows = select(WatchHour.hour, WatchHour.matched).where(WatchHour.watch_id == watch.id)
    counted = {row[0]: row[1] for row in session.execute(rows.where(WatchHour.hour.in_([hour, *past])))}
    return Facts(
        pending=[item.first_seen_at for item in pending],
        this_hour=counted.get(hour, 0),
        past=[counted[one] for one in past if one in counted],
        alerted_at=watch.alerted_at,
        held=watch.held_why or "",
    )


def _raise(session: Session, watch: Watch, pending: Sequence[WatchItem], verdict: Verdict, now: datetime) -> None:
    texts, before = _texts(session, watch, pending)
    found = Found(
        name=watch.name,
        flow=watch.flow,
        params=watch.params,
        why=verdict.why,
        words=[word for item in pending for word in item.words or ()],
        texts=texts,
        before=before,
        number=len(pending),
    )
    text, details = alert_text(found)
    details |= {"watch_id": watch.id, "tasks": sorted({item.task_id for item in pending})[:20]}
    raise_alert(session, "watch_matched", f"watch:{watch.id}", text, REMEDY.replace("NAME", watch.name), now, details)
    for item in pending:
        item.alerted_at = now
    watch.alerted_at = now


def _texts(session: Session, watch: Watch, pending: Sequence[WatchItem]) -> tuple[list[str], list[str]]:
    """Returns the texts of the pending items as far as results still have them, and those of earlier looks."""
    tasks = list(dict.fromkeys(item.task_id for item in pending))[:20]
    looks = select(WatchLook.task_id).where(WatchLook.watch_id == watch.id, WatchLook.outcome == LookOutcome.JUDGED)
    recent = session.scalars(looks.order_by(WatchLook.id.desc()).limit(40)).all()
    wanted = {one for one in [*tasks, *recent] if one is not None}
    results = session.execute(select(Task.id, Task.result).where(Task.id.in_(wanted), func.length(Task.result) < 10**6))
    rule, part = WordRule.of(watch.words), MONITORS[watch.flow][0]
    here: list[str] = []
    before: list[str] = []
    for task_id, result in results:
        texts = [text_of(watch.flow, item) for item in (result or {}).get(part, ())]
        kept = [text for text in texts if matched_words(rule, watch.mood, text) is not None]
        (here if task_id in tasks else before).extend(kept)
    return here, before
