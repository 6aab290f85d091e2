"""Pauses a phone for one customer's tasks, and resumes it: the operator's and other customers' tasks go on there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from models.fleet.own_pauses import OWN, find_own_pause, keys_of, own_subject, paused_for, why_held_back
from models.history.audit_log import record_change
from models.tables import PauseEnd, Phone, Task
from models.tasks.pause_ends import end_at, no_end
from models.tasks.pauses import UNTIL
from models.tasks.states import State
from models.tasks.transitions import owe_tickets
from models.transactions.read_write import read, write
from models.values.refused import refuse
from workers.control.pause import PauseReport, check_end, end_in_words
from workers.control.phone_pause import known_phone
from workers.runtime.worker_identity import phone_queue


def pause_phone_for(
    engine: Engine, serial: str, customer: str, *, who: str, why: str = "", until: datetime | None = None
) -> PauseReport:
    """Keeps a customer's tasks off a phone; its task that runs there leaves it. Raises Refused.

    Its tasks of the pool go to other phones. Those that are pinned to the phone, or to the account on it, wait.
    `until`: it is resumed then by itself; a pause again replaces the end of the one before.
    """

    def work(session: Session) -> PauseReport:
        check_end(session, until)
        phone = session.get(Phone, serial) or known_phone(session, serial)
        told = {"paused": why} | ({UNTIL: end_in_words(until)} if until is not None else {})
        if customer not in paused_for(phone):  # a pause again locks no phone
            session.refresh(phone, with_for_update=True)
            record_change(session, who, _subject(serial, customer), {}, told)
            phone.paused_for = sorted({*paused_for(phone), customer})
            _end_at(session, serial, customer, until)
        elif _end_at(session, serial, customer, until):
            record_change(session, who, _subject(serial, customer), {"paused": True}, told)
        keys = keys_of(session, [customer])
        runs = (Task.state == State.RUNNING, Task.phone_serial == serial, Task.key_id.in_(keys))
        return PauseReport(0, session.scalar(select(func.count()).select_from(Task).where(*runs)) or 0)

    report = write(engine, work)
    write(engine, lambda session: _take_back(session, serial, customer))
    return report


def _end_at(session: Session, serial: str, customer: str, until: datetime | None) -> bool:
    """Stores when the pause ends. Returns whether that is another moment than before."""
    subject = own_subject(serial, customer)
    row = session.get(PauseEnd, subject)
    if (row.ends_at if row is not None else None) == until:
        return False
    end_at(session, subject, until)
    return True


def _take_back(session: Session, serial: str, customer: str) -> None:
    """Takes back the customer's tickets in the phone's queue.

    In a transaction of its own: its host writes into the phone's row each second, and must not wait for tasks that
    others hold. Skips those: whoever claims one of them now is refused by the pause.
    """
    there = (Task.rung_queue == phone_queue(serial), Task.key_id.in_(keys_of(session, [customer])))
    free = select(Task.id).where(*there, Task.state == State.READY).with_for_update(skip_locked=True)
    ids = session.scalars(free).all()
    if ids:
        owe_tickets(session, Task.id.in_(ids))


def resume_phone_for(engine: Engine, serial: str, customer: str, *, who: str, due: bool = False) -> int:
    """Lets a customer's tasks on a phone again. Returns 0: the coordinator rings them. Raises Refused.

    `due`: only if its pause was to end by now.
    """

    def work(session: Session) -> int:
        phone = known_phone(session, serial)
        if customer not in paused_for(phone):
            raise refuse("phone", f"{serial!r} is not paused for your tasks", "look at it: GET /v1/phones")
        no_end(session, own_subject(serial, customer), due=due)
        record_change(session, who, _subject(serial, customer), {"paused": True}, {"resumed": True})
        phone.paused_for = sorted(paused_for(phone) - {customer}) or None
        told = (Task.state == State.READY, Task.waits_for == why_held_back(serial))
        mine = Task.key_id.in_(keys_of(session, [customer]))
        session.execute(update(Task).where(*told, mine).values(waits_for=None))
        return 0

    return write(engine, work)


def end_own_pause(engine: Engine, digest: str, *, who: str, ring_now: bool, due: bool) -> int:
    """Ends a customer's pause whose time is over. `digest`: of its subject, behind the kind. Raises Refused."""
    found = read(engine, lambda session: find_own_pause(session, f"{OWN}:{digest}"))
    if found is None:
        raise refuse("pause", f"{digest} is over", "nothing is to be done")
    return resume_phone_for(engine, *found, who=who, due=due)


def _subject(serial: str, customer: str) -> str:
    """Returns the subject of the audit log: never that of the operator's own pause."""
    return f"phone:{serial} for {customer}"[:191]
