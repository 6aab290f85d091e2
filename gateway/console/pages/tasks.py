"""One task: what it was to do, where it stands and why, its attempts, their evidence, and its actions."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from flows.failures import remedy_for
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
            "about": about(task),
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
    try:
        data = Storage(place).get(place.path(Bundle(task_id, int(number)), name))
    except StorageError:
        return Response(status_code=404, headers=SECURITY)
    kept = {**SECURITY, "content-security-policy": "default-src 'none'; sandbox"}
    return Response(data[:MOST_FILE], media_type=TYPES[name], headers=kept)
