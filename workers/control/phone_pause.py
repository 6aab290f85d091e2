"""Pauses, drains, resumes and releases a phone.

A paused phone takes no work: the task that runs there leaves it before the next touch and goes to another phone, and
tasks that are pinned to it wait. A drained phone takes no more work either, but its running task finishes there.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.fleet.phones import owe_tickets_again
from models.history.audit_log import record_change
from models.notify.alerts import raise_alert
from models.tables import Phone, Task
from models.tasks.pauses import in_words
from models.tasks.states import State
from models.transactions.read_write import write
from models.values.refused import refuse
from workers.control.pause import PauseReport, note_pause, note_resumption, paused_already


def pause_phone(
    engine: Engine,
    serial: str,
    *,
    who: str,
    why: str = "",
    until: datetime | None = None,
    drain: bool = False,
    ring_now: bool = True,
    anew: bool = True,
) -> PauseReport:
    """Pauses a phone for the tasks of everyone. Raises Refused.

    `drain`: its running task finishes first. `until`: it is resumed then by itself. `anew=False`: refuses a phone that
    is paused already; one that is drained may still be paused. workers/control/own_pause.py has a customer's pause.
    """

    def ask(session: Session) -> PauseReport:
        phone = known_phone(session, serial)
        if phone.paused and not anew and (drain or not phone.draining):
            raise paused_already(session, "phone", serial)
        told = note_pause(session, f"phone:{serial}", phone.paused, who, why, until)
        phone.paused, phone.draining = True, drain
        did = f"is drained by {who}" if drain else f"is paused by {who}"
        phone.paused_why = storable_text(in_words(f"phone {serial}", did, why, told))
        owe_tickets_again(session, serial)
        runs = (Task.state == State.RUNNING, Task.phone_serial == serial)
        return PauseReport(0, session.scalar(select(func.count()).select_from(Task).where(*runs)) or 0)

    report = write(engine, ask)
    if ring_now:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring_ready  # noqa: PLC0415 - Celery, which a command does without

        ring_ready(engine)  # tickets of its queue go to other phones, or their tasks get the reason why they wait
    return report


def resume_phone(engine: Engine, serial: str, *, who: str, ring_now: bool = True, due: bool = False) -> int:
    """Resumes a paused phone. Returns the number of tickets that were rung. Raises Refused.

    `due`: only if its pause was to end by now.
    """

    def work(session: Session) -> None:
        phone = known_phone(session, serial)
        if not phone.paused:
            raise refuse("phone", f"{serial!r} is not paused", "see: phonefleet phones")
        note_resumption(session, f"phone:{serial}", who, due=due)
        phone.paused, phone.draining, phone.paused_why = False, False, None

    write(engine, work)
    if not ring_now:  # the coordinator does, within half a second
        return 0
    from workers.dispatch.ring import ring_ready  # noqa: PLC0415 - Celery, which a command does without

    return ring_ready(engine)


def release_phone(engine: Engine, serial: str, *, who: str) -> None:
    """Ends a phone's quarantine before its time, after a person looked at it. Raises Refused.

    Its failures stay known: if its next task fails through the phone's fault, the phone is in quarantine again.
    """

    def work(session: Session) -> None:
        phone, now = known_phone(session, serial), database_now(session)
        if phone.quarantined_until is None:
            raise refuse("phone", f"{serial!r} is not in quarantine", "see: phonefleet phones")
        record_change(session, who, f"phone:{serial}", {"quarantine": phone.quarantine_why}, {"quarantine": None})
        phone.quarantined_until, phone.quarantine_why = None, None
        text = f"phone {serial} was released by {who} and works again"
        raise_alert(session, "phone_released", f"phone:{serial}", text, "nothing to do", now)

    write(engine, work)


def known_phone(session: Session, serial: str) -> Phone:
    """Returns the phone's row, locked. Raises Refused."""
    phone = session.get(Phone, serial, with_for_update=True)
    if phone is None:
        raise refuse("phone", f"{serial!r} is unknown", "see: phonefleet phones")
    return phone
