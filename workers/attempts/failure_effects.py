"""Failure effects: applies a failed attempt's consequences to its account and its phone, beyond its own task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.fleet.health import note_page_drift, note_unfit
from models.fleet.logins import tell_logged_out
from models.notify.alerts import raise_alert
from models.tables import Account, Attempt, Phone
from workers.policy.retry import RESTING

# failures that make a phone unfit for every task, and the fact that its host reads again
UNFIT: Mapping[str, Mapping[str, bool]] = {
    "app_missing": {"app_installed": False},
    "input_refused": {"input_refused": True},
}


def apply_failure_effects(session: Session, attempt: Attempt, now: datetime) -> None:
    """Records that an account must rest, that another or none is logged in, or that the app is missing or changed."""
    code, reason = attempt.failure_code or "", attempt.reason or ""
    if code in RESTING and attempt.account_id is not None:
        _let_rest(session, attempt.account_id, code, reason, now)
    if attempt.phone_serial is None:
        return
    if code in ("logged_out", "wrong_account"):
        session.execute(update(Phone).where(Phone.serial == attempt.phone_serial).values(account_id=None, why=reason))
        if code == "logged_out":
            tell_logged_out(session, attempt.phone_serial, reason, now)
    elif code in UNFIT:
        note_unfit(session, attempt.phone_serial, reason, CODES[code].remedy, now, UNFIT[code])
    elif code == "page_drift":
        remedy = CODES[code].remedy
        note_page_drift(session, attempt.phone_serial, _page_of(attempt), reason, remedy, now)


def _page_of(attempt: Attempt) -> str:
    """Returns the page that the flow was on, or the pages that it waited for."""
    details = attempt.details or {}
    return str(details.get("page") or "/".join(map(str, details.get("wanted", ()))) or "unknown")


def _let_rest(session: Session, account_id: str, code: str, reason: str, now: datetime) -> None:
    account = session.get(Account, account_id, with_for_update=True)
    if account is None or account.resting_since is not None:
        return
    account.resting_since, account.resting_why = now, reason
    text = f"account {account_id} rests: {code}: {reason}"
    remedy = f"{CODES[code].remedy}; then: phonefleet accounts wake {account_id}"
    raise_alert(session, "account_rests", f"account:{account_id}", text, remedy, now)
