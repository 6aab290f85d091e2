"""Reads from the ledger who waits for phones and for the desk, and which tasks are next.

Every query is bounded by the phones and the tickets that are out, not by the tasks that wait: a customer's next tasks
stand together in the index ix_tasks_owed, in their order. Of a key's last tasks, some for each phone, all are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from models.history.records.usual import usual_seconds
from models.tables import Task
from models.tasks.campaign_control import may_begin
from models.tasks.states import State
from models.values.enums import RunsOn
from workers.dispatch.customers import Customers
from workers.dispatch.lines import AHEAD_OF_A_PHONE, AtPhones, Line, lines_of, pinned_to
from workers.dispatch.routing import URGENT_STEP, WorkingPhones
from workers.policy.longest_first import last_of, order_of, seconds_of
from workers.policy.turns import most_candidates
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue

MOST_KEYS = 1000  # whose tasks are looked at in one round
PRIORITIES = range(10)
IN_ONE_STATEMENT = 50
SHARED_QUEUES = (POOL_QUEUE, DESK_QUEUE)

OWED = (Task.state == State.READY, Task.rung_at.is_(None))
UNPINNED = (Task.pinned_phone.is_(None), Task.pinned_account.is_(None))
PINNED = (Task.pinned_phone.is_not(None), Task.pinned_account.is_not(None))
COLUMNS = (
    Task.id, Task.key_id, Task.sandbox, Task.runs_on, Task.pinned_phone, Task.pinned_account, Task.attempt,
    Task.verifying, Task.priority, Task.not_before, Task.position, Task.flow, Task.author_id,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Next:
    """Rows of tasks that may come next; of those that are the last ones of their key, how long they take as a rule."""

    rows: Sequence[Any]
    seconds: Mapping[str, float] = field(default_factory=dict)


def next_tasks(
    session: Session,
    customers: Customers,
    working: WorkingPhones,
    now: datetime,
    slots: Mapping[str, int],
    alone: Mapping[str, int],
) -> Next:
    """Returns the tasks that may come next, of each key and each kind of place.

    `slots`: of the phones and of the desk. `alone`: tickets there of one customer while no other waits.
    """
    placed = or_(
        and_(*UNPINNED),
        Task.pinned_phone.in_(list(working.phones)),
        and_(Task.pinned_phone.is_(None), Task.pinned_account.in_(list(working.accounts))),
    )
    begun = select(*COLUMNS).where(*_due(now), Task.attempt > 0, placed)
    rows = list(session.execute(begun.order_by(Task.not_before).limit(alone[RunsOn.PHONE])))
    seconds: dict[str, float] = {}
    for runs_on in (RunsOn.DESK, RunsOn.PHONE):
        sorts = [one for one in (False, True) if runs_on == RunsOn.DESK or one is not working.unserved]
        keys = [
            (sandbox, key_id)
            for sandbox, key_id in keys_waiting(session, runs_on, sorts)
            if runs_on == RunsOn.DESK or not customers.keeps_off_all(key_id, working, sandbox=sandbox)
        ]
        waiting = len({customers.of(key_id) for _, key_id in keys})
        most = most_candidates(waiting, slots[runs_on], _out(session, runs_on), alone[runs_on])
        for sandbox, key_id in keys:
            few = last_of(slots[runs_on])
            if runs_on == RunsOn.PHONE and _are_last(session, sandbox, key_id, few):
                found = _longest_of(session, sandbox, key_id, now, few)
                rows += found.rows[:most]
                seconds |= found.seconds
            else:
                rows += session.execute(_first_of(runs_on, sandbox, key_id, now, most))
    pins = pinned_places(session, working)
    for start in range(0, len(pins), IN_ONE_STATEMENT):
        parts = [_pinned(*pin, now) for pin in pins[start : start + IN_ONE_STATEMENT]]
        rows += session.execute(union_all(*(select(part.subquery()) for part in parts)))
    return Next(list({row.id: row for row in rows}.values()), seconds)


def _out(session: Session, runs_on: str) -> int:
    """Counts the tickets in the pool, or at the desk."""
    queue = DESK_QUEUE if runs_on == RunsOn.DESK else POOL_QUEUE
    out = select(func.count()).select_from(Task).where(Task.state == State.READY, Task.rung_queue == queue)
    return session.scalar(out) or 0


def keys_waiting(session: Session, runs_on: str, sorts: Sequence[bool]) -> list[tuple[bool, str | None]]:
    """Returns sort and key of those with tasks in the pool, or at the desk, that have no ticket; no key: the operator.

    `sorts`: sandbox or not. One step in the index for each key: the tasks between are not read. The first steps go
    together: hardly any round finds more.
    """
    if not sorts:
        return []
    first = union_all(*(_step(runs_on, sandbox, after) for sandbox in sorts for after in (None, "")))
    found: list[tuple[bool, str | None]] = []
    for sort, first_key in session.execute(first).all():
        sandbox, key_id = bool(sort), first_key
        found.append((sandbox, key_id))
        for _ in range(MOST_KEYS):
            key_id = None if key_id is None else session.scalar(_line_of(runs_on, sandbox, key_id))
            if key_id is None:
                break
            found.append((sandbox, key_id))
    return found


def _step(runs_on: str, sandbox: bool, after: str | None) -> Select[Any]:
    line = _line_of(runs_on, sandbox, after).subquery()
    return select(literal(int(sandbox)), line.c.key_id)


def _line_of(runs_on: str, sandbox: bool, after: str | None) -> Select[Any]:
    """Selects the first key behind another one, or no key for None."""
    line = select(Task.key_id).where(*OWED, Task.runs_on == runs_on, *UNPINNED, Task.sandbox == sandbox)
    if after is None:
        return line.where(Task.key_id.is_(None)).limit(1)
    return line.where(Task.key_id > after).order_by(Task.key_id).limit(1)


def pinned_places(session: Session, working: WorkingPhones) -> list[tuple[str | None, str | None, str | None]]:
    """Returns the keys with tasks that wait for a working phone or its account: key, phone, account."""
    line = (*OWED, Task.runs_on == RunsOn.PHONE)
    pins = (Task.key_id, Task.pinned_phone, Task.pinned_account)
    rows = [
        *session.execute(select(*pins).where(*line, Task.pinned_phone.is_not(None)).distinct()),
        *session.execute(
            select(*pins).where(*line, Task.pinned_phone.is_(None), Task.pinned_account.is_not(None)).distinct()
        ),
    ]
    return [
        (key_id, phone, account)
        for key_id, phone, account in rows
        if (phone in working.phones if phone is not None else account in working.accounts)
    ]


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (*OWED, Task.not_before <= now, or_(~Task.stop_requested, Task.verifying), may_begin())


def _first_of(runs_on: str, sandbox: bool, key_id: str | None, now: datetime, most: int) -> Any:
    """Selects a key's next tasks, priority by priority: those that sleep stand behind those that are due."""
    line = (*_due(now), *_of_key(runs_on, sandbox, key_id))

    def of(priority: int) -> Any:
        wanted = select(*COLUMNS).where(*line, Task.priority == priority)
        return select(wanted.order_by(Task.not_before, Task.position).limit(most).subquery())

    return union_all(*map(of, PRIORITIES))


