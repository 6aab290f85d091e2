"""What becomes of a task after an attempt that did not succeed: it ends, is tried again, verified, or reviewed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.failures import CODES, Kind
from models.database.clock import database_now
from models.notify.alerts import raise_alert
from models.notify.deliveries import owe_task
from models.responsible_use.action_journal import doubts, pin_to_verify
from models.tables import ActionRow, Task
from models.tasks.states import State
from models.tasks.transitions import TaskEnd, back_to_ready, send_to_review
from models.values.enums import ActionOutcome
from workers.attempts.history import prior_attempts
from workers.attempts.outcome import Failed
from workers.lifecycle.dependents import end_task
from workers.policy.retry import RetryDecision, RetryMove, decide_retry


def decide_next(session: Session, task: Task, code: str) -> RetryDecision:
    """Returns what becomes of a task after a failure of this code."""
    pinned = task.pinned_account is not None or task.pinned_phone is not None
    # attempts that failed before the action was declared did not look for it
    since = _doubtful_since(session, task.id) if CODES[code].kind is Kind.UNKNOWN else 1
    return decide_retry(code, prior_attempts(session, task.id, since), pinned=pinned, chance=random.random())


def _doubtful_since(session: Session, task_id: str) -> int:
    """Returns the number of the attempt that declared the oldest action with an open outcome."""
    declared = (ActionRow.task_id == task_id, ActionRow.outcome == ActionOutcome.DECLARED)
    return session.scalar(select(func.min(ActionRow.attempt)).where(*declared)) or 1


def apply_decision(session: Session, task: Task, failed: Failed, move: RetryDecision) -> list[str]:
    """Carries out the retry decision after a failure."""
    now = database_now(session)
    if move.kind == RetryMove.REVIEW:
        return _review(session, task, failed, now)
    if move.kind == RetryMove.VERIFY:
        return _verify(session, task, failed, move.after, now)
    if move.kind == RetryMove.FAIL or now + timedelta(seconds=move.after) >= task.latest_end:
        rule = CODES[failed.code]
        end = TaskEnd(State.FAILED, code=failed.code, kind=rule.kind, culprit=rule.culprit, reason=failed.reason)
        return end_task(session, task, end, now)
    if task.stop_requested:
        return end_task(session, task, _stop(task, failed.reason), now)
    if move.kind == RetryMove.STAY:
        # the platform asked for a person: giving the task to another account would evade that
        task.pinned_account, task.pinned_phone, task.meant_for = task.account_id, None, None
    return back_to_ready(session, task, now, f"again after {failed.code}: {failed.reason}", after=move.after)


def doubt_whether_done(session: Session, task: Task, failed: Failed) -> list[str]:
    """Handles an attempt that ended without failing but left an action in doubt."""
    return apply_decision(session, task, failed, decide_next(session, task, failed.code))


def end_or_requeue(session: Session, task: Task, why: str) -> list[str]:
    """Frees a task that did not fail: ends it if a stop was requested, else makes it ready."""
    now = database_now(session)
    if task.stop_requested:
        return end_task(session, task, _stop(task, why), now)
    return back_to_ready(session, task, now, why)


def _stop(task: Task, reason: str) -> TaskEnd:
    """Returns the end of a stopped task; the stop request wrote its author and reason into the task's row."""
    asked = task.reason if task.stop_requested else None
    return TaskEnd(State.STOPPED, code="stopped", reason=asked or reason)


def _verify(session: Session, task: Task, failed: Failed, after: float, now: datetime) -> list[str]:
    """Pins the task to the account that acted: its next attempt looks for the action in doubt first."""
    found = doubts(session, task.id)
    if not found:
        return back_to_ready(session, task, now, failed.reason, after=after)
    pin_to_verify(task, found[0].act.account_id)
    return back_to_ready(session, task, now, f"to be looked for on the app: {failed.reason}", after=after)


def _review(session: Session, task: Task, failed: Failed, now: datetime) -> list[str]:
    rule = CODES[failed.code]
    send_to_review(task, failed.code, rule.kind, rule.culprit, failed.reason)
    text = f"{task.flow} {task.id} as account {task.account_id} on phone {task.phone_serial}: {failed.reason}"
    raise_alert(session, "needs_review", f"task:{task.id}", text, rule.remedy, now)
    owe_task(session, task, now)
    return []
