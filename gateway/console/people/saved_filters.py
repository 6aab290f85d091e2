"""The filters of the records page that a user saves under names: their own, few and short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.history.audit_log import record_change
from models.tables import SavedFilter, User
from models.transactions.read_write import write
from models.values.names import name_fault
from models.values.refused import refuse

MOST = 20  # of a user
MOST_NAME = 60  # characters
MOST_VALUE = 191  # characters of one field


def save_filter(engine: Engine, user: str, name: str, fields: Mapping[str, str]) -> None:
    """Saves the fields that have a value; a filter of the same name is replaced. Raises Refused."""
    fault = name_fault(name, MOST_NAME)
    if fault is not None:
        raise refuse("name", fault, "give it a short name on one line")
    kept = {field: value[:MOST_VALUE] for field, value in fields.items() if value}
    if not kept:
        raise refuse("filter", "it has no field", "fill in a field and press Show before you save it")

    def work(session: Session) -> None:
        session.get_one(User, user, with_for_update=True)  # two tabs save one after the other
        row = session.get(SavedFilter, (user, name))
        mine = select(func.count()).select_from(SavedFilter).where(SavedFilter.user == user)
        if row is None and (session.scalar(mine) or 0) >= MOST:
            raise refuse("filter", f"{MOST} are saved already", "delete one that you do not need")
        before = {"saved filter": name} | row.filter if row is not None else None
        record_change(session, user, f"user:{user}", before, {"saved filter": name} | kept)
        if row is None:
            row = SavedFilter(user=user, name=name, created_at=database_now(session))
            session.add(row)
        row.filter = kept

    write(engine, work)


def delete_filter(engine: Engine, user: str, name: str) -> None:
    """Deletes a user's filter. Raises Refused for a name that the user saved none under."""

    def work(session: Session) -> None:
        row = session.get(SavedFilter, (user, name))
        if row is None:
            raise refuse("filter", f"none is saved as {name!r}", "load the page again")
        record_change(session, user, f"user:{user}", {"saved filter": name} | row.filter, None)
        session.delete(row)

    write(engine, work)


def saved_filters(session: Session, user: str) -> Sequence[SavedFilter]:
    """Returns a user's filters by name."""
    return session.scalars(select(SavedFilter).where(SavedFilter.user == user).order_by(SavedFilter.name)).all()
