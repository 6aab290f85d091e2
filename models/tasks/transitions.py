"""Transitions: the only module that writes a task's state, lease or ticket.

Each change of state checks that the move is allowed (models.tasks.states), ends the lease, and sets the
ticket's columns for the new state: a task that is ready again is owed a ticket, a held task has none.
A task that becomes ready while it is paused is held at once.

The functions that take a `Task` expect that the caller's transaction has locked its row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, select, update
from sqlalchemy.orm import Session

from models.tables import Task
from models.tasks.pauses import why_paused
from models.tasks.states import State, check_move

NOT_BEGUN = (State.WAITING, State.READY)
BATCH_SIZE = 1000
AWAITS_APPROVAL = "a named person approves it first: phonefleet approvals"


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How a task ends: its state, its result, and why it failed."""

    state: State
    result: Any = None
    code: str | None = None
    kind: str | None = None
    culprit: str | None = None
    reason: str | None = None
    prerequisite: str | None = None


def first_state(missing: int) -> State:
    """Returns the state in which a task is planted: waiting if `missing` prerequisites have not ended, else ready."""
    return State.WAITING if missing else State.READY


# One task, whose row the caller has locked.


def take(
    task: Task, now: datetime, lease_until: datetime, *, incarnation: str, serial: str | None, account_id: str | None
) -> None:
    """Gives a ready task to a worker: it runs under a lease until `lease_until`."""
    _move(task, State.RUNNING)
    task.attempt += 1
    task.incarnation, task.lease_until = incarnation, lease_until
    task.account_id, task.phone_serial = account_id, serial
    task.started_at = task.started_at or now
    task.waits_for, task.tickets_failed, task.capped = None, 0, False


def make_ready(task: Task, now: datetime) -> bool:
    """Makes a task ready whose prerequisites have all ended. Returns whether it may be rung at once."""
    task.not_before = max(task.not_before, now + timedelta(seconds=task.countdown))
    if task.state == State.HELD:
        task.held_from = State.READY
        return False
    _move(task, State.READY)
    task.waits_for = None
    return task.not_before <= now


def back_to_ready(session: Session, task: Task, now: datetime, why: str, *, after: float = 0.0) -> list[str]:
    """Makes a task ready again that no worker runs any more, in `after` seconds; `why` is for people.

    Returns its id if it may be rung at once. Returns nothing if `after` has not passed, or if the task was paused
    meanwhile and is held now. A task with an action in doubt is not held: that action must be verified first.
    """
    _move(task, State.READY)
    task.not_before, task.waits_for = now + timedelta(seconds=after), why
    owe_ticket(task)
    if task.paused and not task.verifying:
        session.flush()
        hold_tasks(session, Task.id == task.id, why_paused(session, task))
        return []
    return [] if after else [task.id]


def await_approval(task: Task, why: str) -> None:
    """Holds a task that has not begun until a named person approves it; `why` is for people."""
    if task.state in NOT_BEGUN:
        task.held_from = task.state
        _move(task, State.HELD)
        owe_ticket(task)
    task.awaits_approval, task.waits_for = True, why


def lift_approval_hold(task: Task, now: datetime) -> bool:
    """Ends a task's wait for an approval. Returns whether it may be rung at once."""
    task.awaits_approval = False
    if task.state != State.HELD or task.paused or task.hold_id is not None:
        return False
    _move(task, State(task.held_from or State.READY))
    task.held_from, task.waits_for = None, None
    return task.state == State.READY and task.not_before <= now


def delegate(task: Task, root: Any, join: str, missing: int) -> None:
    """Delegates a task to the tasks planted in its place: `missing` have not ended, `root` expresses its result."""
    _move(task, State.DELEGATED)
    task.root, task.join, task.missing = root, join, missing


def send_to_review(task: Task, code: str, kind: str, culprit: str, reason: str) -> None:
    """Sends a task to a person's review, because it is unknown whether its action happened."""
    _move(task, State.NEEDS_REVIEW)
    task.failure_code, task.failure_kind, task.culprit, task.reason = code, kind, culprit, reason


def end(task: Task, how: TaskEnd, now: datetime) -> None:
    """Ends a task. Raises ForbiddenMove when it has ended already."""
    _move(task, how.state)
    task.result, task.ended_at = how.result, now
    task.failure_code, task.failure_kind, task.culprit = how.code, how.kind, how.culprit
    task.reason, task.prerequisite_failed = how.reason, how.prerequisite
    task.waits_for, task.held_from, task.paused, task.awaits_approval = None, None, False, False
    if task.attempt == 0:  # the records have each attempt: only such a task needs one of its own
        task.owes_record = True


def _move(task: Task, after: State) -> None:
    check_move(State(task.state), after)
    task.state, task.incarnation, task.lease_until, task.step = after, None, None, None


# A task's ticket.


def ring_tickets(session: Session, task_ids: Collection[str], queue: str, step: int, now: datetime) -> None:
    """Records that a ticket for each of these tasks goes to that queue, at that step, under the number `Task.ticket`.

    The caller has locked their rows. One statement for all: each row by itself would cost a trip to the database.
    """
    these = update(Task).where(Task.id.in_(task_ids)).values(rung(queue, step, now))
    session.execute(these.execution_options(synchronize_session=False))


def rung(queue: str, step: int, now: datetime) -> dict[str, Any]:
    """Returns the columns of a task whose ticket goes to that queue, at that step, now."""
    return {"rung_step": step, "rung_at": now, "rung_queue": queue, "waits_for": None, "passed_on": 0, "capped": False}


