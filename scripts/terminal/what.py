"""Finds the campaign, task, phone, … that a person names by its id, the beginning of its id, or its serial."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import tables
from models.values.refused import refuse

Kind = Literal["campaign", "task", "phone", "account", "author", "delivery"]

HELP = "A campaign's or a task's id, or its beginning; or a phone's serial."
ANY_HELP = "The id of a campaign, task, delivery, account or author, or its beginning; or a phone's serial."
CONTROLLED: tuple[Kind, ...] = ("campaign", "task", "phone")  # can be stopped, paused and resumed
EVERY: tuple[Kind, ...] = ("campaign", "task", "phone", "account", "author", "delivery")
# Each kind's class in models.tables, and the column of its ids.
KEYS: dict[Kind, tuple[str, str]] = {
    "campaign": ("Campaign", "id"),
    "task": ("Task", "id"),
    "phone": ("Phone", "serial"),
    "account": ("Account", "id"),
    "author": ("Author", "id"),
    "delivery": ("Delivery", "id"),
}
DRAWN = frozenset({"campaign", "task", "delivery"})  # their ids are long and random; people chose the other ids
SEE = {
    "campaign": "phonefleet status --list",
    "phone": "phonefleet phones",
    "account": "phonefleet accounts",
    "author": "phonefleet authors",
    "delivery": "phonefleet deliveries",
}


def find(session: Session, wanted: str, kinds: Collection[Kind] = CONTROLLED) -> tuple[Kind, str]:
    """Returns the kind and the whole id or serial of what `wanted` names.

    With EVERY, for showing, an exact match is preferred to ids that only begin with `wanted`. With CONTROLLED, names
    that people chose must be given whole, and every ambiguity is refused. Raises Refused if `wanted` matches nothing,
    or more than one.
    """
    beginning = wanted.strip()
    exact: list[tuple[Kind, str]] = []
    begun: list[tuple[Kind, str]] = []
    for kind in kinds if beginning else ():
        table, column = KEYS[kind]
        key: Any = getattr(getattr(tables, table), column)
        exact += [(kind, one) for one in session.scalars(select(key).where(key == beginning)) if one == beginning]
        if kind in DRAWN or kinds is EVERY:
            some = session.scalars(select(key).where(key.startswith(beginning, autoescape=True)).limit(3))
            begun += [(kind, one) for one in some]
    found = (exact or begun) if kinds is EVERY else [*begun, *(one for one in exact if one not in begun)]
    if not found:
        also = "" if kinds is CONTROLLED else " and no delivery's, account's or author's"
        reason = f"{wanted!r} begins no campaign's id and no task's{also}, and is no phone's serial"
        raise refuse("what", reason, f"see: {', '.join(SEE[kind] for kind in kinds if kind in SEE)}")
    if len(found) > 1:
        meant = " or ".join(f"{kind} {one}" for kind, one in found[:3])
        raise refuse("what", f"{wanted!r} may mean {meant}", "give more of the id")
    return found[0]
