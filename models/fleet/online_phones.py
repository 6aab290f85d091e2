"""Reads the online phones for the assignment of work: each with its account, and whether it is fit and free."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
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


def online_phones(session: Session, now: datetime, on: Set[str] | None = None) -> Sequence[OnlinePhone]:
    """Returns every phone that is online, by serial; only those with the accounts `on`, if it is given."""
    wanted = (
        select(Phone, Account.resting_since, Account.resting_why)
        .outerjoin(Account, Account.id == Phone.account_id)
        .where(Phone.state == PhoneState.ONLINE)
        .order_by(Phone.serial)
    )
    run = select(Task.incarnation).where(Task.state == State.RUNNING)
    rows = session.execute(wanted if on is None else wanted.where(Phone.account_id.in_(on))).all()
    if on is not None:
        run = run.where(Task.incarnation.in_([phone.incarnation for phone, *_ in rows]))
    running = set(session.scalars(run)) if rows else set()
    found = []
    for phone, resting_since, resting_why in rows:
        unfit = why_not(phone, now)
        found.append(
            OnlinePhone(
                serial=phone.serial,
                incarnation=phone.incarnation,
                sandbox=phone.sandbox,
                account_id=phone.account_id,
                unfit=None if unfit is None else unfit.why,
                resting=None if resting_since is None else resting_why or "a person must look at it",
                busy=phone.incarnation in running,
                paused_for=paused_for(phone),
            )
        )
    return found


def phones_at_work(session: Session) -> list[tuple[str, bool]]:
    """Returns the serial of each online phone that works and has an account, and whether it is for the sandbox."""
    found = online_phones(session, database_now(session))
    return [(one.serial, one.sandbox) for one in found if one.works and one.account_id is not None]
