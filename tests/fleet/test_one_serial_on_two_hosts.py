"""Two real hosts that each have a phone of one serial: people are told of both, until the phones are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from models.notify.alerts import latest_alerts
from models.tables import Alert, Phone
from models.transactions.read_write import read
from scripts.demo.shelf import start_shelf
from scripts.local.embedded import free_port
from scripts.local.processes import HOST, Processes
from tests.support.fleet import Fleet
from tests.support.poll import wait_until

WAIT = 60.0
WAITING = "SIM0001 on host second"


@pytest.mark.fleet
def test_one_alert_names_both_hosts_until_the_phones_are_told_apart(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str
) -> None:
    with Fleet(tmp_path / "first", sqlite_database, empty_redis_url, 1) as fleet:
        other = {"PHONEFLEET_HOST": "second", "PHONEFLEET_ADB_PORT": str(free_port())}
        with Processes(tmp_path / "second", {**fleet.env, **other}) as second:
            address = start_shelf(second, tmp_path, 1, 0, seed=2).addresses[0]
            second.also({"PHONEFLEET_ADB_CONNECT": address})
            second.start(HOST)
            (alert,) = fleet.wait(lambda: told(fleet), WAIT, "an alert")
            assert all(word in alert.text for word in ("SIM0001", "host shelf", "host second", address))
            assert f"PHONEFLEET_PHONE_NAMES={address}=" in alert.remedy
            assert phones(fleet) == {"SIM0001": ("shelf", "online"), WAITING: ("second", "equal serials")}

            second.kill("host")  # nobody says goodbye
            fleet.wait(lambda: WAITING not in phones(fleet), WAIT, "the phone of a host that is gone to go")
            assert [one.over_at is None for one in told(fleet)] == [False]

            host = second.start(HOST)
            fleet.wait(lambda: [one for one in told(fleet) if one.over_at is None], WAIT, "another alert")
            second.forget(host)
            host.terminate()
            assert host.wait(WAIT) == 0
            wait_until(lambda: all(one.over_at for one in told(fleet)), WAIT, "the alert to end")
            second.also({"PHONEFLEET_PHONE_NAMES": f"{address}=left"})
            second.start(HOST)
            fleet.wait(lambda: phones(fleet).get("left") == ("second", "online"), WAIT, "the phone by its name")
            assert phones(fleet).keys() == {"SIM0001", "left"}
        assert len(told(fleet)) == 2


def told(fleet: Fleet) -> Sequence[Alert]:
    """The alerts of equal serials, over or not."""
    found = read(fleet.engine, lambda session: latest_alerts(session, 50))
    return [one for one in found if one.kind == "equal_serials"]


def phones(fleet: Fleet) -> dict[str, tuple[str, str]]:
    """By serial each phone's host and state."""
    rows = read(fleet.engine, lambda session: session.scalars(select(Phone)).all())
    return {one.serial: (one.host, one.state) for one in rows}
