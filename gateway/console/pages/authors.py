"""Authors with their basis and the holds on their content, and the caps."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from gateway.console.live.holds import holds_by_author
from gateway.console.view import View
from models.database.clock import database_now
from models.responsible_use.authors import read_caps, register_author, set_basis, set_cap
from models.responsible_use.caps import CAP_NAMES, Caps, operator_day
from models.tables import Author
from models.values.enums import BasisKind
from models.values.refused import refuse
from workers.attempts.content_holds import release_hold
from workers.settings import settings

MOST_LISTED = 2000


def show(view: View) -> Response:
    """Lists the authors with their basis and their holds, and the caps."""

    def work(session: Session) -> dict[str, Any]:
        rows = session.scalars(select(Author).order_by(Author.name).limit(MOST_LISTED)).all()
        today = operator_day(database_now(session), settings().timezone.key)
        return {"rows": rows, "caps": read_caps(session), "today": today, "holds": holds_by_author(session)}

    return view.page("authors.html", **view.look(work), names=CAP_NAMES, usual=Caps(), kinds=tuple(BasisKind))


def act(view: View, act: str) -> Response:
    """Registers an author, lifts a hold, sets a basis, or changes a cap."""
    acts = {"add": _add, "lift": _lift, "basis": _basis, "cap": _cap}
    if act not in acts:
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    acts[act](view)
    return view.done("/authors", "release" if act == "lift" else "saved")


def _add(view: View) -> None:
    register_author(view.engine, view.form.text("id", 191), view.form.text("name", 191), who=view.who, rename=False)


def _lift(view: View) -> None:
    number = _number(view, "id", "hold")
    if not view.form.text("reason"):
        raise refuse("reason", "it is missing", "say what was mended, or why the hold is needless")
    release_hold(view.engine, number, who=view.who, ring_now=False)


def _basis(view: View) -> None:
    form, expires = view.form, _day(view.form.text("expires", 10))
    basis, note = form.text("basis", 20), form.text("note", 500)
    set_basis(view.engine, form.text("id", 191), basis, who=view.who, note=note, expires=expires)


def _cap(view: View) -> None:
    set_cap(view.engine, view.form.text("cap", 64), _number(view, "value", "value"), who=view.who)


def _number(view: View, name: str, field: str) -> int:
    value = view.form.text(name, 9)
    if not (value.isascii() and value.isdigit()):
        raise refuse(field, f"{value!r} is no number", "write 0 or more")
    return int(value)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise refuse("expires", f"{text!r} is no day", "write it like 2027-01-31") from None
