"""Quarantine: a phone that fails across tasks cools down, then runs one task as its canary; success releases it."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.fleet.health import pages_are_well, waits_for_success
from models.fleet.phones import owe_tickets_again
from models.notify.alerts import raise_alert
from models.tables import Attempt, Phone, Task
from models.values.enums import AttemptOutcome
from workers.policy.blame import Try, quarantine_after

# A column beside another row: whether a success on the phone `serial` is to be told to `did_well`.
MAY_MEAN_SOMETHING = select(Phone.serial).where(Phone.serial == bindparam("serial"), waits_for_success()).exists()
LAST = 24  # attempts looked at; lost ones among them say nothing


def blame_phone(session: Session, serial: str, code: str, now: datetime) -> None:
    """Quarantines the phone if the failure just written is one too many."""
    phone = session.get(Phone, serial, with_for_update=True)
    if phone is None:
        return
    found = quarantine_after(
        code,
        lambda: _last_tries(session, serial),
        until=phone.quarantined_until,
        before=phone.quarantines,
        now=now,
    )
    if found is None:
        return
    phone.quarantined_until, phone.quarantines = now + found.pause, phone.quarantines + 1
    phone.quarantine_why = f"in quarantine for {found.pause.total_seconds():g} s: {found.why}"
    owe_tickets_again(session, serial)
    remedy = f"look at the evidence of its last tasks: {CODES[code].remedy}"
    raise_alert(
        session, "phone_quarantined", f"phone:{serial}", f"phone {serial} is {phone.quarantine_why}", remedy, now
    )


def did_well(session: Session, serial: str, pages: Set[str], now: datetime) -> None:
    """After a success over these pages: releases a phone whose task was its canary, and ends a drift of these pages."""
    phone = session.get(Phone, serial)
    if phone is None:
        return
    pages_are_well(session, phone, pages, now)
    if phone.quarantined_until is None:
        return
    phone.quarantined_until, phone.quarantine_why, phone.quarantines = None, None, 0
    text = f"phone {serial} did its task and works again"
    raise_alert(session, "phone_released", f"phone:{serial}", text, "nothing to do", now)


def _last_tries(session: Session, serial: str) -> list[Try]:
    """Returns the ends of the last attempts on a phone, newest first; of its time as a simulated one, or as none."""
    rows = session.execute(
        select(Attempt.task_id, Attempt.failure_code, Attempt.outcome)
        .join(Task, Task.id == Attempt.task_id)
        .join(Phone, Phone.serial == Attempt.phone_serial)
        .where(Attempt.phone_serial == serial, Attempt.outcome.is_not(None), Task.sandbox == Phone.sandbox)
        .order_by(Attempt.started_at.desc())
        .limit(LAST)
    )
    return [
        Try(
            task_id,
            code if outcome in (AttemptOutcome.FAILED, AttemptOutcome.LOST) else None,
            says_nothing=outcome not in (AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED),
        )
        for task_id, code, outcome in rows
    ]
