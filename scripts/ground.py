"""The ledger as the commands reach it, migrated or refused in words."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from models.migrate import current, newest, upgrade
from models.refused import refuse
from workers.ledger import ledger
from workers.settings import settings


def open_ledger() -> Engine:
    """The ledger of this installation; an SQLite one is made when it is not there. Raises Refused."""
    engine = ledger()
    try:
        if engine.dialect.name == "sqlite":
            upgrade(engine)
        elif current(engine) != newest():
            raise refuse("PHONEFLEET_DATABASE_URL", "the ledger's tables are not of this version", "phonefleet up")
    except OperationalError as error:
        where = settings().database_url.rpartition("@")[2]
        raise refuse("PHONEFLEET_DATABASE_URL", f"no answer from {where}: {error.orig}", "phonefleet doctor") from error
    return engine
