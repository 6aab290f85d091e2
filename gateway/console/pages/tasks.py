"""One task: what it was to do, where it stands and why, its attempts, their evidence, and its actions."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from flows.failures import remedy_for
from gateway.console.byte_range import NoSuchPart, asked_part
from gateway.console.view import SECURITY, View
from models.database.clock import database_now
from models.tables import ActionRow, Attempt, AuditEntry, Campaign, Task
from models.tasks.states import ENDED, State
from models.values.refused import refuse
from workers.control.about import about
from workers.evidence.bundle import FACTS, RECORDING, SCREENSHOT, STRIP, TREE, Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage, StorageError

MOST_ATTEMPTS = 30
MOST_ACTIONS = 100
MOST_FILE = 20_000_000  # bytes
STRIP_TYPE = "image/webp"
TYPES = {SCREENSHOT: "image/jpeg", TREE: "text/plain; charset=utf-8", FACTS: "text/plain; charset=utf-8"}
TYPES |= {RECORDING: "video/mp4", **dict.fromkeys(STRIP, STRIP_TYPE)}
KEPT = {**SECURITY, "content-security-policy": "default-src 'none'; sandbox"}
ID = re.compile(r"[0-9A-Za-z-]{1,40}")


def show(view: View, task_id: str) -> Response:
    """Shows the task."""

    def work(session: Session) -> dict[str, Any]:
        task = session.get(Task, task_id)
        if task is None:
            raise refuse("task", f"{task_id!r} is unknown", "see the campaign that it belongs to")
        attempts = session.scalars(
            select(Attempt).where(Attempt.task_id == task_id).order_by(Attempt.number.desc()).limit(MOST_ATTEMPTS)
        ).all()
        actions = session.scalars(
            select(ActionRow).where(ActionRow.task_id == task_id).order_by(ActionRow.id).limit(MOST_ACTIONS)
        ).all()
        changed = select(AuditEntry).where(AuditEntry.subject == f"task:{task_id}").order_by(AuditEntry.id.desc())
        return {
            "task": task,
            "about": about(task, view.words.text),
            "campaign": session.get_one(Campaign, task.campaign_id),
            "attempts": attempts,
            "actions": actions,
            "audit": session.scalars(changed.limit(10)).all(),
            "remedy": remedy_for(task.failure_code or "", attempts[0].details if attempts else None),
            "over": State(task.state) in ENDED,
            "now": database_now(session),
        }

    return view.page("task.html", **view.look(work), files=(SCREENSHOT, TREE))


def evidence(view: View, task_id: str, number: int | str, name: str) -> Response:
    """Returns one file of an attempt's evidence: the screenshot as a picture, all else as plain text."""
    known = name in TYPES and f"{number}".isdigit() and len(f"{number}") < 5 and ID.fullmatch(task_id)
    wanted = select(Attempt).where(Attempt.task_id == task_id, Attempt.number == int(number if known else 0))
    attempt = view.look(lambda session: session.scalar(wanted)) if known else None
    if attempt is None or not (isinstance(attempt.evidence, dict) or name in STRIP):  # a success keeps its strip alone
        return Response(status_code=404, headers=SECURITY)
    place = StorageLocation.of(view.console.config.evidence)
    path = place.path(Bundle(task_id, int(number)), name)
    try:
        return _part(view, Storage(place), path) if name == RECORDING else _whole(Storage(place), path, name)
    except StorageError:
        return Response(status_code=404, headers=SECURITY)


def _whole(storage: Storage, path: str, name: str) -> Response:
    return Response(storage.get(path)[:MOST_FILE], media_type=TYPES[name], headers=KEPT)


def _part(view: View, storage: Storage, path: str) -> Response:
    """Returns a recording, or the part of it that a browser asks for: it jumps within a video by parts of the file."""
    size, given = min(storage.size(path), MOST_FILE), view.request.headers
    kept = {**KEPT, "accept-ranges": "bytes"}
    try:  # without a validator of ours, If-Range always asks for the whole
        part = None if "if-range" in given else asked_part(given.get("range", ""), size)
    except NoSuchPart:
        return Response(status_code=416, headers={**kept, "content-range": f"bytes */{size}"})
    start, end = part or (0, size)
    if part is not None:
        kept["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(
        storage.part(path, start, end), 200 if part is None else 206, media_type=TYPES[RECORDING], headers=kept
    )
