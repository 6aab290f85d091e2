"""Phones that go at one moment are one hub; one that comes back is read anew, and takes no account from another."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from models.notify.alerts import latest_alerts
from models.tables import Phone
from models.transactions.read_write import read
from tests.support.fleet import Fleet

PHONES = 6
TWICE = "SIM0002"
BACK_SECONDS = 60.0  # adb's own pauses between two tries to reach a phone grow to 30 s


@pytest.mark.fleet
def test_a_hub_is_lost_and_comes_back_with_one_account_on_two_phones(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str
) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, PHONES, PHONEFLEET_HEALTH="1") as fleet:
        fleet.wait(lambda: len(_accounts(fleet)) == PHONES, 30, "an account on each phone")
        fleet.fault("unplug", "*")
        fleet.wait(lambda: _alerts(fleet) == [("hub_lost", "host:shelf")], 30, "one alert for all")
        whys = {phone.why or "" for phone in _phones(fleet)}
        assert len(whys) == 1
        assert whys.pop().startswith(f"lost together with {PHONES - 1} others at ")

        fleet.fault("other_account", TWICE, account="acc0001")
        others = [f"SIM000{number}" for number in range(1, PHONES + 1) if f"SIM000{number}" != TWICE]
        for serial in others:
            fleet.heal(serial)
        fleet.wait(lambda: len(_accounts(fleet)) == PHONES - 1, BACK_SECONDS, "the others to be back")
        fleet.heal(TWICE, "unplug")
        told = [("account_twice", "account:acc0001"), ("hub_lost", "host:shelf")]
        fleet.wait(lambda: _alerts(fleet) == told, BACK_SECONDS, "the account on two phones")
        waiting = next(phone for phone in _phones(fleet) if phone.serial == TWICE)
        assert (waiting.state, waiting.account_id) == ("online", None)
        assert waiting.why == "account acc0001 is logged in on phone SIM0001 too"
        fleet.heal(TWICE)
        fleet.wait(lambda: len(_accounts(fleet)) == PHONES, BACK_SECONDS, "each phone with its own account")
        fleet.wait(lambda: not any(phone.why or phone.twice_since for phone in _phones(fleet)), 30, "all to be well")
        assert _alerts(fleet) == told


def _phones(fleet: Fleet) -> list[Phone]:
    return list(read(fleet.engine, lambda session: session.scalars(select(Phone).order_by(Phone.serial)).all()))


def _accounts(fleet: Fleet) -> set[str]:
    """The accounts that are on phones that are online."""
    return {phone.account_id for phone in _phones(fleet) if phone.state == "online" and phone.account_id}


def _alerts(fleet: Fleet) -> list[tuple[str, str]]:
    """Kind and subject of all alerts, newest first."""
    return [(alert.kind, alert.subject) for alert in read(fleet.engine, lambda session: latest_alerts(session, 50))]
