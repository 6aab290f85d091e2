"""A phone whose host is not heard of takes no work; what lay in its queue goes elsewhere."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, update

from models.database.clock import database_now
from models.fleet.phones import mark_silent
from models.fleet.phones_alive import phones_alive
from models.tables import Phone
from models.transactions.read_write import read, write
from tests.support.ledger.drive import like, online_worker, owned_author, plant, ready, take, try_to_take
from workers.attempts.claim import NotMine


def not_heard_of(engine: Engine, serial: str, seconds: float) -> None:
    """Let so much time pass for one phone."""
    write(
        engine,
        lambda session: session.execute(
            update(Phone)
            .where(Phone.serial == serial)
            .values(seen_at=database_now(session) - timedelta(seconds=seconds))
        ),
    )


def state(engine: Engine, serial: str) -> str:
    return read(engine, lambda session: session.get_one(Phone, serial).state)


def test_only_silent_phones_are_left_out_and_come_back(ledger: Engine) -> None:
    owned_author(ledger)
    dead, alive = online_worker(ledger, "p1"), online_worker(ledger, "p2")
    not_heard_of(ledger, "p1", 11)
    assert mark_silent(ledger, 10) == 1
    assert (state(ledger, "p1"), state(ledger, "p2")) == ("silent", "online")

    (one,) = ready(ledger, plant(ledger, like()))
    assert isinstance(try_to_take(ledger, one, dead), NotMine)
    assert take(ledger, one, alive).serial == "p2"

    phones_alive(ledger, [dead.incarnation])
    not_heard_of(ledger, "p2", 11)
    mark_silent(ledger, 10)
    assert (state(ledger, "p1"), state(ledger, "p2")) == ("online", "silent")
    (other,) = ready(ledger, plant(ledger, like()))
    assert take(ledger, other, dead).serial == "p1"


def test_a_host_that_is_heard_of_does_not_bring_back_a_phone_that_is_gone(ledger: Engine) -> None:
    identity = online_worker(ledger, "p1")
    write(ledger, lambda session: session.execute(update(Phone).values(state="offline", incarnation=None)))
    phones_alive(ledger, [identity.incarnation])
    assert state(ledger, "p1") == "offline"
