"""Review: a person settles a task with an action whose outcome could not be verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.history.audit_log import record_change
from models.responsible_use.action_journal import settle_actions, unpin
from models.tables import ActionRow, Attempt, Task
from models.tasks.states import State
from models.tasks.transitions import TaskEnd, back_to_ready
from models.transactions.read_write import read, write
from models.values.enums import ActionOutcome
from models.values.refused import refuse
from workers.lifecycle.dependents import end_task


class Verdict(StrEnum):
    """A person's finding in the app."""

    HAPPENED = "happened"
    NOT = "not"
    GIVE_UP = "give-up"  # the outcome stays unknown: the task fails


@dataclass(frozen=True, slots=True)
class InReview:
    """A task that waits for a person: its actions in doubt, its account and phone, and its evidence."""

    task_id: str
    flow: str
    reason: str
    account: str
    phone: str
    actions: tuple[tuple[str, str], ...]  # of each its kind, and what it is about
    evidence: str


def in_review(engine: Engine, most: int = 100) -> Sequence[InReview]:
    """Returns the tasks that wait for a person, oldest first."""

    def work(session: Session) -> list[InReview]:
        tasks = session.scalars(
            select(Task).where(Task.state == State.NEEDS_REVIEW).order_by(Task.created_at).limit(most)
        )
        return [_told(session, task) for task in tasks.all()]

    return read(engine, work)


def count_in_review(session: Session) -> int:
    """Returns the number of all tasks that wait for a person."""
    return session.scalar(select(func.count()).select_from(Task).where(Task.state == State.NEEDS_REVIEW)) or 0


def _told(session: Session, task: Task) -> InReview:
    actions = session.scalars(_open_actions(task.id)).all()
    evidence = session.scalars(
        select(Attempt.evidence).where(Attempt.task_id == task.id).order_by(Attempt.number.desc()).limit(1)
    ).one_or_none()
    return InReview(
        task.id,
        task.flow,
        task.reason or "",
        task.account_id or "",
        task.phone_serial or "",
        tuple((a.kind, " ".join(filter(None, (a.author_id, a.title, a.target_comment, a.text)))) for a in actions),
        str(evidence.get("url") or "") if isinstance(evidence, dict) else "",
    )


def _open_actions(task_id: str) -> Any:
    return (
        select(ActionRow)
        .where(ActionRow.task_id == task_id, ActionRow.outcome == ActionOutcome.DECLARED)
        .order_by(ActionRow.id)
    )


def settle(engine: Engine, task_id: str, verdict: Verdict | str, *, who: str, ring_now: bool = True) -> State:
    """Records a person's finding. Returns the task's new state. Raises Refused.

    `happened` and `not` settle the action in doubt, and the task continues: a flow that finds its action done succeeds
    without repeating it. `give-up` ends the task as failed, and leaves the action in doubt.
    """

    state, ready = write(engine, lambda session: _settle(session, task_id, verdict, who))
    if ring_now:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring  # noqa: PLC0415 - Celery, which a command does without

        ring(engine, ready)
    return state


def _settle(session: Session, task_id: str, verdict: Verdict | str, who: str) -> tuple[State, list[str]]:
    task = session.scalars(select(Task).where(Task.id == task_id).with_for_update()).one_or_none()
    if task is None or task.state != State.NEEDS_REVIEW:
        state = "is unknown" if task is None else f"is {task.state}"
        raise refuse("task", f"{task_id!r} {state}", "see: phonefleet review")
    now = database_now(session)
    record_change(session, who, f"task:{task_id}", {"state": task.state}, {"review": verdict})
    if verdict == Verdict.GIVE_UP:
        reason = f"{who} gave it up: {task.reason}"
        end = TaskEnd(State.FAILED, code=task.failure_code, kind=task.failure_kind, culprit=task.culprit, reason=reason)
        return State.FAILED, end_task(session, task, end, now)
    happened = verdict == Verdict.HAPPENED
    its = (ActionRow.task_id == task_id,)
    settle_actions(session, its, now, happened=happened, verified=happened, reason=f"{who} looked")
    if task.verifying:
        unpin(task)
    task.failure_code, task.failure_kind, task.culprit, task.reason = None, None, None, None
    ready = back_to_ready(session, task, now, f"{who} settled what was in doubt")
    return State(task.state), ready
