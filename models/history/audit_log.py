"""The audit log: records each change with its author, its subject, and the values before and after."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import AuditEntry


def record_change(session: Session, who: str, subject: str, before: Any, after: Any) -> None:
    """Adds an audit entry: `who` changed `subject` from `before` to `after`."""
    session.add(AuditEntry(at=database_now(session), who=who, subject=subject, before=before, after=after))
