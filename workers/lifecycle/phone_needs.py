"""Finds what is wrong with a phone: one problem in a word, with its reason, its beginning and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.failures import CODES
from models import tables
from models.fleet.app_version import untried_app
from models.fleet.fitness import awaits_canary, why_not
from models.fleet.health import page_drift, unfit_since
from models.tables import Account, Phone
from models.tasks.pauses import PAUSED
from models.values.enums import PhoneState, UnfitCode

# The order of the list: a whole host first, then phones that only a person can bring back, then the others.
ORDER = (
    "host silent",
    PhoneState.OFFLINE,
    PhoneState.UNAUTHORIZED,
    PhoneState.NO_PERMISSIONS,
    PhoneState.EQUAL_SERIALS,
    PhoneState.UNCONNECTED,
    UnfitCode.UNFIT,
    "account twice",
    "no account",
    "account rests",
    UnfitCode.QUARANTINED,
    "on trial",
    "page drift",
    "app untried",
    UnfitCode.PAUSED,
)
WORDS = {UnfitCode.ACCOUNT_TWICE: "account twice", UnfitCode.NO_ACCOUNT: "no account"}  # shown instead of the code
UNTRIED_REMEDY = "try the flows on this phone, then add the version to the app profile's `versions`; or install another"


@dataclass(frozen=True, slots=True)
class Need:
    """A phone's problem in a word, with its reason, beginning and remedy."""

    state: str
    why: str
    since: datetime | None
    remedy: str


def rank(need: Need | None) -> int:
    """Returns the place of a phone with this problem in a list: the smallest first, phones that work last."""
    if need is None:
        return len(ORDER)
    return ORDER.index(need.state) if need.state in ORDER else ORDER.index(PhoneState.OFFLINE)  # adb's rarer states


def need_of(
    phone: Phone, account: Account | None, now: datetime, paused_at: Mapping[str, datetime] | None = None
) -> Need | None:
    """Returns a phone's problem; None when it works. `paused_at`: serial → since when the phone is paused, if known."""
    unfit = why_not(phone, now)
    if unfit is not None and unfit.code == UnfitCode.NOT_ONLINE:
        state = "host silent" if phone.state == PhoneState.SILENT else phone.state
        return Need(state, phone.why or "no reason known", phone.state_since, unfit.remedy)
    if unfit is not None:
        since = {
            UnfitCode.UNFIT: unfit_since(phone),
            UnfitCode.ACCOUNT_TWICE: phone.twice_since,
            UnfitCode.PAUSED: (paused_at or {}).get(phone.serial),
        }.get(unfit.code)
        return Need(WORDS.get(unfit.code, unfit.code), unfit.why, since, unfit.remedy)
    if account is not None and account.resting_since is not None:
        remedy = f"look at the account in the app, then: phonefleet accounts wake {account.id}"
        return Need("account rests", account.resting_why or "no reason known", account.resting_since, remedy)
    if awaits_canary(phone, now):
        why = phone.quarantine_why or "it failed across tasks"
        return Need("on trial", why, phone.quarantined_until, "nothing: its next success releases it")
    drift = page_drift(phone, now)
    if drift is not None:
        return Need("page drift", drift[1], drift[0], CODES["page_drift"].remedy)
    untried = untried_app(phone)
    if untried is not None:
        why = f"it has version {untried[0]} of the app; the profile was tried with {', '.join(untried[1])}"
        return Need("app untried", why, None, UNTRIED_REMEDY)
    return None


def paused_since(session: Session) -> dict[str, datetime]:
    """Returns since when each paused phone is paused, by serial."""
    serials = session.scalars(select(Phone.serial).where(Phone.paused)).all()
    changes = session.scalars(
        select(tables.AuditEntry)
        .where(tables.AuditEntry.subject.in_([f"phone:{one}" for one in serials]))
        .order_by(tables.AuditEntry.id)
    )
    pauses = [one for one in changes if isinstance(one.after, dict) and PAUSED in one.after]
    return {one.subject.removeprefix("phone:"): one.at for one in pauses}
