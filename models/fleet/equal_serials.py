"""Several phones with one serial, in the ledger: people are told how each is reached.

Of phones on one host none works. Of phones on several hosts the one goes on that was there first, and the others wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.enums import PhoneState
from models.fleet.fitness import TELL_APART, TELL_HOSTS_APART
from models.fleet.phones import MOST_NAME, SILENT_SECONDS, enter_state, is_served, owe_tickets_again
from models.fleet.unknown_phones import unknown_phone
from models.fleet.waiting_phones import rival_name
from models.notify.alerts import end_alerts, raise_alert
from models.tables import Phone
from models.transactions.read_write import write


def equal_serials(
    engine: Engine, serial: str, model: str, host: str, phones: Sequence[str], *, sandbox: bool = False
) -> None:
    """Phones of this host share a serial; `phones` says how each is reached. One alert, until they are told apart."""
    why = f"{len(phones)} phones of host {host} have the serial {serial}: {' and '.join(phones)}"

    def work(session: Session) -> None:
        now = database_now(session)
        raise_alert(
            session, "equal_serials", f"phone:{serial}", f"{why}; none of them takes work", TELL_APART, now, once=True
        )
        phone = session.get(Phone, serial, with_for_update=True)
        if phone is None:
            phone = unknown_phone(serial, host, now, sandbox=sandbox)
            phone.model = storable_text(model, MOST_NAME)
            session.add(phone)
        elif phone.host != host and is_served(session, phone, now):
            return
        phone.address, phone.host = storable_text(", ".join(phones), MOST_NAME), host
        enter_state(session, phone, PhoneState.EQUAL_SERIALS, storable_text(why), now)
        phone.incarnation, phone.seen_at = None, now
        owe_tickets_again(session, serial)

    write(engine, work)


def waits_for_other_host(
    engine: Engine, serial: str, address: str, model: str, host: str, *, sandbox: bool = False
) -> None:
    """A phone of this host waits while another host goes on with one of its serial: one alert names both hosts.

    A host that is gone, and whose phone's task has its lease still, is no reason for an alert: the wait has an end.
    """

    def work(session: Session) -> None:
        now = database_now(session)
        served = session.get(Phone, serial)
        if served is None or served.host == host or served.state != PhoneState.ONLINE:
            return
        if served.seen_at < now - timedelta(seconds=SILENT_SECONDS):
            return
        why = (
            f"hosts {served.host} and {host} each have a phone with the serial {serial}: "
            f"{served.address} ({served.model}) on host {served.host}, which works, "
            f"and {address} ({model}) on host {host}, which waits"
        )
        name, remedy = rival_name(serial, host), TELL_HOSTS_APART.format(address=address)
        end_alerts(session, "equal_serials", f"phone:{serial}", now)  # of several on this host, until one was left
        raise_alert(session, "equal_serials", f"phone:{name}", why, remedy, now, once=True)
        waiting = session.get(Phone, name)
        if waiting is None:
            waiting = unknown_phone(name, host, now, sandbox=sandbox)
            session.add(waiting)
            enter_state(session, waiting, PhoneState.EQUAL_SERIALS, storable_text(why), now)
        waiting.address, waiting.seen_at = storable_text(address, MOST_NAME), now

    write(engine, work)
