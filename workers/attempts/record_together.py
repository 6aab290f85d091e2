"""Records several tasks at the desk that succeeded and that no other task waits for, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import Engine, Table, Update, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from models.database.clock import row_moment
from models.tables import Attempt, Edge, Task
from models.tasks.fence import Fence, held
from models.tasks.states import NOT_RUNNING, State
from models.tasks.transitions import TaskEnd, end
from models.transactions.read_write import write
from models.transactions.update_together import update_together
from models.values.enums import AttemptOutcome
from workers.attempts.claim import Claim, NotMine
from workers.attempts.flow_version import note_success
from workers.attempts.outcome import Outcome, Succeeded, storable
from workers.attempts.record import ClaimNext, claim_next
from workers.lifecycle.dependents import close_campaign
from workers.lifecycle.stored_bytes import FEW_BYTES, json_size

_LOCKED = select(Task, row_moment()).where(Task.id.in_(bindparam("task_ids", expanding=True))).with_for_update()
_AFTER = select(Edge.after_id).where(Edge.after_id.in_(bindparam("task_ids", expanding=True))).limit(1)
_OPEN = (
    select(Task.id).where(Task.campaign_id == bindparam("campaign_id"), Task.state.in_(sorted(NOT_RUNNING))).limit(1)
)


@dataclass(frozen=True, slots=True)
class Done:
    """A claimed task at the desk that succeeded."""

    claim: Claim
    outcome: Succeeded


def record_together(
    engine: Engine, done: Sequence[Done], following: ClaimNext | None
) -> Mapping[str, Claim | NotMine] | None:
    """Writes the success of each; returns what became of the tickets that were to be claimed with them, by task.

    Returns None, and writes nothing, where one of them has a consequence for another task, owes a callback or has a
    large result. Then each is to be recorded by itself. Raises LeaseLost where one lost its lease.
    """
    kept = [(one.claim, storable(one.outcome)) for one in done]
    if not all(_is_small(outcome) for _, outcome in kept):
        return None

    def work(session: Session) -> Mapping[str, Claim | NotMine] | None:
        outcomes = {claim.fence.task_id: outcome for claim, outcome in kept if isinstance(outcome, Succeeded)}
        rows = {task.id: (task, at) for task, at in session.execute(_LOCKED, {"task_ids": sorted(outcomes)})}
        tasks = [task for task, _ in rows.values()]
        if _has_consequence(session, tasks):
            return None
        moment = max(held(one.fence, *rows.get(one.fence.task_id, (None, None)))[1] for one, _ in kept)
        with session.no_autoflush:  # all changes go together
            for task_id, outcome in outcomes.items():
                note_success(session, rows[task_id][0], None, moment)
                end(rows[task_id][0], TaskEnd(State.SUCCEEDED, result=outcome.result), moment)
        _end_attempts(session, [claim.fence for claim, _ in kept], moment)
        update_together(session, tasks)
        for campaign_id in sorted({task.campaign_id for task in tasks}):
            _close_if_last(session, campaign_id, moment)
        return {} if following is None else claim_next(session, following)

    return write(engine, work)


def _end_attempts(session: Session, fences: Sequence[Fence], at: datetime) -> None:
    """Writes that these attempts succeeded."""
    of = {f"task_{place}": fence.task_id for place, fence in enumerate(fences)}
    number = {f"number_{place}": fence.attempt for place, fence in enumerate(fences)}
    session.connection().execute(_well(len(fences)), {**of, **number, "moment": at})


@cache
def _well(count: int) -> Update:
    """Returns the UPDATE of so many attempts that succeeded; made once, because to make it costs what sending does."""
    table = cast("Table", Attempt.__table__)
    each = (
        and_(table.c.task_id == bindparam(f"task_{place}"), table.c.number == bindparam(f"number_{place}"))
        for place in range(count)
    )
    return update(table).where(or_(*each)).values(ended_at=bindparam("moment"), outcome=AttemptOutcome.SUCCEEDED)


def _is_small(outcome: Outcome) -> bool:
    return isinstance(outcome, Succeeded) and json_size(outcome.result) <= FEW_BYTES


def _has_consequence(session: Session, tasks: Sequence[Task]) -> bool:
    if any(task.callback_url is not None for task in tasks):
        return True
    return session.scalar(_AFTER, {"task_ids": [task.id for task in tasks]}) is not None


def _close_if_last(session: Session, campaign_id: str, now: datetime) -> None:
    """Writes the campaign's outcome, if these were its last tasks; as long as others wait, no more is asked."""
    if session.scalar(_OPEN, {"campaign_id": campaign_id}) is None:
        close_campaign(session, campaign_id, now)
