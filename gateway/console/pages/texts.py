"""Collected comments and titles: filtered by author, video and time, and searched by what they contain."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from gateway.console.view import View
from models.tasks.texts.filters import TextFilter
from models.tasks.texts.read import texts_page
from models.tasks.texts.text_id import Kind
from models.values.refused import Refused
from workers.settings.moments import read_moment

MOST = 50
FIELDS = ("text", "author", "title", "since", "until")
MOST_FIELD = 2000


def show(view: View) -> Response:
    """Shows the comments, or titles, that match the filter, those collected last first; `after` continues the list."""
    query = view.request.query_params
    asked = {name: query.get(name, "").strip()[:MOST_FIELD] for name in FIELDS}
    asked["kind"] = "title" if query.get("kind") == "title" else "comment"
    asked["sandbox"] = "yes" if query.get("sandbox") == "yes" else ""

    def work(session: Session) -> dict[str, Any]:
        try:
            rows, following = texts_page(session, _filter(asked), _place(view), MOST)
        except Refused as refused:
            return {"rows": [], "following": None, "refused": refused}
        return {"rows": rows, "following": following, "refused": None}

    return view.page("texts.html", asked=asked, **view.look(work))


def _filter(asked: dict[str, str]) -> TextFilter:
    since, until = (read_moment(name, asked[name]) for name in ("since", "until"))
    given: dict[str, Any] = {name: asked[name] for name in ("text", "author", "title") if asked[name]}
    kind: Kind = "title" if asked["kind"] == "title" else "comment"
    return TextFilter(kind, since=since, until=until, sandbox=bool(asked["sandbox"]), **given)


def _place(view: View) -> int | None:
    after = view.request.query_params.get("after", "")
    return int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None
