"""One phone, one host: who may say that it serves a phone, and who may say that the phone is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.phones import SILENT_SECONDS, ServedElsewhere, phone_offline, phone_online, phone_problem
from models.tables import Phone
from models.transactions.read_write import read, write
from tests.support.ledger.drive import change, online_worker, owned_author, past, plant, ready, take, titles


def serves(engine: Engine, host: str) -> None:
    """This host takes the phone p1."""
    phone_online(engine, "p1", "usb", host, "Model", f"of {host}")


def host_of(engine: Engine) -> tuple[str, str]:
    phone = read(engine, lambda session: session.get_one(Phone, "p1"))
    return phone.host, phone.state


def unheard_of(engine: Engine, seconds: float) -> None:
    """The phone's host said the last time so long ago that it is there."""

    def work(session: Session) -> None:
        session.execute(update(Phone).values(seen_at=database_now(session) - timedelta(seconds=seconds)))

    write(engine, work)


def test_a_second_host_waits_until_the_first_lets_go(ledger: Engine) -> None:
    serves(ledger, "old")
    with pytest.raises(ServedElsewhere, match="phone p1 is served by host old"):
        serves(ledger, "new")
    assert host_of(ledger) == ("old", "online")
    phone_offline(ledger, "p1", "its host stopped", "old")
    serves(ledger, "new")
    assert host_of(ledger) == ("new", "online")


def test_a_host_that_starts_again_has_its_phones_at_once(ledger: Engine) -> None:
    serves(ledger, "old")
    serves(ledger, "old")
    assert host_of(ledger) == ("old", "online")


def test_what_an_old_host_says_of_a_phone_that_went_over_is_not_taken_down(ledger: Engine) -> None:
    serves(ledger, "new")
    phone_offline(ledger, "p1", "its host stopped", "old")
    phone_problem(ledger, "p1", "unauthorized", "adb says so", "old")
    assert host_of(ledger) == ("new", "online")


def test_the_phone_of_a_silent_host_is_taken_over(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.fleet.phones.SILENT_SECONDS", 600.0)
    serves(ledger, "old")
    unheard_of(ledger, 540)
    with pytest.raises(ServedElsewhere):
        serves(ledger, "new")
    unheard_of(ledger, 601)
    serves(ledger, "new")
    assert host_of(ledger) == ("new", "online")


def test_the_phone_of_a_silent_host_is_not_taken_while_a_lease_on_it_lasts(ledger: Engine) -> None:
    owned_author(ledger)
    got = take(ledger, ready(ledger, plant(ledger, titles()))[0], online_worker(ledger, "p1"))
    unheard_of(ledger, SILENT_SECONDS + 1)
    with pytest.raises(ServedElsewhere):
        serves(ledger, "new")
    change(ledger, got.fence.task_id, lease_until=past(ledger))
    serves(ledger, "new")
