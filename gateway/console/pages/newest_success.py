"""The newest attempt of a flow that succeeded and whose strip is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.console.live.strip import Picture, pictures
from gateway.console.view import View
from models.tables import Attempt, Task
from models.values.enums import AttemptOutcome
from workers.evidence.bundle import FACTS, Bundle, newest_strip
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage, StorageError

MOST_FACTS = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Success:
    """An attempt that succeeded, and the pictures of its steps."""

    attempt: Attempt
    pictures: Mapping[str, Picture]


def newest_success(view: View, task: Task) -> Success | None:
    """Returns the one of this task's flow; None without one, or while the storage does not answer."""
    place = StorageLocation.of(view.console.config.evidence)
    storage = Storage(place)
    named = _read(storage, f"{place.root}/{newest_strip(task.flow, sandbox=task.sandbox)}")
    match named:
        case {"task_id": str(task_id), "attempt": int(number)}:
            pass
        case _:
            return None
    try:
        bundle = Bundle(task_id, number)
    except ValueError:
        return None

    def work(session: Session) -> Attempt | None:
        wanted = select(Attempt).join(Task, Task.id == Attempt.task_id).where(Task.flow == task.flow)
        succeeded = wanted.where(Attempt.outcome == AttemptOutcome.SUCCEEDED, Task.sandbox == task.sandbox)
        return session.scalars(succeeded.where(Attempt.task_id == task_id, Attempt.number == number)).one_or_none()

    attempt = view.look(work)
    return None if attempt is None else Success(attempt, pictures(_read(storage, place.path(bundle, FACTS)), bundle))


def _read(storage: Storage, path: str) -> dict[str, Any]:
    try:
        data = storage.get(path)
        found = json.loads(data) if len(data) <= MOST_FACTS else {}
    except (StorageError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