def _are_last(session: Session, sandbox: bool, key_id: str | None, few: int) -> bool:
    """Returns whether no more than a few of a key's tasks wait in the pool."""
    wait = select(Task.id).where(*OWED, *_of_key(RunsOn.PHONE, sandbox, key_id)).limit(few + 1).subquery()
    return (session.scalar(select(func.count()).select_from(wait)) or 0) <= few


def _longest_of(session: Session, sandbox: bool, key_id: str | None, now: datetime, few: int) -> Next:
    """Returns a key's last tasks in the pool, the longest first."""
    rows = session.execute(_first_of(RunsOn.PHONE, sandbox, key_id, now, few)).all()
    authors = {row.author_id for row in rows if row.author_id is not None}
    seconds = seconds_of(rows, usual_seconds(session, authors, now, sandbox=sandbox))
    return Next(sorted(rows, key=lambda row: order_of(row, seconds)), seconds)


def _of_key(runs_on: str, sandbox: bool, key_id: str | None) -> tuple[ColumnElement[bool], ...]:
    mine = Task.key_id.is_(None) if key_id is None else Task.key_id == key_id
    return (Task.runs_on == runs_on, *UNPINNED, Task.sandbox == sandbox, mine)


def _pinned(key_id: str | None, phone: str | None, account: str | None, now: datetime) -> Any:
    wanted = and_(
        Task.key_id.is_(None) if key_id is None else Task.key_id == key_id,
        Task.pinned_phone.is_(None) if phone is None else Task.pinned_phone == phone,
        Task.pinned_account.is_(None) if account is None else Task.pinned_account == account,
    )
    line = select(*COLUMNS).where(*_due(now), Task.runs_on == RunsOn.PHONE, wanted)
    return line.order_by(Task.priority, Task.not_before, Task.position).limit(AHEAD_OF_A_PHONE + 1)


