"""Request ids: stores the webhook-ids that each key has used lately, to detect replayed requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.database.insert_if_absent import insert_if_absent, insert_unless_there
from models.tables import SeenId
from models.transactions.insert_rows import insert_values

# A signature's timestamp may be 5 minutes ahead at the first request and 5 minutes behind at a replay.
REMEMBERED = timedelta(minutes=15)
BATCH_SIZE = 5000
_INSERT = insert_unless_there(SeenId)


def remember(session: Session, key_id: str, webhook_id: str, now: datetime) -> bool:
    """Records the id of an accepted request. Returns False when it was recorded before: a replay."""
    return insert_if_absent(session, SeenId, key_id=key_id, id=webhook_id, seen_at=now)


def remember_all(session: Session, seen: Sequence[tuple[str, str]], now: datetime) -> bool:
    """Records several (key, webhook-id) pairs. Returns False when one was recorded before: roll back then."""
    values = seen_rows(seen, now)
    return insert_values(session, _INSERT, values) == len(values)


def seen_rows(seen: Sequence[tuple[str, str]], now: datetime) -> list[dict[str, Any]]:
    """Returns the rows of (key, webhook-id) pairs, for an INSERT that fails where one was recorded before."""
    return [{"key_id": key_id, "id": webhook_id, "seen_at": now} for key_id, webhook_id in seen]


def forget_seen(session: Session, now: datetime) -> int:
    """Deletes ids that are too old to be accepted again, at most 5000. Returns the number deleted."""
    old = session.execute(
        select(SeenId.key_id, SeenId.id)
        .where(SeenId.seen_at < now - REMEMBERED)
        .order_by(SeenId.seen_at)
        .limit(BATCH_SIZE)
    ).all()
    for key_id, webhook_id in old:
        session.execute(delete(SeenId).where(SeenId.key_id == key_id, SeenId.id == webhook_id))
    return len(old)
