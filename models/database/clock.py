"""The ledger's clock."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def database_now(session: Session) -> datetime:
    """The ledger's clock. Leases are measured by it alone: the clocks of hosts are not trusted."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # SQLite has no clock but its process's own
    moment = session.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC)
