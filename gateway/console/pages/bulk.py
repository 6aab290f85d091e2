"""Acts on many: the rows that match a filter are counted and frozen, then done one by one, each with its result."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.bulk.acts import ACTS, given_of
from gateway.console.bulk.choose import PAGES, in_words
from gateway.console.bulk.ledger import begin, counts, freeze, stop
from gateway.console.pages.campaigns import PRIORITIES
from gateway.console.pages.pause_end import pause_end
from gateway.console.view import SECURITY, View, helpers
from models.tables import BulkAct, BulkRow
from models.values.enums import BulkRowState, BulkState
from models.values.refused import refuse

MOST_SHOWN = 200  # rows of each result
MOST_LISTED = 50
ORDER = tuple(BulkRowState)


def choose(view: View, page: str) -> Response:
    """Counts and freezes the rows that match the filter of a page, and goes to the choice of what shall be done."""
    if page not in PAGES:
        raise refuse("page", f"{page!r} has no such act", "use the buttons of the page")
    kind, find, names, _ = PAGES[page]
    asked = {name: view.form.text(name, 191) for name in names}
    rows = view.look(lambda session: find(session, asked))
    bulk_id = freeze(view.engine, kind, {"page": page, **asked}, rows, who=view.who)
    return RedirectResponse(f"/many/{bulk_id}", 303, headers=SECURITY)


def listed(view: View) -> Response:
    """Lists the latest acts on many."""
    wanted = select(BulkAct).where(BulkAct.state != BulkState.ASKED).order_by(BulkAct.created_at.desc())
    return view.page(
        "many_list.html", acts=ACTS, rows=view.look(lambda session: session.scalars(wanted.limit(MOST_LISTED)).all())
    )


def show(view: View, bulk_id: str) -> Response:
    """Shows the rows, what may be done with them, or how far it is."""
    found = view.look(lambda session: _found(session, bulk_id))
    kind = found["one"].kind
    named = partial(in_words, view.words, kind)
    return view.page("many.html", acts=ACTS[kind], priorities=PRIORITIES, named=named, **found)


def _found(session: Session, bulk_id: str) -> dict[str, Any]:
    one = session.get(BulkAct, bulk_id)
    if one is None:
        raise refuse("act", f"{bulk_id!r} is unknown", "choose the rows anew")
    shown: list[BulkRow] = []
    for state in reversed(ORDER):  # what needs a person first
        mine = select(BulkRow).where(BulkRow.bulk_id == bulk_id, BulkRow.state == state).order_by(BulkRow.position)
        shown += session.scalars(mine.limit(MOST_SHOWN)).all()
    page = PAGES.get(str(one.filter.get("page", "")))
    asked = {name: value for name, value in one.filter.items() if name != "page"}
    return {
        "one": one,
        "rows": shown,
        "counts": counts(session, bulk_id),
        "asked": asked,
        "states": ORDER,
        "back": "/shelf" if page is None else page[3],
    }


def progress(view: View, bulk_id: str) -> Response:
    """Returns the part of the page that changes; has the browser load the page again once all is done."""
    found = view.look(lambda session: _found(session, bulk_id))
    template = view.console.templates.get_template("part_many.html")
    ended = {"hx-refresh": "true"} if found["one"].state != BulkState.RUNNING else {}
    return HTMLResponse(template.render(**helpers(view.words), **found), headers={**SECURITY, **ended})


def act(view: View, act: str) -> Response:
    """Says what shall be done with the frozen rows, or stops it."""
    bulk_id, why = view.form.text("id", 40), view.form.text("reason", 500)
    if act == "halt":
        stop(view.engine, bulk_id, who=view.who)
        return view.done(f"/many/{bulk_id}", "stop")
    one = view.look(lambda session: _found(session, bulk_id))["one"]
    chosen = ACTS[one.kind].get(act)
    if chosen is None:
        raise refuse("act", f"{act!r} of {one.kind} is none", "use the buttons of the page")
    if not why:
        raise refuse("reason", "it is missing", "say why: it is kept with every row")
    priority = view.form.text("priority", 2)
    if chosen.field == "priority" and priority not in PRIORITIES:
        raise refuse("priority", f"{priority!r} is none", "use 0 (urgent) to 9 (low)")
    until = pause_end(view) if chosen.field == "ending" else None
    begin(view.engine, bulk_id, act, given_of(chosen, until, priority), who=view.who, why=why)
    view.console.bulk.wake()
    return RedirectResponse(f"/many/{bulk_id}", 303, headers=SECURITY)
