"""Several phones with one serial, in the ledger: none of them works, and people are told how each is reached."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.fleet.fitness import EQUAL_SERIALS, TELL_APART
from models.fleet.phones import MOST_NAME, enter_state, is_served, owe_tickets_again
from models.fleet.unknown_phones import unknown_phone
from models.notify.alerts import raise_once
from models.tables import Phone
from models.transactions.read_write import write


def equal_serials(
    engine: Engine, serial: str, model: str, host: str, phones: Sequence[str], *, sandbox: bool = False
) -> None:
    """Phones of this host share a serial; `phones` says how each is reached. One alert, until they are told apart."""
    why = f"{len(phones)} phones of host {host} have the serial {serial}: {' and '.join(phones)}"

    def work(session: Session) -> None:
        now = database_now(session)
        raise_once(session, "equal_serials", f"phone:{serial}", f"{why}; none of them takes work", TELL_APART, now)
        phone = session.get(Phone, serial, with_for_update=True)
        if phone is None:
            phone = unknown_phone(serial, host, now, sandbox=sandbox)
            phone.model = storable_text(model, MOST_NAME)
            session.add(phone)
        elif phone.host != host and is_served(session, phone, now):
            return
        phone.address, phone.host = storable_text(", ".join(phones), MOST_NAME), host
        enter_state(session, phone, EQUAL_SERIALS, storable_text(why), now)
        phone.incarnation, phone.seen_at = None, now
        owe_tickets_again(session, serial)

    write(engine, work)
