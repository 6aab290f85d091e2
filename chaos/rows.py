"""Reads what the judge judges: the ledger from its database, the truth from the file that phonesim wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chaos.judge import ActRow, AttemptRow, Deed, Rows, TaskRow
from models.tables import ActionRow, Attempt, Edge, Task
from models.transactions.read_write import read


def read_rows(engine: Engine, truth: Path) -> Rows:
    """Everything there is about the storm's tasks."""
    return read(engine, lambda session: _rows(session, truth))


def attempts_of(engine: Engine, task_ids: Sequence[str]) -> list[AttemptRow]:
    """The attempts at these tasks, oldest first."""
    wanted = select(Attempt).where(Attempt.task_id.in_(task_ids)).order_by(Attempt.id)
    return read(engine, lambda session: [_attempt(row) for row in session.scalars(wanted)])


def keep_rows(rows: Rows, path: Path) -> None:
    """Write down everything that is judged, for a person who examines a finding."""
    path.write_text(json.dumps(asdict(rows), ensure_ascii=False, default=str), encoding="utf-8")


def _rows(session: Session, truth: Path) -> Rows:
    return Rows(
        tasks=[_task(row) for row in session.scalars(select(Task).order_by(Task.created_at, Task.position))],
        edges=[(row.task_id, row.after_id) for row in session.scalars(select(Edge))],
        attempts=[_attempt(row) for row in session.scalars(select(Attempt).order_by(Attempt.id))],
        acts=[_act(row) for row in session.scalars(select(ActionRow).order_by(ActionRow.id))],
        truth=read_truth(truth),
    )


def _task(row: Task) -> TaskRow:
    return TaskRow(
        id=row.id,
        flow=row.flow,
        state=row.state,
        kwargs=row.kwargs,
        account_id=row.account_id,
        pinned_account=row.pinned_account,
        failure_code=row.failure_code,
        reason=row.reason,
        waits_for=row.waits_for,
    )


def _attempt(row: Attempt) -> AttemptRow:
    return AttemptRow(
        task_id=row.task_id,
        number=row.number,
        phone_serial=row.phone_serial,
        account_id=row.account_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        failure_code=row.failure_code,
        step=row.step,
        reason=row.reason,
    )


def _act(row: ActionRow) -> ActRow:
    return ActRow(
        task_id=row.task_id,
        attempt=row.attempt,
        account_id=row.account_id,
        key=(row.kind, row.author_id, row.title, row.target_commenter, row.target_comment, row.text),
        outcome=row.outcome,
        verified=row.verified,
        declared_at=row.declared_at,
        reason=row.reason,
    )


def read_truth(path: Path) -> list[Deed]:
    """Returns the ground truth, oldest first."""
    with path.open(encoding="utf-8") as lines:
        return [_deed(json.loads(line)) for line in lines if line.strip()]


def _deed(entry: dict[str, Any]) -> Deed:
    names = ("kind", "author_id", "title", "target_commenter", "target_comment", "text")
    kind, author, title, commenter, comment, text = (str(entry[name]) for name in names)
    key = (kind, author, title, commenter, comment, text)
    return Deed(int(entry["seq"]), float(entry["at"]), entry["phone"], entry["account"], key)
