"""Logins: which account is logged in on which phone. Workers read it from the app; nobody configures it.

The ledger never has one account on two phones. Two phones may both show an account, because it was moved from one to
the other, or because it is logged in twice. Then the phone that has it in the ledger keeps it until its app was read
again; the other phone waits without an account. The second reading decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, or_, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.fleet.phones import MOST_NAME, owe_tickets_again
from models.notify.alerts import end_alerts, raise_alert
from models.tables import Account, Alert, Attempt, Phone, Task
from models.tasks.states import State
from models.tasks.transitions import owe_tickets
from models.transactions.read_write import write
from models.values.enums import PhoneState

HOLDER_AGAIN = timedelta(seconds=60)  # while an account is on two phones, the holder's app is read this often


def account_seen(engine: Engine, serial: str, account_id: str, name: str) -> bool:
    """Records that this account is logged in on this phone. Returns whether that changed the ledger.

    If another phone that is online and fit holds the account, this one waits without an account. Raises ValueError
    for an empty id.
    """
    name = storable_text(name, MOST_NAME)
    if not account_id.strip():
        raise ValueError("an account has an id, and this one is empty: read it again once the app has loaded")

    def work(session: Session) -> bool:
        now = database_now(session)
        end_alerts(session, "logged_out", f"phone:{serial}", now)
        _name(session, account_id, name, now)
        # by their keys: MySQL and MariaDB read all phones for an OR in this order, and wait for each that is locked
        holders = session.scalars(select(Phone.serial).where(Phone.account_id == account_id)).all()
        involved = select(Phone).where(Phone.serial.in_({serial, *holders})).order_by(Phone.serial).with_for_update()
        phones = {phone.serial: phone for phone in session.scalars(involved)}
        phone = phones.pop(serial, None) or session.get_one(Phone, serial)
        phone.account_read_at = now
        holder = next(
            (one for one in phones.values() if one.state == PhoneState.ONLINE and one.unfit_why is None), None
        )
        if holder is not None:
            return _wait_for(session, phone, holder, account_id, now)
        for one in phones.values():
            one.account_id = None
        return _log_in(session, phone, account_id)

    return write(engine, work)


def account_gone(engine: Engine, serial: str, why: str) -> None:
    """Records that no account of the fleet is logged in on this phone any more."""

    def work(session: Session) -> None:
        phone = session.get(Phone, serial, with_for_update=True)
        if phone is not None:
            now = database_now(session)
            phone.account_id, phone.twice_since, phone.why = None, None, storable_text(why)
            phone.account_read_at = now
            tell_logged_out(session, serial, why, now)
            owe_tickets_again(session, serial)

    write(engine, work)


def tell_logged_out(session: Session, serial: str, why: str, now: datetime) -> None:
    """Raises an alert that no account is logged in on a phone: once, until one is."""
    text = f"no account is logged in on phone {serial}, which takes no work: {why}"
    raise_alert(session, "logged_out", f"phone:{serial}", text, "log an account in on the phone", now, once=True)


def account_unread(engine: Engine, serial: str, why: str) -> None:
    """Records that the account could not be read: the known one stays, and the app is read again.

    This is safe, because a flow that acts reads the account itself first.
    """

    def work(session: Session) -> None:
        phone = session.get(Phone, serial, with_for_update=True)
        if phone is None:
            return
        if phone.account_id is None and phone.twice_since is None:
            phone.why = storable_text(why)
        if phone.account_id is not None and phone.account_read_at is not None:
            phone.account_read_at = database_now(session)  # read again in the next round of idle phones

    write(engine, work)


def known_account(phone: Phone) -> str | None:
    """Returns the account on a phone; None while a look at its app is to be written down with care.

    It is while the account is unknown or on another phone too, and once somebody asked to look again.
    """
    return None if phone.twice_since is not None or phone.account_read_at is None else phone.account_id


def to_be_asked(idle_since: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Selects unpaused online phones whose account is unknown, must be read again, or was read before `idle_since`.

    The last applies to idle phones only: on them no task would notice that somebody logged the account out.
    """
    # The latest attempt, by its place in the index: asked whether there is one since then, MariaDB reads all of them.
    mine = select(Attempt.started_at).where(Attempt.phone_serial == Phone.serial)
    latest = mine.order_by(Attempt.started_at.desc()).limit(1).scalar_subquery()
    running = select(Task.phone_serial).where(Task.state == State.RUNNING, Task.phone_serial.is_not(None))
    unread = or_(
        Phone.account_id.is_(None),
        Phone.account_read_at.is_(None),
        and_(
            Phone.account_read_at < idle_since,
            or_(latest.is_(None), latest < idle_since),
            Phone.serial.not_in(running),
        ),
    )
    return and_(Phone.state == PhoneState.ONLINE, ~Phone.paused, unread)


def _name(session: Session, account_id: str, name: str, now: datetime) -> None:
    """Registers or renames the account. Locks it: whoever sees it on another phone comes one after the other."""
    account = session.get(Account, account_id, with_for_update=True)
    if account is None:
        session.add(Account(id=account_id, name=name, live=True, created_at=now))
    elif name:
        account.name = name


def _log_in(session: Session, phone: Phone, account_id: str) -> bool:
    moved = phone.account_id != account_id
    if moved or phone.twice_since is not None:
        phone.account_id, phone.twice_since, phone.why = account_id, None, None
    if moved:
        owe_tickets_again(session, phone.serial)
        owe_tickets(session, Task.pinned_account == account_id)
    return moved


def _wait_for(session: Session, phone: Phone, holder: Phone, account_id: str, now: datetime) -> bool:
    """Makes a phone wait, because another one holds its account; has the holder's app read again, repeatedly."""
    changed = phone.twice_since is None
    if changed:
        owe_tickets_again(session, phone.serial)
        phone.account_id, phone.twice_since = None, now
        phone.why = f"account {account_id} is on phone {holder.serial} too, which is asked to look again"
        holder.account_read_at = None
    elif holder.account_read_at is not None and holder.account_read_at > _since(phone):
        phone.why = f"account {account_id} is logged in on phone {holder.serial} too"
        _alert_twice(session, phone, holder, account_id, now)
        if now - holder.account_read_at > HOLDER_AGAIN:
            holder.account_read_at = None
    return changed


def _since(phone: Phone) -> datetime:
    assert phone.twice_since is not None
    return phone.twice_since


def _alert_twice(session: Session, phone: Phone, holder: Phone, account_id: str, now: datetime) -> None:
    """Raises one alert for as long as the phone waits."""
    subject = f"account:{account_id}"
    told = select(Alert.id).where(Alert.kind == "account_twice", Alert.subject == subject, Alert.at >= _since(phone))
    if session.scalars(told.limit(1)).first() is None:
        text = f"account {account_id} is logged in on {holder.serial} and on {phone.serial}: only {holder.serial} works"
        raise_alert(session, "account_twice", subject, text, "log it out on one of the two phones", now)
