"""A host's report that it and its phones are there: two statements, however many phones it has.

The same two write down that looks found the account again that the ledger has: at rest nearly all of them do, and a
transaction for each would cost the ledger more than everything else that an idle fleet asks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Update, case, literal, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now, moment_read, row_moment
from models.fleet.fitness import why_not
from models.fleet.logins import known_account
from models.fleet.online_phones import online_phones
from models.fleet.pictures import watched_until
from models.tables import Account, Phone
from models.transactions.read_write import write
from models.values.enums import PhoneState

NOTHING_SEEN: Mapping[str, SeenAgain] = {}


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """A look that found the account that the ledger has; when it began, by this machine's monotonic clock."""

    account_id: str
    began: float


@dataclass(frozen=True, slots=True)
class PhoneNow:
    """What the ledger says of a worker's phone. `account`: id and name; None: a look is to tell it with care."""

    paused: bool
    account: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Alive:
    """The ledger's answer. `phones` leaves out those that are locked, and those that are another worker's by now."""

    may_work: Set[str]  # incarnations whose phones may take work from the pool
    phones: Mapping[str, PhoneNow]  # by incarnation
    watched: bool  # somebody watches the shelf


def phones_alive(engine: Engine, incarnations: Sequence[str], seen: Mapping[str, SeenAgain] = NOTHING_SEEN) -> Alive:
    """Records that the host of these workers is alive; its silent phones are online again.

    `seen`, by incarnation, counts where the ledger still has that account there, and nobody asked to look again.
    """
    if not incarnations:
        return Alive(frozenset(), {}, watched=False)

    def work(session: Session) -> Alive:
        mine = (Phone.incarnation.in_(incarnations), Phone.state.in_([PhoneState.SILENT, PhoneState.ONLINE]))
        rests, name = (
            select(column).where(Account.id == Phone.account_id).scalar_subquery()
            for column in (Account.resting_since, Account.name)
        )
        # a row that is locked waits for the next report: one phone's transaction must not silence all of its host
        there = select(Phone, row_moment(), rests, name, watched_until()).where(*mine).with_for_update(skip_locked=True)
        rows = session.execute(there).all()
        may_work = {phone.incarnation for phone, moment, since, *_ in rows if _heard(phone, moment) and since is None}
        locked = set(incarnations) - {phone.incarnation for phone, *_ in rows}
        now = moment_read(rows[0][1]) if rows else None
        if now is not None:
            there_now = [phone for phone, *_ in rows]
            session.execute(_update(there_now, _read_at(there_now, seen, now), now))
        if locked:  # read as they were before the transactions that hold them
            found = online_phones(session, database_now(session))
            may_work |= {one.incarnation for one in found if one.works and one.incarnation in locked}
        return Alive(
            {one for one in may_work if one is not None},
            {phone.incarnation or "": _now(phone, named) for phone, _, _, named, _ in rows},
            watched=any(now is not None and until is not None and until > now for *_, until in rows[:1]),
        )

    return write(engine, work)


def _heard(phone: Phone, moment: datetime | None) -> bool:
    """Notes that a silent phone's host was heard again. Returns whether the phone may work."""
    now = moment_read(moment)
    if phone.state == PhoneState.SILENT:
        phone.state, phone.why, phone.state_since = PhoneState.ONLINE, None, now
    return why_not(phone, now) is None


def _now(phone: Phone, name: str | None) -> PhoneNow:
    account_id = known_account(phone)
    return PhoneNow(phone.paused, None if account_id is None or name is None else (account_id, name))


def _read_at(phones: Sequence[Phone], seen: Mapping[str, SeenAgain], now: datetime) -> dict[str, datetime]:
    """Returns when the account of each of these locked phones was read, of those on which it was seen again.

    A look counts from its beginning, for somebody may have asked for another one since then.
    """
    clock, read_at = time.monotonic(), dict[str, datetime]()
    for phone in phones:
        found = seen.get(phone.incarnation or "")
        if found is None or found.account_id != known_account(phone) or phone.account_read_at is None:
            continue
        began = now - timedelta(seconds=clock - found.began)
        if began > phone.account_read_at:
            read_at[phone.serial] = began
    return read_at


def _update(phones: Sequence[Phone], read_at: Mapping[str, datetime], now: datetime) -> Update:
    changes: dict[str, Any] = {"seen_at": now}
    if read_at:
        moments = {serial: literal(moment, Phone.account_read_at.type) for serial, moment in read_at.items()}
        changes["account_read_at"] = case(moments, value=Phone.serial, else_=Phone.account_read_at)
    those = update(Phone).where(Phone.serial.in_([phone.serial for phone in phones])).values(changes)
    return those.execution_options(synchronize_session=False)
