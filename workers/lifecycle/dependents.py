"""Ends a task and applies the consequences: dependants become ready, delegated tasks get their result.

All of it inside the transaction that ends the task. The ends that follow from an end are worked
off one by one from a list, never by recursion: a chain of ten thousand ends in a loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CursorResult, Select, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, defer

from flows.failures import Culprit, Kind
from models.database.sizes import MOST_RESULT
from models.notify.deliveries import owe_campaign, owe_task
from models.tables import Campaign, Edge, Task
from models.tasks.states import ENDED, OPEN, State, check_move
from models.tasks.transitions import TaskEnd, end, make_ready
from models.transactions.state_change_capture import campaign_change, note
from workers.canvas.rows import ResultMissing, evaluate, from_json, refs
from workers.lifecycle.stored_bytes import count_for_campaign, json_size

if TYPE_CHECKING:  # commands that end tasks have no use for the fence's tables
    from models.tasks.neighbours import Neighbours

NOT_NEEDED = "not_needed"  # how an errback ends when nothing failed: no failure of anything


# Made once: each end of a task asks both.
_AFTER = select(Edge.task_id, Edge.on_failure).where(Edge.after_id == bindparam("ended")).order_by(Edge.task_id)
_STILL_OPEN = select(Task.id).where(Task.campaign_id == bindparam("campaign"), Task.state.in_(sorted(OPEN))).limit(1)


@dataclass(slots=True)
class PendingEnds:
    """The ends that are still to be applied, and the tasks that became ready on the way."""

    now: datetime
    todo: list[tuple[Task, TaskEnd]]
    ready: list[str] = field(default_factory=list)


def end_task(session: Session, task: Task, how: TaskEnd, now: datetime, around: Neighbours | None = None) -> list[str]:
    """Ends a task and applies every consequence. Returns the ids that became ready; the caller rings them.

    The caller holds the task's row. `around`: what it read with the row, so that it is not asked for again. Raises
    ForbiddenMove when it has ended already.
    """
    check_move(State(task.state), how.state)
    if around is not None and around.unconcerned:
        end_alone(session, task, how, now)
        return []
    ends = PendingEnds(now, [(task, how)])
    while ends.todo:  # each turn ends one task of the campaign
        ending, its_end = ends.todo.pop()
        if ending.state in ENDED:  # an errback may be told twice that it has nothing to do
            continue
        end(ending, its_end, now)
        owe_task(session, ending, now)
        session.flush()
        edges = session.execute(_AFTER, {"ended": ending.id})
        for dependant_id, watched in edges.all():
            _one_prerequisite_less(session, dependant_id, ends, ending, watched=watched)
    close_campaign(session, task.campaign_id, now, of_a_key=task.key_id is not None)
    return ends.ready


def end_alone(session: Session, task: Task, how: TaskEnd, now: datetime) -> None:
    """Ends a task that no other one comes after. Whoever calls it asks whether its campaign ends with it."""
    check_move(State(task.state), how.state)
    end(task, how, now)
    owe_task(session, task, now)


def _one_prerequisite_less(session: Session, task_id: str, ends: PendingEnds, ended: Task, *, watched: bool) -> None:
    """Counts down under the row's lock: of two prerequisites that end at once, exactly one sees zero."""
    task = session.scalars(
        select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if task.state == State.DELEGATED and ended.in_place_of != task.id:
        return  # a delegated task waits only for the tasks planted in its place
    task.missing -= 1
    if task.state == State.DELEGATED:
        if task.missing == 0:
            ends.todo.append((task, _end_of_delegated(session, task, ends.now)))
        return
    if not _still_waits(task) or not _may_be_due(session, task, ended, watched=watched):
        return
    at_once = _end_before_start(session, task)
    if at_once is not None:
        ends.todo.append((task, at_once))
    elif make_ready(task, ends.now):
        ends.ready.append(task.id)


def _may_be_due(session: Session, task: Task, ended: Task, *, watched: bool) -> bool:
    """True when every prerequisite has ended; for an errback, one failure is enough."""
    if task.missing == 0 or not task.is_errback:
        return task.missing == 0
    news = not watched or ended.state == State.FAILED
    return news and _is_rung(session, task)


def _still_waits(task: Task) -> bool:
    return task.state == State.WAITING or (task.state == State.HELD and task.held_from == State.WAITING)


def _is_rung(session: Session, task: Task) -> bool:
    """True when a task that this errback watches failed, and every task that it comes after ended."""
    before = session.execute(
        select(Edge.on_failure, Task.state).join(Task, Task.id == Edge.after_id).where(Edge.task_id == task.id)
    )
    rung = False
    for watched, state in before:
        if not watched and state not in ENDED:
            return False
        rung = rung or (watched and state == State.FAILED)
    return rung


def _end_before_start(session: Session, task: Task) -> TaskEnd | None:
    """Returns the end of a task that cannot run after its prerequisites ended; None when it may run."""
    if task.is_errback and not _is_rung(session, task):
        return _not_needed()
    if task.join == "settled":
        return _settled_without_start(session, task)
    failed = session.scalars(_prerequisites(task).where(Task.state != State.SUCCEEDED).limit(1)).one_or_none()
    return None if failed is None else prerequisite_failed(failed)


def _prerequisites(task: Task) -> Select[Task]:
    """Returns the tasks that a task comes after, in source order, without their large columns."""
    return (
        select(Task)
        .options(defer(Task.result), defer(Task.args), defer(Task.kwargs))
        .join(Edge, Edge.after_id == Task.id)
        .where(Edge.task_id == task.id, Edge.on_failure.is_(False))
        .order_by(Task.position)
        .execution_options(populate_existing=True)
    )


def _settled_without_start(session: Session, task: Task) -> TaskEnd | None:
    """Returns the end of a settled join with an argument that has no value; None: it runs with what succeeded."""
    before = {one.id: one for one in session.scalars(_prerequisites(task))}
    if before and all(one.failure_code == NOT_NEEDED for one in before.values()):
        return _not_needed()
    wanted = [from_json(one) for one in task.args]
    needed = {ref for one in wanted for ref in refs(one)}
    succeeded = session.scalars(select(Task.id).where(Task.id.in_(needed), Task.state == State.SUCCEEDED))
    have = dict.fromkeys(succeeded, True)
    try:
        for one in wanted:
            evaluate(one, have)
    except ResultMissing as missing:
        return prerequisite_failed(session.get_one(Task, missing.row))
    return None


def _not_needed() -> TaskEnd:
    return TaskEnd(State.STOPPED, code=NOT_NEEDED, reason="nothing failed: the errback has nothing to do")


def prerequisite_failed(failed: Task) -> TaskEnd:
    """Returns the end of a task whose prerequisite did not succeed; it names the first cause."""
    if failed.failure_code == NOT_NEEDED:
        return _not_needed()
    cause = failed.prerequisite_failed or failed.id
    return TaskEnd(
        State.STOPPED,
        code="prerequisite_failed",
        culprit=failed.culprit,
        reason=f"{failed.flow} {cause} did not succeed: {failed.reason or failed.failure_code or failed.state}",
        prerequisite=cause,
    )


def _end_of_delegated(session: Session, task: Task, now: datetime) -> TaskEnd:
    """Returns a delegated task's end: its result is that of the tasks planted in its place."""
    in_place = _prerequisites(task).where(Task.in_place_of == task.id)
    lost = session.scalars(in_place.where(Task.state != State.SUCCEEDED).limit(1)).one_or_none()
    if lost is not None and task.join == "all":
        return _end_as(session, lost)
    root = from_json(task.root or {})
    wanted = (Task.id.in_(set(refs(root))), Task.state == State.SUCCEEDED)
    size = session.scalar(select(func.sum(func.length(Task.result))).where(*wanted)) or 0
    if size > MOST_RESULT:  # not even read: a thousand results may fill this machine's memory
        return _too_large(size)
    rows = session.execute(select(Task.id, Task.result).where(*wanted))
    try:
        result = evaluate(root, dict(rows.all()))
        size = json_size(result)
        if size > MOST_RESULT:
            return _too_large(size)
        over = count_for_campaign(session, task.campaign_id, task.key_id, size, now)
        return TaskEnd(State.SUCCEEDED, result=result) if over is None else _not_kept(f"{over.reason}; {over.remedy}")
    except ResultMissing as missing:
        return _end_as(session, session.get_one(Task, missing.row))


def _too_large(size: float) -> TaskEnd:
    reason = f"the results of what was planted in its place are {size:.0f} bytes together, and {MOST_RESULT} are kept"
    return _not_kept(reason)


def _not_kept(reason: str) -> TaskEnd:
    return TaskEnd(State.FAILED, code="result_too_large", kind=Kind.FATAL, culprit=Culprit.FLOW, reason=reason)


def _end_as(session: Session, lost: Task) -> TaskEnd:
    """Returns an end with the same cause: failed, or stopped when a person stopped the cause."""
    cause = session.get_one(Task, lost.prerequisite_failed or lost.id)
    return TaskEnd(
        State.STOPPED if cause.state == State.STOPPED else State.FAILED,
        code=cause.failure_code,
        kind=cause.failure_kind,
        culprit=cause.culprit,
        reason=cause.reason,
        prerequisite=cause.id,
    )


def close_campaign(session: Session, campaign_id: str, now: datetime, *, of_a_key: bool = True) -> bool:
    """Writes the campaign's outcome once every task in it has ended.

    `of_a_key`: whether a customer may have planted it, who is told then. Two last tasks that end at once may each see
    the other open: the coordinator looks again.
    """
    if session.scalar(_STILL_OPEN, {"campaign": campaign_id}) is not None:
        return False
    counted = session.execute(
        select(Task.state, func.count())
        .where(Task.campaign_id == campaign_id, or_(Task.failure_code.is_(None), Task.failure_code != NOT_NEEDED))
        .group_by(Task.state)
    )
    outcome = campaign_outcome(dict(counted.all()))
    closed = session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.outcome.is_(None))
        .values(outcome=outcome, ended_at=now, control=None)
    )
    assert isinstance(closed, CursorResult)
    if closed.rowcount and of_a_key:  # once, whoever comes second
        campaign = session.get_one(Campaign, campaign_id)
        note(session, [campaign_change(campaign, outcome)])
        owe_campaign(session, campaign, outcome, now)
    return True


def campaign_outcome(counts: dict[str, int]) -> str:
    """Returns succeeded when every task did, failed when one failed, else stopped."""
    if counts.get(State.FAILED):
        return State.FAILED
    return State.STOPPED if counts.get(State.STOPPED) else State.SUCCEEDED
