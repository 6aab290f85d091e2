"""The shelf: a tile for each phone, live; and a phone's own page with what may be done to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

from anyio.to_thread import run_sync
from jinja2 import Environment
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from gateway.console.live.feed import EVERY_SECONDS
from gateway.console.live.shelf import KINDS, Grid, Summary, Tile, tiles_now
from gateway.console.pages.pause_end import pause_end
from gateway.console.people.sessions import person_of
from gateway.console.view import COOKIE, SECURITY, View, helpers
from gateway.words.catalogue import catalogue
from models.fleet.own_pauses import own_pauses
from models.tables import Attempt, AuditEntry, PauseEnd, Phone, PhoneShow, Task
from models.values.refused import refuse
from workers.control.find_phone import find_phone
from workers.control.phone_pause import pause_phone, release_phone, resume_phone
from workers.control.stop import stop_phone

GROUPS = ("host", "state")
MOST_ATTEMPTS = 20
MARK = "x-phonefleet-mark"
TEMPLATES = {Tile: "part_tile.html", Grid: "part_grid.html", Summary: "part_summary.html"}


def home(view: View) -> Response:
    """Goes to the shelf."""
    return RedirectResponse("/shelf", 303, headers=SECURITY)


async def show(view: View) -> Response:
    """Shows the shelf."""
    group = _group(view)
    shown = view.request.query_params.get("show", "")
    found, mark = await view.console.feed.now()
    page = partial(
        view.page,
        "shelf.html",
        since=mark,
        summary=found["summary"],
        grid=found[f"grid:{group}"],
        group=group,
        kinds=KINDS,
        shown=shown if shown in KINDS else "",
        find=view.request.query_params.get("find", "")[:191],
    )
    return await run_sync(page)


def _group(view: View) -> str:
    group = view.request.query_params.get("group", "host")
    return group if group in GROUPS else "host"


def _wanted(view: View) -> Callable[[str], bool]:
    grid = f"grid:{_group(view)}"
    return lambda name: not name.startswith("grid:") or name == grid


async def stream(view: View) -> Response:
    """Streams what changes, as server-sent events; 503 when too many tabs are open: they ask from time to time."""
    feed = view.console.feed
    if feed.full(view.who):
        return Response(status_code=503, headers={**SECURITY, "retry-after": "5"})
    mark = view.request.headers.get("last-event-id", "") or view.request.query_params.get("since", "")
    token = view.request.cookies.get(COOKIE, "")
    there = partial(_still_there, view, token)
    events = feed.stream(mark, view.words.language, _wanted(view), there, view.who)
    return StreamingResponse(events, media_type="text/event-stream", headers=SECURITY)


def _still_there(view: View, token: str) -> bool:
    return person_of(view.engine, token, used=False) is not None


async def changes(view: View) -> Response:
    """Returns what changed since the mark in the query, for a tab whose stream does not work."""
    mark = view.request.query_params.get("since", "")
    batch = await view.console.feed.since(mark, view.words.language, _wanted(view))
    return HTMLResponse(batch.html, headers={**SECURITY, MARK: batch.mark})


def render_fragment(templates: Environment, name: str, value: Any, language: str) -> str:
    """Renders a part of the shelf that takes the place of the one with its id."""
    words = catalogue(language)
    template = templates.get_template(TEMPLATES[type(value)])
    return template.render(**helpers(words), one=value, live=True, every=EVERY_SECONDS)


def phone(view: View, serial: str) -> Response:
    """Shows one phone: how it is, what it did, who changed what, and what may be done to it."""

    def work(session: Session) -> dict[str, Any]:
        row = session.get(Phone, serial)
        if row is None:
            raise refuse("phone", f"{serial!r} is unknown", "see the shelf")
        attempts = session.execute(
            select(Attempt, Task.flow)
            .join(Task, Task.id == Attempt.task_id)
            .where(Attempt.phone_serial == serial)
            .order_by(Attempt.started_at.desc())
            .limit(MOST_ATTEMPTS)
        ).all()
        changed = select(AuditEntry).where(AuditEntry.subject == f"phone:{serial}").order_by(AuditEntry.id.desc())
        (tile,) = tiles_now(session, serial)
        show, end = session.get(PhoneShow, serial), session.get(PauseEnd, f"phone:{serial}")
        return {
            "phone": row,
            "tile": tile,
            "show": show,
            "paused_until": end.ends_at if end is not None and row.paused else None,
            "kept_off": own_pauses(session, [row]).get(serial, {}),
            "attempts": attempts,
            "audit": session.scalars(changed.limit(10)).all(),
        }

    return view.page("phone.html", **view.look(work))


def act(view: View, act: str) -> Response:
    """Pauses, drains, resumes, releases or finds a phone, or stops the work on it; a reason is asked for."""
    serial, why = view.form.text("serial", 191), view.form.text("reason", 500)
    engine, who = view.engine, view.who
    acts: dict[str, Callable[[], object]] = {
        "pause": lambda: pause_phone(
            engine, serial, who=who, why=why, until=pause_end(view), ring_now=False, anew=False
        ),
        "drain": lambda: pause_phone(
            engine, serial, who=who, why=why, until=pause_end(view), drain=True, ring_now=False, anew=False
        ),
        "find": lambda: find_phone(engine, serial, who=who),
        "resume": lambda: resume_phone(engine, serial, who=who, ring_now=False),
        "release": lambda: release_phone(engine, serial, who=who),
        "stop": lambda: stop_phone(engine, serial, who=who, why=why),
    }
    if act not in acts:
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    if act not in ("resume", "find") and not why:
        raise refuse("reason", "it is missing", "say why: whoever waits for this phone reads it")
    acts[act]()
    return view.done(f"/phones/{quote(serial, safe='')}", act)
