"""Authors, their basis, the caps: read, and changed with a record of who did it."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.caps import CAP_NAMES, Basis, Caps
from models.engine import database_now, write
from models.names import check_names
from models.refused import refuse
from models.tables import Author, CapValue, Change

BasisKind = Literal["owned", "permitted", "none"]


def basis_of(session: Session, author_id: str) -> Basis | None:
    """The basis of an author, matched by id; None for an author who is not registered."""
    author = session.get(Author, author_id)
    return None if author is None else Basis(author.basis, author.basis_expires)


def read_caps(session: Session) -> Caps:
    """The caps in force."""
    return Caps().with_values({row.name: row.value for row in session.scalars(select(CapValue))})


def register_author(engine: Engine, author_id: str, name: str) -> None:
    """Make an author known, without a basis; a known one gets the new name. Raises Refused."""
    check_names("author id", author_id, name)

    def work(session: Session) -> None:
        author = session.get(Author, author_id)
        if author is None:
            session.add(Author(id=author_id, name=name, basis="none", created_at=database_now(session)))
        else:
            author.name = name

    write(engine, work)


def set_basis(
    engine: Engine, author_id: str, kind: BasisKind, *, who: str, note: str = "", expires: date | None = None
) -> None:
    """Say why we may act on an author's content. Raises Refused; the change is recorded."""
    if kind not in ("owned", "permitted", "none"):
        raise refuse("basis", f"{kind!r} is not a basis", "use owned, permitted or none")
    if kind == "permitted" and not note.strip():
        raise refuse("note", "a permission needs a note that says who gave it", "add --note")

    def work(session: Session) -> None:
        author = session.get(Author, author_id)
        if author is None:
            raise refuse("author", f"{author_id!r} is not registered", "phonefleet authors add ID NAME")
        before = _basis_record(author)
        author.basis, author.basis_note, author.basis_expires = kind, note or None, expires
        record_change(session, who, f"author:{author_id}", before, _basis_record(author))

    write(engine, work)


def set_cap(engine: Engine, name: str, value: int, *, who: str) -> None:
    """Change a cap. Raises Refused; the change is recorded."""
    if name not in CAP_NAMES:
        raise refuse("cap", f"{name!r} is not a cap", f"use one of {', '.join(CAP_NAMES)}")
    if value < 0:
        raise refuse("value", f"{value} is below 0", "give 0 or more")

    def work(session: Session) -> None:
        before = getattr(read_caps(session), name)
        session.merge(CapValue(name=name, value=value))
        record_change(session, who, f"cap:{name}", before, value)

    write(engine, work)


def record_change(session: Session, who: str, subject: str, before: Any, after: Any) -> None:
    """Keep who changed what."""
    session.add(Change(at=database_now(session), who=who, subject=subject, before=before, after=after))


def _basis_record(author: Author) -> dict[str, str | None]:
    expires = author.basis_expires
    return {"basis": author.basis, "note": author.basis_note, "expires": expires.isoformat() if expires else None}
