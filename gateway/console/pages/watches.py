"""Watches: lists them, makes one after its trial, shows one with its looks, its alerts and what they tell of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from gateway.console.pages.watch_form import FIELDS, given_watch
from gateway.console.view import Form, View
from models.tables import Alert, Author, Watch
from models.tasks.monitored import MONITORS
from models.transactions.read_write import write
from models.values.refused import Refused, refuse
from workers.campaigns.watches.findings import findings
from workers.campaigns.watches.manage import (
    OPERATOR,
    add_watch,
    latest_looks,
    list_watches,
    pause_watch,
    remove_watch,
    resume_watch,
    watch_named,
)
from workers.campaigns.watches.trial import DAYS, try_watch
from workers.policy.monitoring.mood import Mood
from workers.policy.monitoring.trial import Trial
from workers.settings import settings

MOST_ALERTS = 20
MOST_ITEMS = 100
ACTS: Mapping[str, Callable[[Session, str, str], Watch]] = {
    "pause": lambda session, watch, who: pause_watch(session, OPERATOR, watch, who),
    "resume": lambda session, watch, who: resume_watch(session, OPERATOR, watch, who, settings().timezone),
    "remove": lambda session, watch, who: remove_watch(session, OPERATOR, watch, who),
}


def listed(view: View) -> Response:
    """Lists the operator's watches, and shows the form of a new one."""
    return _list(view, Form({}), None, None)


def try_out(view: View) -> Response:
    """Shows what a watch would have done in the last 7 days, and saves nothing."""
    try:
        spec = given_watch(view.form)
        found = view.look(lambda session: try_watch(session, OPERATOR, spec, settings().timezone))
    except Refused as refused:
        return _list(view, view.form, None, refused)
    return _list(view, view.form, found, None)


def save(view: View) -> Response:
    """Saves a watch, and goes to its page."""
    try:
        spec = given_watch(view.form)
        made = write(view.engine, lambda session: add_watch(session, OPERATOR, spec, view.who, settings().timezone).id)
    except Refused as refused:
        return _list(view, view.form, None, refused)
    return view.done(f"/watches/{made}", "saved")


def act(view: View, act: str) -> Response:
    """Pauses, resumes or removes a watch."""
    if act not in ACTS:
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    watch_id = view.form.text("id", 40)
    write(view.engine, lambda session: ACTS[act](session, watch_id, view.who))
    return view.done("/watches" if act == "remove" else f"/watches/{watch_id}", "deleted" if act == "remove" else act)


def show(view: View, watch_id: str) -> Response:
    """Shows one watch: its settings, its latest alerts with what they tell of, and its latest looks."""

    def work(session: Session) -> dict[str, Any]:
        watch = watch_named(session, OPERATOR, watch_id)
        mine = select(Alert).where(Alert.subject == f"watch:{watch.id}")
        return {
            "watch": watch,
            "looks": latest_looks(session, watch.id),
            "alerts": session.scalars(mine.order_by(Alert.id.desc()).limit(MOST_ALERTS)).all(),
            "found": findings(session, watch, MOST_ITEMS),
        }

    return view.page("watch.html", **view.look(work))


def _list(view: View, form: Form, found: Trial | None, refused: Refused | None) -> Response:
    def work(session: Session) -> dict[str, Any]:
        authors = session.scalars(select(Author).order_by(Author.name)).all()
        return {"rows": list_watches(session, OPERATOR, words=False), "authors": authors}

    values = {name: form.raw(name) or usual for name, usual in FIELDS.items()}
    return view.page(
        "watches.html", **view.look(work), values=values, found=found, refused=refused, days=DAYS,
        flows=tuple(MONITORS), moods=tuple(Mood),
    )  # fmt: skip
