"""A host's report: which accounts that were seen again it writes down, which not, and at what cost."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from models.database.clock import database_now
from models.fleet.logins import account_gone, account_seen, to_be_asked
from models.fleet.phones import phone_online
from models.fleet.phones_alive import Alive, PhoneNow, SeenAgain, phones_alive
from models.fleet.pictures import watch_shelf
from models.tables import Account, Phone
from models.transactions.read_write import read, write
from tests.support.ledger.statements import statements

LONG = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def shelf(ledger: Engine) -> None:
    """Phones p1, p2 and p3 with accounts a, b and c, read long ago."""
    for serial, account in (("p1", "a"), ("p2", "b"), ("p3", "c")):
        phone_online(ledger, serial, serial, "test", "SimPhone", f"i-{serial}")
        account_seen(ledger, serial, account, f"name {account}")
    long_ago = read(ledger, database_now) - LONG
    change(ledger, account_read_at=long_ago)


def change(engine: Engine, serial: str | None = None, **values: Any) -> None:
    which = update(Phone).values(values)
    write(engine, lambda session: session.execute(which if serial is None else which.where(Phone.serial == serial)))


def report(engine: Engine, **seen: str) -> Alive:
    """The host tells that a look, begun just now, saw these accounts again: p1="a"."""
    now = time.monotonic()
    return phones_alive(
        engine,
        ["i-p1", "i-p2", "i-p3"],
        {f"i-{serial}": SeenAgain(account, now) for serial, account in seen.items()},
    )


def idle(engine: Engine) -> set[str]:
    """The phones whose account is to be read again, because that was minutes ago."""
    now = read(engine, database_now)
    which = select(Phone.serial).where(to_be_asked(now - LONG / 2))
    return set(read(engine, lambda session: session.scalars(which).all()))


def read_at(engine: Engine, serial: str) -> datetime | None:
    return read(engine, lambda session: session.get_one(Phone, serial).account_read_at)


def test_an_account_that_was_seen_again_is_not_asked_for_soon(ledger: Engine) -> None:
    assert idle(ledger) == {"p1", "p2", "p3"}
    report(ledger, p1="a", p3="c")
    assert idle(ledger) == {"p2"}


def test_a_look_counts_from_its_beginning(ledger: Engine) -> None:
    before = read(ledger, database_now)
    ago = 120.0
    phones_alive(ledger, ["i-p1"], {"i-p1": SeenAgain("a", time.monotonic() - ago)})
    at = read_at(ledger, "p1")
    assert at is not None
    assert before - timedelta(seconds=ago + 1) <= at <= read(ledger, database_now) - timedelta(seconds=ago)


def test_a_reading_that_is_newer_stays(ledger: Engine) -> None:
    account_seen(ledger, "p1", "a", "name a")
    newer = read_at(ledger, "p1")
    phones_alive(ledger, ["i-p1"], {"i-p1": SeenAgain("a", time.monotonic() - 60)})
    assert read_at(ledger, "p1") == newer


@pytest.mark.parametrize("number", [1, 2, 3])
def test_so_many_looks_cost_the_two_statements_of_a_report_and_no_more(ledger: Engine, number: int) -> None:
    seen = dict(list({"p1": "a", "p2": "b", "p3": "c"}.items())[:number])
    with statements(ledger) as asked:
        report(ledger, **seen)
    assert len([one for one, _ in asked if not one.startswith("BEGIN")]) == 2, asked
    assert len(idle(ledger)) == 3 - number


def test_another_account_than_the_ledgers_is_not_written_down(ledger: Engine) -> None:
    report(ledger, p1="b")
    assert idle(ledger) == {"p1", "p2", "p3"}
    phones = read(ledger, lambda session: session.execute(select(Phone.serial, Phone.account_id)).all())
    assert {tuple(one) for one in phones} == {("p1", "a"), ("p2", "b"), ("p3", "c")}


def test_an_account_that_went_meanwhile_does_not_come_back(ledger: Engine) -> None:
    account_gone(ledger, "p1", "nobody is logged in")
    alive = report(ledger, p1="a")
    assert alive.phones["i-p1"] == PhoneNow(paused=False, account=None)
    assert read(ledger, lambda session: session.get_one(Phone, "p1").account_id) is None


def test_a_holder_that_was_asked_to_look_again_looks_with_care(ledger: Engine) -> None:
    account_seen(ledger, "p2", "a", "name a")  # p2 waits, and p1 is to be read again: its look began before that
    assert read_at(ledger, "p1") is None
    alive = report(ledger, p1="a", p2="a")
    assert read_at(ledger, "p1") is None
    assert alive.phones["i-p1"].account is None
    assert alive.phones["i-p2"].account is None
    assert {"p1", "p2"} <= idle(ledger)


def test_another_workers_phone_is_not_this_ones_to_tell_of(ledger: Engine) -> None:
    change(ledger, "p1", incarnation="another")
    alive = report(ledger, p1="a")
    assert "i-p1" not in alive.phones
    assert "p1" in idle(ledger)


def test_the_answer_tells_of_pauses_accounts_and_whoever_watches(ledger: Engine) -> None:
    change(ledger, "p2", paused=True)
    write(ledger, lambda session: session.execute(update(Account).where(Account.id == "c").values(name="renamed")))
    alive = report(ledger)
    assert alive == Alive(
        {"i-p1", "i-p3"},
        {
            "i-p1": PhoneNow(paused=False, account=("a", "name a")),
            "i-p2": PhoneNow(paused=True, account=("b", "name b")),
            "i-p3": PhoneNow(paused=False, account=("c", "renamed")),
        },
        watched=False,
    )
    watch_shelf(ledger)
    assert report(ledger).watched
    assert not phones_alive(ledger, []).watched


@pytest.mark.parametrize("shared_ledger", ["mariadb"], indirect=True)
def test_a_locked_phone_is_told_of_with_a_later_report(ledger: Engine) -> None:
    with ledger.connect() as connection, connection.begin():
        assert connection.execute(select(Phone.serial).where(Phone.serial == "p1").with_for_update()).all()
        alive = report(ledger, p1="a", p2="b")
    assert alive.phones.keys() == {"i-p2", "i-p3"}
    assert idle(ledger) == {"p1", "p3"}
    report(ledger, p1="a")
    assert idle(ledger) == {"p3"}
