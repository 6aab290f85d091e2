"""The audit log: records each change with its author, its subject, its reason, and the values before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy.orm import Session

from models import tables
from models.database.clock import database_now
from models.database.storable import storable_text

MOST_REASON = 2000  # characters
_REASON: ContextVar[str | None] = ContextVar("reason", default=None)


@contextmanager
def for_reason(text: str) -> Iterator[None]:
    """Gives the changes that this block records their reason; an empty text gives none."""
    token = _REASON.set(storable_text(text.strip(), MOST_REASON) or None)
    try:
        yield
    finally:
        _REASON.reset(token)


def record_change(session: Session, who: str, subject: str, before: Any, after: Any) -> None:
    """Adds an audit entry: `who` changed `subject` from `before` to `after`."""
    session.add(
        tables.AuditEntry(
            at=database_now(session), who=who, subject=subject, before=before, after=after, reason=_REASON.get()
        )
    )
