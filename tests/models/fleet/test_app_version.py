"""The app's version on a phone: kept, and told apart from those that the profile was tried with."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.fleet.app_version import note_app_version, untried_app
from models.fleet.health import Reading, note_health
from models.tables import Phone
from models.transactions.read_write import read
from tests.support.ledger.drive import online_worker


def phone(engine: Engine) -> Phone:
    return read(engine, lambda session: session.get_one(Phone, "p1"))


def test_a_version_that_the_profile_does_not_know_is_news_once(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    assert not note_app_version(ledger, "p1", "2.4.1", known=True, tried=("2.4.1",))
    assert (phone(ledger).app_version, untried_app(phone(ledger))) == ("2.4.1", None)
    assert note_app_version(ledger, "p1", "9.9", known=False, tried=("2.4.1",))
    assert not note_app_version(ledger, "p1", "9.9", known=False, tried=("2.4.1",))
    assert (phone(ledger).app_version, untried_app(phone(ledger))) == ("9.9", ("9.9", ["2.4.1"]))
    assert note_app_version(ledger, "p1", "9.10", known=False, tried=("2.4.1",)), "another version is news again"
    assert note_app_version(ledger, "p1", "9.10", known=False, tried=("2.4.1", "9.9")), "so is another profile"


@pytest.mark.parametrize(("version", "tried"), [("2.4.1", ("2.4.1",)), ("9.9", ("2.4.1", "9.9")), ("9.9", ())])
def test_it_is_over_once_the_profile_knows_the_version(ledger: Engine, version: str, tried: tuple[str, ...]) -> None:
    online_worker(ledger, "p1")
    note_app_version(ledger, "p1", "9.9", known=False, tried=("2.4.1",))
    assert not note_app_version(ledger, "p1", version, known=True, tried=tried)
    assert (phone(ledger).app_version, untried_app(phone(ledger))) == (version, None)


def test_a_hosts_reading_leaves_it_in_place(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    note_app_version(ledger, "p1", "9.9", known=False, tried=("2.4.1",))
    note_health(ledger, "test", [Reading("p1", {"percent": 80}, "its battery has 52 °C", "let it cool down")])
    note_health(ledger, "test", [Reading("p1", {"percent": 81}, None, "")])
    assert (phone(ledger).health or {})["percent"] == 81
    assert untried_app(phone(ledger)) == ("9.9", ["2.4.1"])
    note_app_version(ledger, "p1", "2.4.1", known=True)
    assert phone(ledger).health == {"percent": 81}


@pytest.mark.parametrize("version", ["x" * 500, "1\x00\ud800", "1\u202e2", "版本九"])
def test_a_hostile_version_is_stored_and_news_once(ledger: Engine, version: str) -> None:
    online_worker(ledger, "p1")
    assert note_app_version(ledger, "p1", version, known=False, tried=("2.4.1",))
    assert not note_app_version(ledger, "p1", version, known=False, tried=("2.4.1",))
    assert len(phone(ledger).app_version or "") in range(1, 65)


def test_a_phone_that_nobody_knows_is_no_news(ledger: Engine) -> None:
    assert not note_app_version(ledger, "p9", "9.9", known=False, tried=("2.4.1",))
