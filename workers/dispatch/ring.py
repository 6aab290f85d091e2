"""Rings tasks: publishes a ticket for each ready task, to a queue whose workers may take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, load_only

from models.database.clock import database_now
from models.fleet.online_phones import online_phones
from models.tables import Task
from models.tasks.states import State
from models.tasks.transitions import owe_tickets, ring_ticket
from models.transactions.read_write import write
from models.values.enums import RunsOn
from workers.app import app
from workers.dispatch.customers import Customers
from workers.dispatch.routing import UNSERVED, URGENT_STEP, WorkingPhones, route_for, ticket_priority, working_phones
from workers.dispatch.shown_arguments import shown
from workers.dispatch.standings import lines, next_tasks, others_wait, rows_of
from workers.dispatch.tickets import TURN_STEP, NotPublished, Ticket, publish
from workers.policy.turns import LOOK_AHEAD, deal
from workers.runtime.broker import broker
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue
from workers.settings import settings

PASSED_ON = timedelta(seconds=2)  # so long a ticket that was passed on may lie in a phone's own queue
MOST_SHOWN = 4000  # characters of a task's arguments that are read for Flower
BATCH_SIZE = 1000  # tickets in one round; the coordinator comes back for the rest
DESK_SLOTS = 100  # tickets at the desk, of all customers: it takes some milliseconds for most of them


def ring(engine: Engine, task_ids: Sequence[str]) -> int:
    """Rings those of these tasks that are owed a ticket. Returns the number of tickets published.

    A ring that fails is no error: the ledger still owes the tickets, and the coordinator rings again.
    """
    rung = 0
    for start in range(0, len(task_ids), BATCH_SIZE):
        rung += _ring_some(engine, task_ids[start : start + BATCH_SIZE])
    return rung


def ring_ready(engine: Engine) -> int:
    """Rings every ready task that is owed a ticket and whose time has come, at most 1000 at once."""
    return _ring_some(engine, None)


def _ring_some(engine: Engine, task_ids: Sequence[str] | None) -> int:
    if (task_ids is not None and not task_ids) or not broker(app.conf.broker_url).may_be_used():
        return 0
    tickets = write(engine, lambda session: _mark_rung(session, task_ids))
    try:
        return publish(app, tickets, go_on=lambda: broker(app.conf.broker_url).reachable)
    except NotPublished as error:
        broker(app.conf.broker_url).failed(error)
        write(engine, lambda session: owe_again(session, [ticket.task_id for ticket in tickets]))
        return 0


def _mark_rung(session: Session, task_ids: Sequence[str] | None) -> list[Ticket]:
    """Marks tasks as rung before their tickets are sent, so that no lock is held while Redis is slow.

    The coordinator finds a ticket that is lost in between, and rings again."""
    now = database_now(session)
    working = working_phones(online_phones(session, now))
    if task_ids is None:
        _take_back_stranded(session, working, now)
        _say_why_not_rung(session, working, now)
    steps = _dealt(session, task_ids, working, now)
    tickets: list[Ticket] = []
    for task, given in _owed(session, list(steps), working, now):
        route = route_for(task.runs_on, task.pinned_account, task.pinned_phone, working)
        if route.queue is None:
            continue
        words = shown(task.pinned_account or task.meant_for, given or {})
        step = ticket_priority(task)
        if steps[task.id] and step != URGENT_STEP:
            step = TURN_STEP
        tickets.append(Ticket(task.id, task.flow, route.queue, step, shown=words))
        ring_ticket(task, route.queue, step, now)
    return tickets


def _dealt(session: Session, task_ids: Sequence[str] | None, working: WorkingPhones, now: datetime) -> dict[str, bool]:
    """Decides which tasks get a ticket now, in order: the task's id → whether it is the turn of its customer."""
    customers = Customers(session, settings().operator_weight)
    if task_ids is None:
        slots = {str(RunsOn.DESK): DESK_SLOTS, str(RunsOn.PHONE): max(1, len(working.phones))}
        rows = next_tasks(session, customers, working, now, slots, BATCH_SIZE)
    else:
        rows = rows_of(session, task_ids, now)
    found: dict[str, bool] = {}
    also = [] if task_ids is None else list(others_wait(session, customers))
    for sort, line in lines(session, rows, customers, working, DESK_SLOTS, also).items():
        alone, ahead = (DESK_SLOTS, 1.0) if sort is None else (BATCH_SIZE, float(LOOK_AHEAD))
        dealt = deal(line.slots, line.standings, line.candidates, line.places, alone=alone, ahead=ahead)
        found |= {task_id: task_id in dealt.in_turn and sort is not None for task_id in dealt.tasks}
    return dict(islice(found.items(), BATCH_SIZE))


