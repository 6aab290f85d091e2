"""Several phones with the same serial: records them, and alerts people to how each is reached.

If they are on one host, none of them takes work. If they are on several hosts, the first one works and the others wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.fleet.fitness import TELL_APART, TELL_HOSTS_APART
from models.fleet.phones import MOST_NAME, SILENT_SECONDS, enter_state, is_served, owe_tickets_again
from models.fleet.unknown_phones import unknown_phone
from models.fleet.waiting_phones import rival_name
from models.notify.alerts import end_alerts, raise_alert
from models.tables import Phone
from models.transactions.read_write import write
from models.values.enums import PhoneState


def equal_serials(
    engine: Engine, serial: str, model: str, host: str, phones: Sequence[str], *, sandbox: bool = False
) -> None:
    """Records that phones of this host share a serial; `phones` says how each is reached.

    Raises one alert, which lasts until they have different names.
    """
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
    """Records that a phone of this host waits while another host serves a phone with its serial.

    Raises one alert that names both hosts; none if the other host is silent, because then the wait ends with the
    lease of its task.
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
        end_alerts(session, "equal_serials", f"phone:{serial}", now)  # this host has only one of them left
        raise_alert(session, "equal_serials", f"phone:{name}", why, remedy, now, once=True)
        waiting = session.get(Phone, name)
        if waiting is None:
            waiting = unknown_phone(name, host, now, sandbox=sandbox)
            session.add(waiting)
            enter_state(session, waiting, PhoneState.EQUAL_SERIALS, storable_text(why), now)
        waiting.address, waiting.seen_at = storable_text(address, MOST_NAME), now

    write(engine, work)
