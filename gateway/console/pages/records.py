"""Records: what ended, filtered, counted and exported to Excel."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, Response

from flows.failures import CODES
from flows.registry import FLOWS
from gateway.console.live.record_filter import FIELDS, filter_of
from gateway.console.people.saved_filters import delete_filter, save_filter, saved_filters
from gateway.console.view import SECURITY, View
from gateway.exports.asked import checked_filters
from gateway.exports.folders import folder_of
from gateway.exports.ledger import start_export
from models.database.clock import database_now
from models.history.records.filters import OUTCOMES
from models.history.records.read import records_page
from models.history.records.totals import record_total
from models.tables import Export
from models.values.enums import ExportState
from models.values.refused import Refused, refuse
from workers.settings.moments import read_moment

MOST = 50
MOST_EXPORTS = 10
KINDS = (
    "attempt",
    "task",
    "action",
    "comment",
    "reply",
    "like_comment",
    "like_video",
    "dislike_comment",
    "report_comment",
)
ASKED = (*FIELDS, "since", "until")
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show(view: View) -> Response:
    """Shows the records that match the filter, newest first, with their number; `at` and `id` continue the list."""
    asked = {name: view.request.query_params.get(name, "").strip()[:191] for name in ASKED}

    def work(session: Session) -> dict[str, Any]:
        now = database_now(session)
        found: dict[str, Any] = {"rows": [], "following": None, "total": None, "refused": None}
        try:
            which = filter_of(session, asked, now)
            rows, following = records_page(session, which, _place(view), MOST)
            found |= {"rows": rows, "following": following, "total": record_total(session, which)}
        except Refused as refused:
            found["refused"] = refused
        latest = select(Export).where(Export.key_id.is_(None)).order_by(Export.created_at.desc()).limit(MOST_EXPORTS)
        saved = [(one.name, f"/records?{urlencode(one.filter)}") for one in saved_filters(session, view.who)]
        return {**found, "exports": session.scalars(latest).all(), "saved": saved}

    lists: dict[str, Any] = {
        "flows": tuple(FLOWS),
        "outcomes": [str(one) for one in OUTCOMES],
        "kinds": KINDS,
        "codes": tuple(CODES),
    }
    return view.page("records.html", asked=asked, **lists, **view.look(work))


def _place(view: View) -> tuple[datetime, str] | None:
    at, row = view.request.query_params.get("at", ""), view.request.query_params.get("id", "")[:40]
    moment = read_moment("at", at.replace(" ", "+"))
    return None if moment is None or not row else (moment, row)


def save(view: View) -> Response:
    """Saves the page's filter for the user under a name."""
    fields = {name: view.form.text(name, 191) for name in ASKED}
    save_filter(view.engine, view.who, view.form.text("name", 191), fields)
    return view.done(f"/records?{urlencode({name: value for name, value in fields.items() if value})}", "saved")


def forget(view: View) -> Response:
    """Deletes one of the user's saved filters."""
    delete_filter(view.engine, view.who, view.form.text("name", 191))
    return view.done("/records", "deleted")


def export(view: View) -> Response:
    """Asks for an Excel workbook of the records that the page counts: without a filter, those of the last days."""
    asked = {name: view.form.text(name, 191) for name in ASKED}
    which = view.look(lambda session: filter_of(session, asked, database_now(session)))
    given: dict[str, Any] = {"what": "records", **{name: asked[name] for name in FIELDS}}
    given |= {"sandbox": which.sandbox, "since": which.since, "until": which.until}
    chosen = {name: value for name, value in given.items() if value}
    start_export(view.engine, checked_filters(chosen | {"language": view.words.language}), view.who)
    return view.done("/records", "export")


def workbook(view: View, export_id: str) -> Response:
    """Returns a workbook that was made."""
    row = view.look(lambda session: session.get(Export, export_id))
    if row is None or row.key_id is not None or row.state != ExportState.DONE or row.file is None:
        raise refuse("export", f"{export_id!r} is unknown, or not made yet", "see the list of exports")
    file = folder_of(Path(view.console.config.exports), export_id) / Path(row.file).name
    if not file.is_file():
        raise refuse("export", "its file is not on this machine, or was deleted", "ask for a new one")
    return FileResponse(file, media_type=EXCEL, filename=file.name, headers=SECURITY)
