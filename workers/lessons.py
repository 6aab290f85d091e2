"""Lessons: what a failed attempt tells about its account and its phone, beyond its own task."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.alerts import raise_alert
from models.health import note_app_missing, note_page_drift
from models.tables import Account, Attempt, Phone
from workers.follow import RESTING


def note_lessons(session: Session, attempt: Attempt, now: datetime) -> None:
    """The account must rest, another one is logged in or none is, the app is missing or changed its pages."""
    code, reason = attempt.failure_code or "", attempt.reason or ""
    if code in RESTING and attempt.account_id is not None:
        _let_rest(session, attempt.account_id, code, reason, now)
    if attempt.phone_serial is None:
        return
    if code in ("logged_out", "wrong_account"):
        session.execute(update(Phone).where(Phone.serial == attempt.phone_serial).values(account_id=None, why=reason))
    elif code == "app_missing":
        note_app_missing(session, attempt.phone_serial, reason, CODES[code].remedy, now)
    elif code == "page_drift":
        note_page_drift(session, attempt.phone_serial, reason, now)


def _let_rest(session: Session, account_id: str, code: str, reason: str, now: datetime) -> None:
    account = session.get(Account, account_id, with_for_update=True)
    if account is None or account.resting_since is not None:
        return
    account.resting_since, account.resting_why = now, reason
    text = f"account {account_id} rests: {code}: {reason}"
    remedy = f"{CODES[code].remedy}; then: phonefleet accounts wake {account_id}"
    raise_alert(session, "account_rests", f"account:{account_id}", text, remedy, now)
