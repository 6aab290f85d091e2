"""Stores what a look found: only the items that no earlier look of the same watch saw.

An item is known by a digest of its author, title, commenter and text; two equal comments are told apart by their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.database.content_key import content_key
from models.tables import Watch, WatchItem, WatchLook
from models.transactions.insert_many import insert_many
from models.values.enums import LookOutcome

# flow → the list of its result that holds the items, and the parameters that say what is looked at
MONITORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "monitor_account": ("titles", ("author_id",)),
    "monitor_keyword": ("titles", ("keyword",)),
    "monitor_post": ("comments", ("author_id", "title")),
}
BATCH = 500  # keys of one statement


@dataclass(frozen=True, slots=True)
class Looker:
    """The memory that a look compares with: that of its watch, or that of all tasks that look at the same."""

    id: str
    owner: str
    look: WatchLook | None
    first: bool


def note_look(
    session: Session, flow: str, task_id: str, result: Mapping[str, Any], now: datetime, *, sandbox: bool
) -> dict[str, Any]:
    """Remembers a look's items. Returns its result with the new ones alone, their number, and whether it was the first.

    The first look of a watch is what later ones are compared with: its items count as new, and as no news.
    """
    part, subject = MONITORS[flow]
    items: Sequence[Mapping[str, Any]] = result[part]
    looker = _looker(session, flow, task_id, [str(result[name]) for name in subject], sandbox=sandbox)
    keys = item_keys(flow, result)
    known = _known(session, looker.id, keys, now)
    new = [(key, item) for key, item in zip(keys, items, strict=True) if key not in known]
    insert_many(session, WatchItem, [_row(looker, key, task_id, at, now) for at, (key, _) in enumerate(new)])
    if looker.look is not None:
        _note(session, looker.look, looker, len(items), len(new), now)
    return {**result, part: [dict(item) for _, item in new], "new": len(new), "first": looker.first}


def item_keys(flow: str, result: Mapping[str, Any]) -> list[str]:
    """Returns the digest of each item of a look, in order."""
    part = MONITORS[flow][0]
    counted: Counter[tuple[str, ...]] = Counter()
    keys = []
    for item in result[part]:
        told = _told(part, result, item)
        counted[told] += 1
        keys.append(content_key(part, *told, str(counted[told])))
    return keys


def _told(part: str, result: Mapping[str, Any], item: Mapping[str, Any]) -> tuple[str, ...]:
    if part == "comments":
        return result["author_id"], result["title"], item["commenter"], item["text"]
    return item["author_id"], item["title"]


def _looker(session: Session, flow: str, task_id: str, subject: Sequence[str], *, sandbox: bool) -> Looker:
    look = session.scalars(select(WatchLook).where(WatchLook.task_id == task_id).with_for_update()).one_or_none()
    watch = None if look is None else session.get(Watch, look.watch_id)
    if look is not None and watch is not None:
        return Looker(watch.id, watch.key_id or "", look, watch.looked_at is None)
    mine = content_key(flow, *subject, "sandbox" if sandbox else "")
    seen = session.scalar(select(WatchItem.item_key).where(WatchItem.watch_id == mine).limit(1))
    return Looker(mine, "", None, seen is None)


def _known(session: Session, looker: str, keys: Sequence[str], now: datetime) -> set[str]:
    """Returns which of these items an earlier look saw, and notes that they were seen again."""
    found: set[str] = set()
    for some in _batches(keys):
        these = (WatchItem.watch_id == looker, WatchItem.item_key.in_(some))
        found |= set(session.scalars(select(WatchItem.item_key).where(*these)))
        again = update(WatchItem).where(*these).values(last_seen_at=now)
        session.execute(again.execution_options(synchronize_session=False))
    return found


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), BATCH):
        yield sorted(keys[start : start + BATCH])


def _row(looker: Looker, key: str, task_id: str, position: int, now: datetime) -> dict[str, Any]:
    return {
        "watch_id": looker.id,
        "item_key": key,
        "owner": looker.owner,
        "task_id": task_id,
        "position": position,
        "first_seen_at": now,
        "last_seen_at": now,
    }


def _note(session: Session, look: WatchLook, looker: Looker, seen: int, new: int, now: datetime) -> None:
    look.outcome, look.looked_at, look.baseline = LookOutcome.LOOKED, now, looker.first
    look.seen, look.new = seen, new
    watch = session.get_one(Watch, look.watch_id)
    watch.looked_at, watch.failed_looks = now, 0
