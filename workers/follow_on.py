"""What follows the end of a task: dependants become ready, delegated tasks get their result.

All of it inside the transaction that ends the task. The ends that follow from an end are worked
off one by one from a list, never by recursion: a chain of ten thousand ends in a loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.states import ENDED, State, check_move
from models.tables import Campaign, Edge, Task
from workers.canvas.rows import ResultMissing, evaluate, from_json, refs


@dataclass(frozen=True, slots=True)
class End:
    """How a task ends: its state, its result, and why it failed."""

    state: State
    result: Any = None
    code: str | None = None
    kind: str | None = None
    culprit: str | None = None
    reason: str | None = None
    prerequisite: str | None = None


@dataclass(slots=True)
class Ends:
    """The ends that are still to be worked off, and the tasks that became ready on the way."""

    now: datetime
    todo: list[tuple[Task, End]]
    ready: list[str] = field(default_factory=list)


def end_task(session: Session, task: Task, end: End, now: datetime) -> list[str]:
    """End a task and all that follows from it. The ids that became ready, to be rung.

    The caller holds the task's row. Raises ForbiddenMove when it has ended already.
    """
    ends = Ends(now, [(task, end)])
    while ends.todo:  # each turn ends one task of the campaign
        ending, how = ends.todo.pop()
        _write_end(ending, how, now)
        session.flush()
        edges = session.execute(select(Edge.task_id, Edge.on_failure).where(Edge.after_id == ending.id)).tuples()
        for dependant_id, on_failure in edges.all():
            failed = on_failure and how.state == State.FAILED
            _one_prerequisite_less(session, dependant_id, ends, watched_failed=failed)
    close_campaign(session, task.campaign_id, now)
    return ends.ready


def _write_end(task: Task, end: End, now: datetime) -> None:
    check_move(State(task.state), end.state)
    task.state, task.result, task.ended_at = end.state, end.result, now
    task.failure_code, task.failure_kind, task.culprit = end.code, end.kind, end.culprit
    task.reason, task.prerequisite_failed = end.reason, end.prerequisite
    task.incarnation, task.lease_until, task.waits_for, task.held_from = None, None, None, None


def _one_prerequisite_less(session: Session, task_id: str, ends: Ends, *, watched_failed: bool) -> None:
    """Count down under the row's lock: of two prerequisites that end at once, one sees zero."""
    session.execute(update(Task).where(Task.id == task_id).values(missing=Task.missing - 1))
    task = session.scalars(
        select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if task.state == State.DELEGATED:
        if task.missing == 0:
            ends.todo.append((task, _end_of_delegated(session, task)))
        return
    if (task.missing > 0 and not watched_failed) or not _still_waits(task):
        return
    end = None if watched_failed else _end_before_start(session, task)
    if end is not None:
        ends.todo.append((task, end))
    elif task.state == State.HELD:
        task.held_from = State.READY
    else:
        task.state, task.waits_for = State.READY, None
        ends.ready.append(task.id)


def _still_waits(task: Task) -> bool:
    return task.state == State.WAITING or (task.state == State.HELD and task.held_from == State.WAITING)


def _end_before_start(session: Session, task: Task) -> End | None:
    """None when the task may run now that its prerequisites ended."""
    if task.is_errback:
        return End(State.STOPPED, code="not_needed", reason="nothing failed: the errback has nothing to do")
    if task.join == "settled":
        return _missing_argument(session, task)
    failed = session.scalars(
        select(Task)
        .join(Edge, Edge.after_id == Task.id)
        .where(Edge.task_id == task.id, Task.state != State.SUCCEEDED)
        .order_by(Task.position)
        .limit(1)
    ).one_or_none()
    return None if failed is None else prerequisite_failed(failed)


def _missing_argument(session: Session, task: Task) -> End | None:
    """A settled join runs with what succeeded, but an argument that has no value stops it all the same."""
    wanted = [from_json(one) for one in task.args]
    before = {
        one.id: one for one in session.scalars(select(Task).where(Task.id.in_({ref for one in wanted for ref in refs(one)})))
    }
    succeeded = dict.fromkeys((one.id for one in before.values() if one.state == State.SUCCEEDED), True)
    try:
        for one in wanted:
            evaluate(one, succeeded)
    except ResultMissing as missing:
        return prerequisite_failed(before[missing.row])
    return None


def prerequisite_failed(failed: Task) -> End:
    """The end of a task whose prerequisite did not succeed; it names the first cause."""
    cause = failed.prerequisite_failed or failed.id
    return End(
        State.STOPPED,
        code="prerequisite_failed",
        culprit=failed.culprit,
        reason=f"{failed.flow} {cause} did not succeed: {failed.reason or failed.failure_code or failed.state}",
        prerequisite=cause,
    )


def _end_of_delegated(session: Session, task: Task) -> End:
    """The result of what was planted in the task's place becomes the task's own."""
    root = from_json(task.root)
    inside = {one.id: one for one in session.scalars(select(Task).where(Task.id.in_(set(refs(root)))))}
    try:
        results = {one.id: one.result for one in inside.values() if one.state == State.SUCCEEDED}
        return End(State.SUCCEEDED, result=evaluate(root, results))
    except ResultMissing as missing:
        failed = inside[missing.row]
        return End(
            State.FAILED,
            code=failed.failure_code,
            kind=failed.failure_kind,
            culprit=failed.culprit,
            reason=failed.reason,
            prerequisite=failed.prerequisite_failed or failed.id,
        )


def close_campaign(session: Session, campaign_id: str, now: datetime) -> bool:
    """Write the campaign's outcome once nothing in it is open.

    Two last tasks that end at once may each see the other open: the coordinator looks again.
    """
    still_open = session.scalar(
        select(Task.id).where(Task.campaign_id == campaign_id, Task.state.not_in(list(ENDED))).limit(1)
    )
    if still_open is not None:
        return False
    counts = dict(
        session.execute(
            select(Task.state, func.count()).where(Task.campaign_id == campaign_id).group_by(Task.state)
        ).tuples().all()
    )
    session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.outcome.is_(None))
        .values(outcome=campaign_outcome(counts), ended_at=now)
    )
    return True


def campaign_outcome(counts: dict[str, int]) -> str:
    """succeeded when every task did, failed when one failed, else stopped."""
    if counts.get(State.FAILED):
        return State.FAILED
    return State.STOPPED if counts.get(State.STOPPED) else State.SUCCEEDED


