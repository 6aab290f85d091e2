"""State changes of customers' tasks and campaigns: numbers them once they are committed, and reads them in order.

A transaction that moves a task writes the change without a position (models.transactions.state_change_capture).
This module gives the positions, key by key, under the lock of the key's row: they have no gaps, and no position
becomes visible while a lower one may still be committed. The changes of one task keep the order of its moves,
because each move holds the task's row until it is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, case, delete, select, update
from sqlalchemy.orm import Session

from models.tables import ApiKey, StateChange
from models.transactions.read_write import read, write

BATCH_SIZE = 1000
IN_ONE_STATEMENT = 100
KEPT = timedelta(days=90)
MOST_IN_A_PAGE = 1000


def number_changes(engine: Engine) -> int:
    """Gives positions to changes without one, at most 1000 of each key. Returns the number of changes numbered."""
    return sum(
        write(engine, lambda session, key_id=key_id: _number(session, key_id))  # type: ignore[misc]
        for key_id in read(engine, _keys_with_unnumbered)
    )


def changes_since(session: Session, key_id: str, since: int, limit: int = 100) -> Sequence[StateChange]:
    """Returns a key's changes after the position `since`, in order; 0 begins at the oldest one kept."""
    return session.scalars(
        select(StateChange)
        .where(StateChange.key_id == key_id, StateChange.position > since)
        .order_by(StateChange.position)
        .limit(min(limit, MOST_IN_A_PAGE))
    ).all()


def last_position(session: Session, key_id: str) -> int:
    """Returns the last position given to a change of this key; 0 before the first one."""
    return session.scalar(select(ApiKey.last_position).where(ApiKey.id == key_id)) or 0


def forget_changes(session: Session, now: datetime) -> int:
    """Deletes changes older than 90 days, at most 1000. Returns the number deleted."""
    old = session.scalars(
        select(StateChange.id)
        .where(StateChange.at < now - KEPT, StateChange.position.is_not(None))
        .order_by(StateChange.at)
        .limit(BATCH_SIZE)
    ).all()
    if old:
        session.execute(delete(StateChange).where(StateChange.id.in_(old)))
    return len(old)


def _keys_with_unnumbered(session: Session) -> list[str]:
    """Returns the keys, each by one step in an index: however many changes one of them has, the others are found."""
    unnumbered = select(StateChange.id).where(StateChange.key_id == ApiKey.id, StateChange.position.is_(None))
    return list(session.scalars(select(ApiKey.id).where(unnumbered.correlate(ApiKey).exists())))


def _number(session: Session, key_id: str) -> int:
    """Numbers the changes of one key; none while another transaction has the key's row, so that no key waits for it."""
    key = session.scalars(select(ApiKey).where(ApiKey.id == key_id).with_for_update(skip_locked=True)).one_or_none()
    if key is None:
        return 0
    waiting = (StateChange.key_id == key_id, StateChange.position.is_(None))
    ids = session.scalars(select(StateChange.id).where(*waiting).order_by(StateChange.id).limit(BATCH_SIZE)).all()
    for start in range(0, len(ids), IN_ONE_STATEMENT):
        some = ids[start : start + IN_ONE_STATEMENT]
        positions = {one: key.last_position + number for number, one in enumerate(some, 1)}
        numbered = update(StateChange).where(StateChange.id.in_(some))
        session.execute(numbered.values(position=case(positions, value=StateChange.id)))
        key.last_position += len(some)
    return len(ids)
