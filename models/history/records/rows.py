"""Makes the record of an attempt, of an action, or of a task that ended without an attempt. Reads nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func

from models.database.storable import storable_text
from models.history.records.kinds import ATTEMPT, TASK
from models.tables import ActionRow, Attempt, Task
from models.values.enums import AttemptOutcome

MOST_TEXT = 191  # characters of a reason or a title

# What a record needs of a task. Its result may be long: the database reads the numbers in it.
TASK_COLUMNS = (
    Task.id,
    Task.campaign_id,
    Task.flow,
    Task.key_id,
    Task.sandbox,
    Task.author_id,
    Task.kwargs,
    Task.attempt,
    Task.state,
    Task.failure_code,
    Task.culprit,
    Task.reason,
    Task.pinned_account,
    Task.pinned_phone,
    Task.created_at,
    Task.ended_at,
    func.json_extract(Task.result, "$.asked").label("asked"),
    func.json_extract(Task.result, "$.got").label("got"),
    func.json_extract(Task.result, "$.done").label("done"),
)

Of = Mapping[str, Any]  # a task's columns


def of_attempt(row: Attempt, task: Of) -> dict[str, Any]:
    """Returns the record of an ended attempt."""
    assert row.ended_at is not None
    asked, got = _numbers(row, task)
    return {
        **_of_task(task),
        "id": f"a{row.id}",
        "ended_at": row.ended_at,
        "kind": ATTEMPT,
        "outcome": row.outcome,
        "code": row.failure_code,
        "culprit": row.culprit,
        "step": row.step,
        "reason": _beginning(row.reason),
        "account_id": row.account_id,
        "phone_serial": row.phone_serial,
        "attempt": row.number,
        "asked": asked,
        "got": got,
        "seconds": _seconds(row.started_at, row.ended_at),
        "evidence": row.evidence is not None,
    }


def of_action(row: ActionRow, task: Of) -> dict[str, Any]:
    """Returns the record of an action whose outcome is known."""
    assert row.ended_at is not None
    return {
        **_of_task(task),
        "id": f"x{row.id}",
        "ended_at": row.ended_at,
        "kind": row.kind,
        "outcome": row.outcome,
        "code": None,
        "culprit": None,
        "step": None,
        "reason": _beginning(row.reason),
        "account_id": row.account_id,
        "phone_serial": row.phone_serial,
        "attempt": row.attempt,
        "author_id": row.author_id,
        "title": _beginning(row.title),
        "asked": None,
        "got": None,
        "seconds": _seconds(row.declared_at, row.ended_at),
        "evidence": False,
    }


def of_task(task: Of) -> dict[str, Any]:
    """Returns the record of a task that ended without an attempt."""
    return {
        **_of_task(task),
        "id": f"t{task['id']}",
        "ended_at": task["ended_at"],
        "kind": TASK,
        "outcome": task["state"],
        "code": task["failure_code"],
        "culprit": task["culprit"],
        "step": None,
        "reason": _beginning(task["reason"]),
        "account_id": task["pinned_account"],
        "phone_serial": task["pinned_phone"],
        "attempt": None,
        "asked": None,
        "got": None,
        "seconds": _seconds(task["created_at"], task["ended_at"]),
        "evidence": False,
    }


def _of_task(task: Of) -> dict[str, Any]:
    params = task["kwargs"] if isinstance(task["kwargs"], dict) else {}
    title = params.get("title")
    return {
        "flow": task["flow"],
        "key_id": task["key_id"],
        "sandbox": task["sandbox"],
        "campaign_id": task["campaign_id"],
        "task_id": task["id"],
        "author_id": task["author_id"],
        "title": _beginning(title) if isinstance(title, str) else None,
    }


def _numbers(row: Attempt, task: Of) -> tuple[int | None, int | None]:
    """Returns how much was asked for and got: of the result for the attempt that brought it, else of what it told."""
    if row.outcome == AttemptOutcome.SUCCEEDED and row.number == task["attempt"]:
        return _sum(task["asked"]), _sum(task["got"] if task["got"] is not None else task["done"])
    told = row.details if isinstance(row.details, dict) else {}
    return _sum(told.get("asked")), _sum(told.get("got", told.get("done")))


def _sum(value: Any) -> int | None:
    """Returns a number as it is, and the sum of an object's numbers; None for what is neither.

    The databases give a part of a JSON text as a number, or as text.
    """
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, dict):
        numbers = [one for one in value.values() if type(one) is int]
        value = sum(numbers) if numbers else None
    return value if type(value) is int and 0 <= value < 2**63 else None


def _seconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


def _beginning(text: str | None) -> str | None:
    return None if text is None else storable_text(text, MOST_TEXT)
