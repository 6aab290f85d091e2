"""Rows that people name, authors and accounts: registers them, and records each new name in the audit log."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models import tables
from models.database.clock import database_now
from models.history.audit_log import record_change
from models.transactions.read_write import write
from models.values.names import check_names
from models.values.refused import Refused, refuse

Row = TypeVar("Row", "tables.Author", "tables.Account")


def register_named(
    engine: Engine,
    table: type[Row],
    row_id: str,
    name: str,
    *,
    who: str,
    rename: bool,
    **new: Any,
) -> str | None:
    """Registers a row, or renames a registered one, and records what a person did.

    Returns the old name; None for a new row. `new` has the further columns of a new row.

    Raises Refused for bad names, and for a registered row unless `rename`.
    """
    what = table.__name__.lower()
    check_names(f"{what} id", row_id, name)

    def work(session: Session) -> str | None:
        known = session.get(table, row_id)
        if known is None:
            session.add(table(id=row_id, name=name, created_at=database_now(session), **new))
            if who:  # a person registered it, and no phone that showed it
                record_change(session, who, f"{what}:{row_id}", None, {"name": name})
            return None
        before = known.name
        if not rename:
            raise _known_already(what, row_id, before, name)
        if before != name:
            record_change(session, who or "unknown", f"{what}:{row_id}", {"name": before}, {"name": name})
        known.name = name
        return before

    return write(engine, work)


def _known_already(what: str, row_id: str, before: str, name: str) -> Refused:
    """Returns the refusal of a registered id: its name is changed only on request."""
    remedy = "nothing is to be done" if before == name else f"to call it {name} from now on, add --rename"
    return refuse(f"{what} id", f"{row_id!r} is known already, as {before}", remedy)
