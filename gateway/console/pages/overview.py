"""The overview of a shift, its hand-over sheet, and who takes care of which alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from gateway.console.drawing.hour_bars import hour_bars
from gateway.console.live.overview import NOTE, Overview, overview
from gateway.console.live.shelf import TROUBLE, WATCH, standing_still, tiles_now
from gateway.console.view import View
from models.database.storable import storable_text
from models.history.audit_log import record_change
from models.notify.taken_alerts import give_back_alert, take_alert
from models.tables import Campaign, Task
from models.transactions.read_write import write
from models.values.refused import Refused, refuse
from workers.attempts.content_holds import holds_in_force
from workers.control.review import count_in_review
from workers.settings import settings
from workers.settings.moments import read_moment

HOURS = (8, 12, 24, 168)
MOST_NOTE = 2000
MOST_CAMPAIGNS = 20


def show(view: View) -> Response:
    """Shows the shift."""
    hours, until, refused = _asked(view)

    def work(session: Session) -> dict[str, Any]:
        still, _ = standing_still(session)
        return {**_drawn(overview(session, hours, until)), "still": still}

    return view.page("overview.html", **view.look(work), hours=hours, choices=HOURS, until=until, refused=refused)


def sheet(view: View) -> Response:
    """Shows the sheet for the next shift, for printing: what was done, what is open, and whose it is."""
    hours, until, refused = _asked(view)

    def work(session: Session) -> dict[str, Any]:
        return {**_drawn(overview(session, hours, until)), **_open(session)}

    return view.page("sheet.html", **view.look(work), hours=hours, until=until, refused=refused)


def _open(session: Session) -> dict[str, Any]:
    """Returns what the next shift finds: phones that need a person, holds, reviews, and campaigns under way."""
    under_way = select(Campaign).where(Campaign.outcome.is_(None)).order_by(Campaign.created_at.desc())
    campaigns = session.scalars(under_way.limit(MOST_CAMPAIGNS)).all()
    states = select(Task.campaign_id, Task.state, func.count()).where(
        Task.campaign_id.in_([one.id for one in campaigns])
    )
    left: dict[str, dict[str, int]] = {}
    for campaign, state, number in session.execute(states.group_by(Task.campaign_id, Task.state)):
        left.setdefault(campaign, {})[state] = number
    return {
        "needy": [one for one in tiles_now(session) if one.kind in (WATCH, TROUBLE)],
        "holds": holds_in_force(session),
        "review": count_in_review(session),
        "campaigns": [(one, left.get(one.id, {})) for one in campaigns],
    }


def _drawn(found: Overview) -> dict[str, Any]:
    hours = [(hour.start, hour.succeeded, hour.failed) for hour in found.hours]
    return {"one": found, "bars": hour_bars(hours, settings().timezone)}


def _asked(view: View) -> tuple[int, datetime | None, Refused | None]:
    asked = view.request.query_params
    hours = next((one for one in HOURS if str(one) == asked.get("hours")), HOURS[1])
    try:
        return hours, read_moment("until", asked.get("until", "").strip()[:40]), None
    except Refused as refused:
        return hours, None, refused


def act(view: View, act: str) -> Response:
    """Takes an alert, gives it back, or leaves a note for the next shift."""
    if act == "note":
        _note(view)
        return view.done("/overview#notes", "saved")
    number = view.form.text("id", 18)
    acts = {"take": take_alert, "back": give_back_alert}
    if act not in acts or not (number.isascii() and number.isdigit()):
        raise refuse("act", f"{act!r} is none", "use the buttons of the page")
    acts[act](view.engine, int(number), who=view.who)
    return view.done("/overview#alerts", "saved")


def _note(view: View) -> None:
    text = storable_text(view.form.text("note", MOST_NOTE), MOST_NOTE)
    if not text:
        raise refuse("note", "it is empty", "write what the next shift must know")
    write(view.engine, lambda session: record_change(session, view.who, NOTE, None, {"note": text}))
