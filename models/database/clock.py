"""The ledger's clock."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def database_now(session: Session) -> datetime:
    """Returns the database's time. Leases are measured by it alone, because hosts' clocks may be wrong."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # SQLite has only its process's clock
    moment = session.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC)