def _owed(
    session: Session, task_ids: Sequence[str], working: WorkingPhones, now: datetime
) -> Sequence[tuple[Task, Mapping[str, Any] | None]]:
    """Selects those of these tasks that can be rung now.

    Locked: two that ring at once do not ring the same task twice. Small rows: no results, and of arguments, which
    Flower shows a few of, none that are long.
    """
    has_place = or_(
        Task.runs_on == RunsOn.DESK,
        and_(in_pool(), Task.sandbox.in_([sort for sort in (True, False) if sort is not working.unserved])),
        Task.pinned_phone.in_(list(working.phones)),
        and_(Task.pinned_phone.is_(None), Task.pinned_account.in_(list(working.accounts))),
    )
    wanted = (
        select(Task, case((func.length(Task.kwargs) <= MOST_SHOWN, Task.kwargs)))
        .options(
            load_only(
                Task.flow,
                Task.runs_on,
                Task.pinned_account,
                Task.pinned_phone,
                Task.meant_for,
                Task.priority,
                Task.attempt,
            )
        )
        .where(*_unrung(now), has_place, Task.id.in_(task_ids))
        .with_for_update(skip_locked=True)
    )
    place = {task_id: at for at, task_id in enumerate(task_ids)}
    return sorted(((task, given) for task, given in session.execute(wanted)), key=lambda row: place[row[0].id])


def _unrung(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Task.state == State.READY,
        Task.rung_at.is_(None),
        Task.not_before <= now,
        or_(~Task.stop_requested, Task.verifying),
    )


def in_pool() -> ColumnElement[bool]:
    """Returns the condition for a task that any phone may take."""
    return and_(Task.runs_on == RunsOn.PHONE, Task.pinned_phone.is_(None), Task.pinned_account.is_(None))


def _say_why_not_rung(session: Session, working: WorkingPhones, now: datetime) -> None:
    """Writes why a task has no queue, for people; only when the reason changes, not every round."""
    if working.unserved is not None:
        _say(session, UNSERVED[working.unserved], *_unrung(now), in_pool(), Task.sandbox == working.unserved)
    placeless = (
        (Task.pinned_phone, Task.pinned_phone.not_in(list(working.phones))),
        (Task.pinned_account, and_(Task.pinned_phone.is_(None), Task.pinned_account.not_in(list(working.accounts)))),
    )
    for pin, without in placeless:
        pinned = session.scalars(
            select(pin).where(*_unrung(now), pin.is_not(None), without, Task.runs_on == RunsOn.PHONE).distinct()
        ).all()
        for name in pinned:
            phone, account = (name, None) if pin is Task.pinned_phone else (None, name)
            _say(
                session, route_for(RunsOn.PHONE, account, phone, working).waits_for, *_unrung(now), pin == name, without
            )


def _say(session: Session, why: str | None, *which: ColumnElement[bool]) -> None:
    said = func.coalesce(Task.waits_for, "") == why
    session.execute(update(Task).where(*which, ~said).values(waits_for=why))


def _take_back_stranded(session: Session, working: WorkingPhones, now: datetime) -> None:
    """Takes back tickets in the queue of a phone that no longer works, or that has not reached them in time.

    What was begun before and is nobody's own was passed there because it may run there. If that phone has its hands
    full, or no worker yet, another may have been free for long.
    """
    owe_tickets(
        session,
        in_pool(),
        Task.attempt > 0,
        Task.rung_queue.is_not(None),
        Task.rung_queue != POOL_QUEUE,
        Task.rung_at < now - PASSED_ON,
    )
    queues = session.scalars(
        select(Task.rung_queue).where(Task.state == State.READY, Task.rung_queue.is_not(None)).distinct()
    ).all()
    served = {POOL_QUEUE, DESK_QUEUE, *map(phone_queue, working.phones)}
    stranded = [queue for queue in queues if queue is not None and queue not in served]
    if stranded:
        owe_tickets(session, Task.rung_queue.in_(stranded))


def owe_again(session: Session, task_ids: Sequence[str]) -> None:
    """Marks the tickets of these tasks as lost; the next round rings again."""
    owe_tickets(session, Task.id.in_(task_ids))
