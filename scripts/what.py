"""What a person means: a campaign, a task or a phone, by its id, the beginning of it, or its serial."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.refused import refuse
from models.tables import Campaign, Phone, Task

Kind = Literal["campaign", "task", "phone"]

HELP = "A campaign's or a task's id, or its beginning; or a phone's serial."


def find(session: Session, wanted: str) -> tuple[Kind, str]:
    """Which of the three it is, and its whole id or serial. Raises Refused for what means nothing or too much."""
    beginning = wanted.strip()
    found: list[tuple[Kind, str]] = []
    tables: tuple[tuple[Kind, type[Campaign] | type[Task]], ...] = (("campaign", Campaign), ("task", Task))
    for kind, table in tables if beginning else ():
        ids = session.scalars(select(table.id).where(table.id.startswith(beginning, autoescape=True)).limit(2))
        found += [(kind, one) for one in ids]
    if beginning and session.get(Phone, beginning) is not None:
        found.append(("phone", beginning))
    if not found:
        remedy = "see: phonefleet status, phonefleet phones"
        raise refuse("what", f"{wanted!r} begins no campaign's id and no task's, and is no phone's serial", remedy)
    if len(found) > 1:
        kinds = " or ".join(f"{kind} {one}" for kind, one in found[:3])
        raise refuse("what", f"{wanted!r} may mean {kinds}", "give more of the id")
    return found[0]
