"""`phonefleet phones`: lists the phones that need attention, with the remedies, and then all phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.database.clock import database_now
from models.fleet.app_version import untried_app
from models.fleet.fitness import awaits_canary, why_not
from models.fleet.health import page_drift, unfit_since
from models.tables import Account, AuditEntry, Phone, Task
from models.tasks.pauses import PAUSED
from models.tasks.states import State
from models.transactions.read_write import read
from models.values.enums import PhoneState, UnfitCode
from scripts.connect import open_ledger
from scripts.terminal.show import Block, Sheet, duration, print_blocks, print_sheet

# The order of the list: a whole host first, then phones that only a person can bring back, then the others.
ORDER = (
    "host silent",
    PhoneState.OFFLINE,
    PhoneState.UNAUTHORIZED,
    PhoneState.NO_PERMISSIONS,
    PhoneState.EQUAL_SERIALS,
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


def phones() -> None:
    """List the phones that need attention, with reason and remedy; then every phone with its present task."""
    console = Console()
    needing, every = read(open_ledger(), _sheets)
    if needing:
        print_blocks(console, f"to look at: {len(needing)} of {len(every.rows)} phones", needing)
    print_sheet(console, every)


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
        select(AuditEntry).where(AuditEntry.subject.in_([f"phone:{one}" for one in serials])).order_by(AuditEntry.id)
    )
    pauses = [one for one in changes if isinstance(one.after, dict) and PAUSED in one.after]
    return {one.subject.removeprefix("phone:"): one.at for one in pauses}


def _sheets(session: Session) -> tuple[list[Block], Sheet]:
    now = database_now(session)
    accounts = {account.id: account for account in session.scalars(select(Account))}
    paused_at = paused_since(session)
    found = [
        (phone, need_of(phone, accounts.get(phone.account_id or ""), now, paused_at))
        for phone in session.scalars(select(Phone))
    ]
    found.sort(key=lambda one: (_rank(one[1]), one[0].host, one[0].serial))
    running = {
        incarnation: flow
        for incarnation, flow in session.execute(select(Task.incarnation, Task.flow).where(Task.state == State.RUNNING))
        if incarnation is not None
    }
    needing = [_told(phone, need, now) for phone, need in found if need is not None]
    return (
        needing,
        Sheet(
            "phones",
            ("serial", "host", "model", "state", "account", "app", "does", "battery"),
            [_row(phone, need, running) for phone, need in found],
            "phonefleet up serves those of this machine",
        ),
    )


def _rank(need: Need | None) -> int:
    if need is None:
        return len(ORDER)
    return ORDER.index(need.state) if need.state in ORDER else ORDER.index(PhoneState.OFFLINE)  # adb's rarer states


def _told(phone: Phone, need: Need, now: datetime) -> Block:
    lasts = "" if need.since is None else f", for {duration(max(0.0, (now - need.since).total_seconds()))}"
    return Block(f"{phone.serial}  {need.state}{lasts}", [need.why], need.remedy)


def _row(phone: Phone, need: Need | None, running: Mapping[str, str]) -> Sequence[str]:
    return [
        phone.serial,
        phone.host,
        phone.model,
        PhoneState.ONLINE if need is None else need.state,
        phone.account_id or "",
        phone.app_version or "",
        running.get(phone.incarnation or "", ""),
        _battery(phone.health or {}),
    ]


def _battery(health: Mapping[str, object]) -> str:
    """Returns the battery's charge and temperature as far as they were read, like 86 % 31 °C."""
    percent, celsius = health.get("percent"), health.get("celsius")
    parts = ([f"{percent} %"] if isinstance(percent, int) else []) + (
        [f"{celsius:.0f} °C"] if isinstance(celsius, int | float) else []
    )
    return " ".join(parts)