def pass_ticket_on(task: Task, queue: str, now: datetime) -> None:
    """Records that the task's ticket is passed on to another queue, under the same number."""
    task.rung_at, task.rung_queue, task.passed_on = now, queue, task.passed_on + 1


def has_ticket(task: Task, number: int | None, step: int | None) -> bool:
    """Returns whether a message is the task's ticket: it has one, of that number; each that is taken back raises it.

    `number` is None in a message of the release before: its priority `step` must be that of the task's ticket.
    """
    if task.rung_at is None:
        return False
    return number == task.ticket if number is not None else step is not None and step == task.rung_step


def spend_ticket(task: Task, not_before: datetime, why: str, *, capped: bool = False) -> None:
    """Records that a ticket led to no attempt: another one is owed from `not_before` on; `why` is for people.

    `capped`: only the caps stop it, so `wake_capped` may make it due earlier.
    """
    owe_ticket(task)
    task.waits_for, task.not_before, task.capped = why, max(task.not_before, not_before), capped


def owe_ticket(task: Task) -> None:
    """Takes back the task's ticket: the coordinator rings another one when it is due."""
    task.rung_at, task.rung_queue, task.ticket = None, None, task.ticket + 1


def owe_tickets(session: Session, *which: ColumnElement[bool], lost: bool = False) -> None:
    """Owes a ticket to each of these tasks that is ready, and takes the old one back.

    `lost`: it seems lost. If it comes after all, once its task has a ticket again, it is as good as that one.
    """
    owed = {"rung_at": None, "rung_queue": None} | ({} if lost else {"ticket": Task.ticket + 1})
    session.execute(update(Task).where(*which, Task.state == State.READY).values(owed))


# Many tasks at once.


def wake_capped(session: Session, now: datetime, *, video_key: str | None = None, most: int | None = None) -> int:
    """Makes tasks due that sleep for a cap, because one may have room again. Returns their number.

    `most`: no more than so many, those on the video first.
    """
    session.flush()
    which = [and_(Task.capped, Task.state == State.READY)]
    if most is not None:
        order = (Task.video_key != video_key, Task.priority, Task.created_at, Task.position)
        which.append(Task.id.in_(session.scalars(select(Task.id).where(*which).order_by(*order).limit(most)).all()))
    due = update(Task).where(*which).values(not_before=now, capped=False)
    woken = session.execute(due.execution_options(synchronize_session=False))
    session.expire_all()
    return int(getattr(woken, "rowcount", 0))


def extend_leases(
    session: Session, task_ids: Collection[str], until: datetime, steps: Mapping[str, str | None] | None = None
) -> None:
    """Extends the leases of these running tasks to `until`, and writes their current `steps` (task id → step)."""
    values: dict[str, Any] = {"lease_until": until}
    told = {task_id: steps[task_id] for task_id in task_ids if task_id in steps} if steps else {}
    if told:
        values["step"] = case(told, value=Task.id, else_=Task.step)
    session.execute(update(Task).where(Task.id.in_(task_ids)).values(values))


def hold_tasks(session: Session, which: ColumnElement[bool], why: str, *, hold_id: int | None = None) -> int:
    """Holds those of these tasks that have not begun, for the hold `hold_id` or else for a pause.

    Returns the number of tasks moved. A held task keeps the state that it was in. A task with an action in doubt is
    not held: that action must be verified first. Tasks that are held already are marked with this reason as well.
    `why` is for people.
    """
    reason: tuple[Any, Any] = (Task.paused, True) if hold_id is None else (Task.hold_id, hold_id)
    session.execute(update(Task).where(which, Task.state == State.HELD).values({reason[0]: reason[1]}))
    result = session.execute(
        update(Task)
        .where(which, Task.state.in_(NOT_BEGUN), ~Task.verifying)
        # in this order: MySQL uses the new value of a column that was set before
        .ordered_values(
            (Task.held_from, Task.state),
            (Task.state, State.HELD),
            reason,
            (Task.waits_for, why),
            (Task.rung_at, None),
            (Task.rung_queue, None),
            (Task.ticket, Task.ticket + 1),
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()  # the session's copies of these rows are out of date
    return int(getattr(result, "rowcount", 0))


def release_tasks(session: Session, which: ColumnElement[bool], *, hold_id: int | None = None) -> Sequence[str]:
    """Lifts this hold, or the pause, from these tasks. Returns the ids of those that are ready now, to be rung."""
    mine = Task.paused if hold_id is None else Task.hold_id == hold_id
    cleared: dict[str, Any] = {"paused": False} if hold_id is None else {"hold_id": None}
    ids = session.scalars(select(Task.id).where(which, mine).order_by(Task.position)).all()
    ready: list[str] = []
    for start in range(0, len(ids), BATCH_SIZE):
        some = Task.id.in_(ids[start : start + BATCH_SIZE])
        session.execute(update(Task).where(some).values(cleared).execution_options(synchronize_session=False))
        free = (some, Task.state == State.HELD, ~Task.paused, Task.hold_id.is_(None), ~Task.awaits_approval)
        ready += session.scalars(select(Task.id).where(*free, Task.held_from == State.READY)).all()
        session.execute(
            update(Task)
            .where(*free)
            .ordered_values((Task.state, Task.held_from), (Task.held_from, None), (Task.waits_for, None))
            .execution_options(synchronize_session=False)
        )
    session.expire_all()
    return ready
