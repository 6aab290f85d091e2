"""Phones as their hosts report them: online, offline, silent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.fleet.unknown_phones import unknown_phone
from models.fleet.waiting_phones import drop_rival
from models.notify.alerts import end_alerts
from models.tables import Phone, Task
from models.tasks.states import State
from models.tasks.transitions import owe_tickets
from models.transactions.read_write import write
from models.values.enums import PhoneState

MOST_NAME = 191  # characters of a name column
MOST_STATE = 64
SILENT_SECONDS = 4.0  # a host reports more often than every second and a half


class ServedElsewhere(Exception):
    """Another host serves this phone. A second worker would drive it at the same time."""

    def __init__(self, serial: str, host: str) -> None:
        super().__init__(f"phone {serial} is served by host {host} until that host releases it")


def phone_online(
    engine: Engine, serial: str, address: str, host: str, model: str, incarnation: str, *, sandbox: bool = False
) -> None:
    """Records that a host serves this phone with this incarnation. `sandbox`: all phones of the host are simulated.

    Raises ServedElsewhere while another host serves the phone, or while a task runs on it there.
    """
    model = storable_text(model, MOST_NAME)

    def work(session: Session) -> None:
        now = database_now(session)
        phone = session.get(Phone, serial, with_for_update=True)
        if phone is None:
            phone = Phone(serial=serial, first_seen_at=now, account_id=None, app_version=None)
            session.add(phone)
        elif phone.host != host and is_served(session, phone, now):
            raise ServedElsewhere(serial, phone.host)
        elif phone.host != host:
            drop_rival(session, serial, host, now)
        if phone.quarantined_until is not None and phone.sandbox != sandbox:  # that was said of another phone
            phone.quarantined_until, phone.quarantine_why, phone.quarantines = None, None, 0
        phone.address, phone.host, phone.model, phone.sandbox = address, host, model, sandbox
        if phone.state != PhoneState.ONLINE:
            phone.account_read_at = None  # a person may have logged another account in meanwhile
            enter_state(session, phone, PhoneState.ONLINE, None, now)
        phone.incarnation, phone.seen_at = incarnation, now

    write(engine, work)


def is_served(session: Session, phone: Phone, now: datetime) -> bool:
    """Returns whether the host in the phone's row still serves it: it is not silent, or a task runs on the phone."""
    if phone.incarnation is None:
        return False
    if phone.state == PhoneState.ONLINE and phone.seen_at >= now - timedelta(seconds=SILENT_SECONDS):
        return True
    running = (Task.state == State.RUNNING, Task.incarnation == phone.incarnation, Task.lease_until > now)
    return session.scalar(select(Task.id).where(*running).limit(1)) is not None


def phone_offline(engine: Engine, serial: str, why: str, host: str | None = None, *, ago: float = 0.0) -> None:
    """Records that the phone is gone, and rings the tickets in its queue again."""
    phone_problem(engine, serial, PhoneState.OFFLINE, why, host, ago=ago)


def phone_problem(
    engine: Engine,
    serial: str,
    state: str,
    why: str,
    host: str | None = None,
    *,
    ago: float = 0.0,
    sandbox: bool = False,
) -> None:
    """Records that the phone is present but cannot work (unauthorized, offline in adb, …), since `ago` seconds.

    Ignores the report of a `host` on a phone that another host serves by now. Lists an unknown phone under adb's name
    for it in place of the serial.
    """
    serial, state, why = storable_text(serial, MOST_NAME), storable_text(state, MOST_STATE), storable_text(why)

    def work(session: Session) -> None:
        phone, now = session.get(Phone, serial), database_now(session)
        if phone is None and host is not None:
            phone = unknown_phone(serial, host, now, sandbox=sandbox)
            session.add(phone)
        if phone is None:
            return
        if host is not None and phone.host != host:
            drop_rival(session, serial, host, now)
            if phone.state != PhoneState.EQUAL_SERIALS:  # this host may have had several phones of this serial
                end_alerts(session, "equal_serials", f"phone:{serial}", now)
            return
        enter_state(session, phone, state, why, now - timedelta(seconds=ago))
        phone.incarnation, phone.seen_at = None, now
        owe_tickets_again(session, serial)

    write(engine, work)


def enter_state(session: Session, phone: Phone, state: str, why: str | None, since: datetime) -> None:
    """Writes a phone's state, its reason and its beginning; ends the alert of the state before."""
    if phone.state == PhoneState.EQUAL_SERIALS != state:
        end_alerts(session, "equal_serials", f"phone:{phone.serial}", since)
    if phone.state != state:
        phone.state, phone.state_since = state, since
    phone.why = why


def mark_silent(engine: Engine, seconds: float = SILENT_SECONDS) -> int:
    """Marks the phones of hosts that were silent for `seconds`; they take no work. Returns the number marked."""

    def work(session: Session) -> int:
        now = database_now(session)
        late = session.scalars(
            select(Phone.serial).where(
                Phone.state == PhoneState.ONLINE, Phone.seen_at < now - timedelta(seconds=seconds)
            )
        ).all()
        if late:
            session.execute(
                update(Phone)
                .where(Phone.serial.in_(late), Phone.state == PhoneState.ONLINE)
                .values(state=PhoneState.SILENT, why=f"its host was not heard of for {seconds:g} s", state_since=now)
            )
        return len(late)

    return write(engine, work)


def owe_tickets_again(session: Session, serial: str) -> None:
    """Owes new tickets to the ready tasks whose tickets are in this phone's queue."""
    owe_tickets(session, Task.rung_queue == f"phone.{serial}")
