"""Holds in force, by the author whose content they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import Hold, Task
from models.tasks.states import State
from models.values.enums import HoldScope
from workers.attempts.content_holds import holds_in_force

BETWEEN = " / "  # author, title and comment, as a hold names its content


def holds_by_author(session: Session) -> Mapping[str, Sequence[tuple[Hold, int]]]:
    """Returns the holds in force with the number of tasks under each, by author id; "" has those of whole flows."""
    found = holds_in_force(session)
    under = (Task.state == State.HELD, Task.hold_id.is_not(None), Task.author_id.is_not(None))
    held = select(Task.hold_id, func.min(Task.author_id)).where(*under)
    named = dict(session.execute(held.group_by(Task.hold_id)).all()) if found else {}
    by_author: dict[str, list[tuple[Hold, int]]] = {}
    for hold, count in found:
        by_author.setdefault(author_of(hold, named.get(hold.id)), []).append((hold, count))
    return by_author


def author_of(hold: Hold, named: str | None) -> str:
    """Returns the id of a hold's author: `named` by its tasks, or else as it names its content. Pure."""
    if hold.scope == HoldScope.FLOW:
        return ""
    return hold.key if hold.scope == HoldScope.AUTHOR else named or hold.what.partition(BETWEEN)[0]
