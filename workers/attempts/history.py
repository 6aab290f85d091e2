"""Reads the failed and lost attempts at a task, in the form that the retry decision takes."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import Attempt
from models.values.enums import AttemptOutcome
from workers.policy.retry import PriorAttempt


def prior_attempts(session: Session, task_id: str, since: int = 1) -> list[PriorAttempt]:
    """Returns the failed and lost attempts at a task, oldest first, from that number on."""
    rows = session.execute(
        select(Attempt.phone_serial, Attempt.account_id, Attempt.failure_code, Attempt.outcome)
        .where(Attempt.task_id == task_id, Attempt.number >= since, Attempt.failure_code.is_not(None))
        .order_by(Attempt.number)
    )
    return [
        PriorAttempt(serial, account, code, outcome == AttemptOutcome.LOST)
        for serial, account, code, outcome in rows
        if code
    ]