def lines(
    session: Session,
    following: Next,
    customers: Customers,
    working: WorkingPhones,
    also: Collection[str] = (),
) -> dict[bool | None, Line]:
    """Returns the lines for real phones (False), simulated ones (True) and the desk (None).

    `also`: customers who wait as well, though none of the rows is theirs.
    """
    rows = following.rows
    at = _at_phones(session, pinned_to(rows, working))
    return lines_of(rows, *_out_and_running(session), at, customers, working, also, following.seconds)


def _at_phones(session: Session, serials: Collection[str]) -> AtPhones:
    if not serials:
        return AtPhones()
    queues = {phone_queue(serial): serial for serial in serials}
    mine = (Task.state == State.READY, Task.rung_queue.in_(queues), or_(*PINNED))
    lying = session.execute(select(Task.rung_queue, func.count()).where(*mine).group_by(Task.rung_queue))
    there = (Task.state == State.RUNNING, Task.phone_serial.in_(serials), Task.runs_on == RunsOn.PHONE)
    running = session.execute(select(Task.phone_serial, Task.key_id).where(*there))
    return AtPhones(
        {queues[queue]: count for queue, count in lying if queue is not None},
        {serial: key_id for serial, key_id in running if serial is not None},
    )


_MINE = (Task.key_id, Task.sandbox, Task.runs_on)
# of all phones' own queues together, for there are thousands
_KINDS_OUT = (
    Task.rung_queue.not_in(SHARED_QUEUES).label("of_one_phone"),
    Task.rung_step,
    or_(*PINNED).label("pinned"),
    and_(Task.attempt > 0, Task.rung_step == URGENT_STEP).label("begun"),
)
_KINDS_RUNNING = ((Task.attempt > 1).label("again"),)
_COUNT = func.count().label("count")
_OUT_AND_RUNNING: CompoundSelect[Any] = union_all(
    select(literal_column("'out'").label("what"), *_MINE, *_KINDS_OUT, null().label("again"), _COUNT)
    .where(Task.state == State.READY, Task.rung_queue.is_not(None))
    .group_by(*_MINE, *_KINDS_OUT),
    select(literal_column("'running'"), *_MINE, *(null() for _ in _KINDS_OUT), *_KINDS_RUNNING, _COUNT)
    .where(Task.state == State.RUNNING)
    .group_by(*_MINE, *_KINDS_RUNNING),
)


def _out_and_running(session: Session) -> tuple[list[Any], list[Any]]:
    """Counts the tickets that are out, and what runs, with one question for both."""
    found: dict[str, list[Any]] = {"out": [], "running": []}
    for row in session.execute(_OUT_AND_RUNNING):
        found[row.what].append(row)
    return found["out"], found["running"]


def rows_of(session: Session, task_ids: Sequence[str], now: datetime) -> list[Any]:
    """Returns the rows of those of these tasks that are owed a ticket."""
    return list(session.execute(select(*COLUMNS).where(*_due(now), Task.id.in_(task_ids))))


def others_wait(session: Session, customers: Customers, working: WorkingPhones) -> Iterator[str]:
    """Yields the customers with tasks in the pool that have no ticket, and may have one."""
    for sandbox, key_id in keys_waiting(session, RunsOn.PHONE, (False, True)):
        if not customers.keeps_off_all(key_id, working, sandbox=sandbox):
            yield customers.of(key_id)
