"""Rings tasks: publishes a ticket for each ready task, to a queue whose workers may take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, load_only

from models.fleet.online_phones import phones_and_now
from models.fleet.own_pauses import keys_of, why_held_back
from models.tables import Task
from models.tasks.campaign_control import may_begin
from models.tasks.states import State
from models.tasks.transitions import owe_tickets, ring_tickets
from models.transactions.read_write import write
from models.values.enums import RunsOn
from workers.app import app
from workers.dispatch.any_owed import any_to_ring
from workers.dispatch.customers import read_customers
from workers.dispatch.lines import Line
from workers.dispatch.routing import UNSERVED, WorkingPhones, route_for, ticket_priority, working_phones
from workers.dispatch.shown_arguments import shown
from workers.dispatch.standings import COLUMNS, Next, lines, next_tasks, others_wait, rows_of
from workers.dispatch.tickets import TURN_STEP, NotPublished, Ticket, publish
from workers.policy.desk_turns import IN_TURN, deal_at_desk, may_run_dry
from workers.policy.turns import Dealt, deal
from workers.runtime.broker import broker_of
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue
from workers.settings import settings

Owed = tuple[Task, Mapping[str, Any] | None]  # a task and its arguments, if these are short

PASSED_ON = timedelta(seconds=2)  # so long a ticket that was passed on may lie in a phone's own queue
MOST_SHOWN = 4000  # characters of a task's arguments that are read for Flower
FEW = 100  # tasks that are locked before it is decided which get a ticket: each is read once then
BATCH_SIZE = 1000  # tickets in one round; the coordinator comes back for the rest
DESK_SLOTS = 1000  # tickets at the desk while one customer alone has work there: it takes a millisecond for most of it
DESK_STEP = 6  # of these tickets


def ring(engine: Engine, task_ids: Sequence[str]) -> int:
    """Rings those of these tasks that are owed a ticket. Returns the number of tickets published.

    A ring that fails is no error: the ledger still owes the tickets, and the coordinator rings again.
    """
    rung = 0
    for start in range(0, len(task_ids), BATCH_SIZE):
        rung += len(_ring_some(engine, task_ids[start : start + BATCH_SIZE]))
    return rung


def ring_ready(engine: Engine, *, explain: bool = True) -> int:
    """Rings every ready task that is owed a ticket and whose time has come, at most 1000 at once.

    `explain`: writes why others have no queue as well, as `explain_waits` does.
    """
    if explain:
        explain_waits(engine)
    return len(_ring_some(engine, None))


def ring_round(engine: Engine) -> bool:
    """Rings as `ring_ready` does, without reasons. Returns whether the desk may be out of tickets before long.

    Its line is short on purpose, and its tasks take milliseconds: many workers empty it between two usual rounds.
    """
    if not any_to_ring(engine):
        return False
    steps = [ticket.priority for ticket in _ring_some(engine, None) if ticket.queue == DESK_QUEUE]
    return may_run_dry(len(steps), alone=DESK_SLOTS, shared=TURN_STEP in steps)


def explain_waits(engine: Engine) -> None:
    """Writes for people why ready tasks have no queue.

    Apart from the ring: it looks at all tasks that wait, and the ring only at those that come next.
    """

    def work(session: Session) -> None:
        now, online = phones_and_now(session)
        working = working_phones(online)
        _say_why_not_rung(session, working, now)
        _say_who_paused(session, working, now)

    write(engine, work)


def _ring_some(engine: Engine, task_ids: Sequence[str] | None) -> Sequence[Ticket]:
    """Rings those of these tasks that are owed a ticket, or those that come next. Returns the published tickets."""
    if (task_ids is not None and not task_ids) or not broker_of(app).may_be_used():
        return ()
    tickets = write(engine, lambda session: mark_rung(session, task_ids))
    try:
        publish(app, tickets, go_on=lambda: broker_of(app).reachable)
    except NotPublished as error:
        broker_of(app).failed(error)
        write(engine, lambda session: owe_again(session, [ticket.task_id for ticket in tickets]))
        return ()
    return tickets


def mark_rung(session: Session, task_ids: Sequence[str] | None) -> list[Ticket]:
    """Marks tasks as rung before their tickets are sent, so that no lock is held while Redis is slow.

    The coordinator finds a ticket that is lost in between, and rings again."""
    now, online = phones_and_now(session)
    working = working_phones(online)
    if task_ids is None:
        _take_back_stranded(session, working, now)
    named = None if task_ids is None or len(task_ids) > FEW else _owed(session, task_ids, working, now)
    dealt = _dealt(session, task_ids, named, working, now)
    owed = _owed(session, dealt.tasks, working, now) if named is None else named
    by_id = {task.id: (task, given) for task, given in owed}
    tickets: list[Ticket] = []
    for task, given in (by_id[task_id] for task_id in dealt.tasks if task_id in by_id):
        route = route_for(task.runs_on, task.pinned_account, task.pinned_phone, working)
        if route.queue is None:
            continue
        words = shown(task.pinned_account or task.meant_for, given or {})
        step = step_of(task, dealt)
        tickets.append(Ticket(task.id, task.flow, route.queue, step, shown=words, number=task.ticket))
    for (queue, step), ids in _places(tickets).items():
        ring_tickets(session, ids, queue, step, now)
    return tickets


def _places(tickets: Sequence[Ticket]) -> Mapping[tuple[str, int], Sequence[str]]:
    """Returns the tasks of the tickets to each queue at each step."""
    found: dict[tuple[str, int], list[str]] = {}
    for ticket in tickets:
        found.setdefault((ticket.queue, ticket.priority), []).append(ticket.task_id)
    return found


def step_of(task: Task, dealt: Dealt) -> int:
    """Returns the priority of the ticket. At the desk, the tickets of turns go before those of a customer alone."""
    if task.id in dealt.in_turn:
        return TURN_STEP
    if task.runs_on == RunsOn.DESK:
        return DESK_STEP
    return task.priority if task.id in dealt.unhurried else ticket_priority(task)


def _dealt(
    session: Session,
    task_ids: Sequence[str] | None,
    named: Sequence[Owed] | None,
    working: WorkingPhones,
    now: datetime,
) -> Dealt:
    """Decides which tasks get a ticket now, in order: of these, or of all. `named`: their rows, if they were read."""
    customers = read_customers(session, settings().operator_weight)
    if task_ids is None:
        following = next_tasks(session, customers, working, now, slots_of(working), most_alone())
    else:
        following = Next(rows_of(session, task_ids, now) if named is None else [task for task, _ in named])
    also = [] if task_ids is None else list(others_wait(session, customers, working))
    return deal_lines(lines(session, following, customers, working, also))


def slots_of(working: WorkingPhones) -> Mapping[str, int]:
    """Returns the number of tasks that may run at once: at the desk for each customer, and on phones."""
    return {str(RunsOn.DESK): IN_TURN, str(RunsOn.PHONE): max(1, len(working.phones))}


def most_alone() -> Mapping[str, int]:
    """Returns the tickets at the desk and for phones that one customer has out while no other waits."""
    return {str(RunsOn.DESK): DESK_SLOTS, str(RunsOn.PHONE): BATCH_SIZE}


def deal_lines(found: Mapping[bool | None, Line]) -> Dealt:
    """Returns the tasks of all lines that get a ticket in one round, in order. Pure."""
    tasks: list[str] = []
    in_turn: set[str] = set()
    unhurried: set[str] = set()
    for sort, line in found.items():
        if sort is None:
            dealt = deal_at_desk(line.standings, line.candidates, alone=DESK_SLOTS)
        else:
            dealt = deal(line.slots, line.standings, line.candidates, line.places, alone=BATCH_SIZE)
        tasks += dealt.tasks
        in_turn |= dealt.in_turn
        unhurried |= dealt.unhurried
    return Dealt(tasks[:BATCH_SIZE], frozenset(in_turn), frozenset(unhurried))


def _owed(session: Session, task_ids: Sequence[str], working: WorkingPhones, now: datetime) -> Sequence[Owed]:
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
        .options(load_only(*COLUMNS, Task.meant_for, Task.ticket))
        .where(*_unrung(now), has_place, Task.id.in_(task_ids))
        .with_for_update(skip_locked=True)
    )
    return [(task, given) for task, given in session.execute(wanted)]


def _unrung(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Task.state == State.READY,
        Task.rung_at.is_(None),
        Task.not_before <= now,
        or_(~Task.stop_requested, Task.verifying),
        may_begin(),
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


def _say_who_paused(session: Session, working: WorkingPhones, now: datetime) -> None:
    """Tells the pinned tasks of a customer that keeps its tasks off a phone that they wait for its resume."""
    accounts = {serial: account for account, serial in working.accounts.items()}
    for serial, customers in working.paused_for.items():
        there = Task.pinned_phone == serial
        if serial in accounts:
            there |= and_(Task.pinned_phone.is_(None), Task.pinned_account == accounts[serial])
        mine = Task.key_id.in_(keys_of(session, customers))
        _say(session, why_held_back(serial), *_unrung(now), mine, there, Task.runs_on == RunsOn.PHONE)


def _say(session: Session, why: str | None, *which: ColumnElement[bool]) -> None:
    said = func.coalesce(Task.waits_for, "") == why
    session.execute(update(Task).where(*which, ~said).values(waits_for=why))


def _take_back_stranded(session: Session, working: WorkingPhones, now: datetime) -> None:
    """Takes back tickets in the queue of a phone that no longer works, or that has not reached them in time.

    What only reads, or was begun before, and is nobody's own was passed there because it may run there. If that phone
    has its hands full, or no worker yet, another may have been free for long.
    """
    owe_tickets(
        session,
        in_pool(),
        or_(Task.attempt > 0, ~Task.acts),
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
    owe_tickets(session, Task.id.in_(task_ids), lost=True)
