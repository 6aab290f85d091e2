"""Authors, their basis, and the caps: reads them, and changes them with a record of who did it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.orm import Session

from models.database.clock import DATABASE_MOMENT, database_now
from models.history.audit_log import record_change
from models.history.named_rows import register_named
from models.responsible_use.caps import CAP_NAMES, Basis, Caps
from models.tables import Author, CapValue
from models.tasks.transitions import wake_capped
from models.transactions.read_write import write
from models.values.enums import BasisKind
from models.values.refused import refuse

MOST_IN_A_QUERY = 1000
MOST_CAP = 1_000_000_000  # a column of MySQL holds twice as much


def basis_of(session: Session, author_id: str) -> Basis | None:
    """Returns the basis of an author, by id; None for an author who is not registered."""
    author = session.get(Author, author_id)
    return None if author is None else Basis(author.basis, author.basis_expires)


def bases_of(session: Session, author_ids: Collection[str]) -> dict[str, Basis]:
    """The basis of each of these authors that is registered, with one query for a thousand of them."""
    found: dict[str, Basis] = {}
    ids = sorted(author_ids)
    for start in range(0, len(ids), MOST_IN_A_QUERY):
        some = ids[start : start + MOST_IN_A_QUERY]
        rows = session.execute(select(Author.id, Author.basis, Author.basis_expires).where(Author.id.in_(some)))
        found |= {author_id: Basis(kind, expires) for author_id, kind, expires in rows}
    return found


_CLOCK = select(DATABASE_MOMENT.label("moment")).subquery("clock")
_BASES_NOW = select(_CLOCK.c.moment, Author.id, Author.basis, Author.basis_expires).select_from(
    _CLOCK.outerjoin(Author, Author.id.in_(bindparam("named", expanding=True)))
)


def bases_and_now(session: Session, author_ids: Collection[str]) -> tuple[datetime, dict[str, Basis]]:
    """Returns the database's time, and what `bases_of` returns; with one question for both when there are few."""
    if session.get_bind().dialect.name == "sqlite" or len(author_ids) > MOST_IN_A_QUERY:
        return database_now(session), bases_of(session, author_ids)
    rows = session.connection().execute(_BASES_NOW, {"named": list(author_ids)}).all()
    now: datetime = rows[0][0]
    return now.replace(tzinfo=UTC), {one[1]: Basis(one[2], one[3]) for one in rows if one[1] is not None}


def read_caps(session: Session) -> Caps:
    """Returns the caps in force."""
    return Caps().with_values({row.name: row.value for row in session.scalars(select(CapValue))})


def register_author(engine: Engine, author_id: str, name: str, *, who: str = "", rename: bool = True) -> str | None:
    """Registers an author without a basis, or renames a registered one and records that.

    Returns the old name; None for a new author. Raises Refused for bad names, and for a registered author unless
    `rename`.
    """
    return register_named(engine, Author, author_id, name, who=who, rename=rename, basis=BasisKind.NONE)


def set_basis(
    engine: Engine, author_id: str, kind: str, *, who: str, note: str = "", expires: date | None = None
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Sets the basis for acting on an author's content, and records a change. Raises Refused.

    Returns the basis before and the one now, each with `basis`, `note` and `expires` (a day).
    """
    if kind not in [*BasisKind]:
        raise refuse("basis", f"{kind!r} is not a basis", "use owned, permitted or none")
    if kind == BasisKind.PERMITTED and not note.strip():
        raise refuse("note", "a permission needs a note that says who gave it", "add --note")

    def work(session: Session) -> tuple[dict[str, str | None], dict[str, str | None]]:
        author = session.get(Author, author_id)
        if author is None:
            raise refuse("author", f"{author_id!r} is not registered", "phonefleet authors add ID NAME")
        before = _basis_record(author)
        author.basis, author.basis_note, author.basis_expires = kind, note or None, expires
        after = _basis_record(author)
        if before != after:
            record_change(session, who, f"author:{author_id}", before, after)
        return before, after

    return write(engine, work)


def set_cap(engine: Engine, name: str, value: int, *, who: str) -> int:
    """Sets a cap, and records a change. Returns the value before. Raises Refused."""
    if name not in CAP_NAMES:
        raise refuse("cap", f"{name!r} is not a cap", f"use one of {', '.join(CAP_NAMES)}")
    if value < 0:
        raise refuse("value", f"{value} is below 0", "give 0 or more")
    if value > MOST_CAP:
        raise refuse("value", f"{value} is more than {MOST_CAP}, the largest cap", "give less")

    def work(session: Session) -> int:
        before: int = getattr(read_caps(session), name)
        session.merge(CapValue(name=name, value=value))
        if before != value:
            record_change(session, who, f"cap:{name}", before, value)
        if before < value:
            wake_capped(session, database_now(session))
        return before

    return write(engine, work)


def _basis_record(author: Author) -> dict[str, str | None]:
    expires = author.basis_expires
    return {"basis": author.basis, "note": author.basis_note, "expires": expires.isoformat() if expires else None}
