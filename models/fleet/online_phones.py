"""Reads the online phones for the assignment of work: each with its account, and whether it is fit and free."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.database.clock import DATABASE_MOMENT, database_now
from models.fleet.fitness import why_not
from models.fleet.own_pauses import paused_for
from models.tables import Account, Phone, Task
from models.tasks.states import State
from models.values.enums import PhoneState


@dataclass(frozen=True, slots=True)
class OnlinePhone:
    """A phone that is online. `unfit` and `resting` say why it, or the account on it, takes no work."""

    serial: str
    incarnation: str | None
    sandbox: bool
    account_id: str | None
    unfit: str | None
    resting: str | None
    busy: bool
    paused_for: frozenset[str] = frozenset()  # customers that keep their own tasks off it

    @property
    def works(self) -> bool:
        """True when the phone may take work from the pool."""
        return self.unfit is None and self.resting is None


_WANTED = (Phone, Account.resting_since, Account.resting_why)
_RUNS = Task.state == State.RUNNING
# of all phones: what runs is read once
_RUNNING = select(Task.incarnation).where(_RUNS, Task.incarnation.is_not(None)).distinct().subquery()
_BUSY = _RUNNING.c.incarnation.is_not(None).label("busy")
_THERE = Phone.state == PhoneState.ONLINE
_ITS_ACCOUNT, _ITS_TASK = Account.id == Phone.account_id, _RUNNING.c.incarnation == Phone.incarnation
_ALL = (
    select(*_WANTED, _BUSY)
    .outerjoin(Account, _ITS_ACCOUNT)
    .outerjoin(_RUNNING, _ITS_TASK)
    .where(_THERE)
    .order_by(Phone.serial)
)
_CLOCK = select(DATABASE_MOMENT.label("moment")).subquery("clock")
_ALL_AND_NOW = (
    select(_CLOCK.c.moment, *_WANTED, _BUSY)
    .select_from(_CLOCK)
    .outerjoin(Phone, _THERE)
    .outerjoin(Account, _ITS_ACCOUNT)
    .outerjoin(_RUNNING, _ITS_TASK)
    .order_by(Phone.serial)
)
# of a few phones: each is looked up
_FEW = (
    select(*_WANTED, select(Task.id).where(_RUNS, Task.incarnation == Phone.incarnation).exists().label("busy"))
    .outerjoin(Account, _ITS_ACCOUNT)
    .where(_THERE, Phone.account_id.in_(bindparam("accounts", expanding=True)))
    .order_by(Phone.serial)
)


def online_phones(session: Session, now: datetime, on: Set[str] | None = None) -> Sequence[OnlinePhone]:
    """Returns every phone that is online, by serial; only those with the accounts `on`, if it is given."""
    rows = session.execute(_ALL) if on is None else session.execute(_FEW, {"accounts": sorted(on)})
    return [_online(*row, now=now) for row in rows]


def phones_and_now(session: Session) -> tuple[datetime, Sequence[OnlinePhone]]:
    """Returns the database's time and every phone that is online, by serial, with one question for both."""
    if session.get_bind().dialect.name == "sqlite":
        now = database_now(session)
        return now, online_phones(session, now)
    rows = session.execute(_ALL_AND_NOW).all()
    now = rows[0][0].replace(tzinfo=UTC)
    return now, [_online(*row, now=now) for _, *row in rows if row[0] is not None]


def _online(
    phone: Phone, resting_since: datetime | None, resting_why: str | None, busy: bool, *, now: datetime
) -> OnlinePhone:
    unfit = why_not(phone, now)
    return OnlinePhone(
        serial=phone.serial,
        incarnation=phone.incarnation,
        sandbox=phone.sandbox,
        account_id=phone.account_id,
        unfit=None if unfit is None else unfit.why,
        resting=None if resting_since is None else resting_why or "a person must look at it",
        busy=bool(busy),
        paused_for=paused_for(phone),
    )


def phones_at_work(session: Session) -> list[tuple[str, bool]]:
    """Returns the serial of each online phone that works and has an account, and whether it is for the sandbox."""
    found = online_phones(session, database_now(session))
    return [(one.serial, one.sandbox) for one in found if one.works and one.account_id is not None]
