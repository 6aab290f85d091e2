"""A phone that waits for room in the adb server is listed with the reason and the remedy, and people are told once."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.fitness import SECOND_AGENT, Unfit, why_not
from models.fleet.host_crowded import KIND
from models.notify.alerts import KINDS, lasting_alerts
from models.tables import Phone
from models.transactions.read_write import read
from scripts.local.embedded import free_port
from tests.support.crowd import crowded
from tests.support.host.processes import Host, Sim
from tests.workers.host.roster_moves import kinds, plug
from workers.host import room_report
from workers.host.adb import AdbServer
from workers.host.commands import Forget, Identify, Report
from workers.host.host_ledger import SqlLedger
from workers.host.no_room import no_room
from workers.host.room_report import RoomReport
from workers.host.roster import Roster

WHY = "the adb server of its host takes 256 phones over the network, and no more"


def test_a_phone_that_waits_is_reported_once_and_forgotten_when_its_serial_is_known(roster: Roster) -> None:
    assert no_room(roster, "a:1", WHY) == [Report("a:1", "not connected", WHY)]
    assert no_room(roster, "a:1", WHY) == []
    assert roster.seen({"a:1": "device"}, 1.0) == [Identify("a:1")]
    assert no_room(roster, "a:1", WHY) == []  # it came meanwhile
    assert Forget("a:1") in roster.identified("a:1", "S1", "Model", "boot", 1.0)


def test_a_known_phone_is_reported_by_its_serial(roster: Roster) -> None:
    plug(roster)
    roster.seen({}, 1.0)
    assert no_room(roster, "a:1", WHY) == [Report("S1", "not connected", WHY)]


def test_a_phone_that_is_reached_another_way_does_not_wait(roster: Roster) -> None:
    plug(roster, "a:1")
    roster.seen({**roster.states, "b:2": "device"}, 1.0)
    assert kinds(roster.identified("b:2", "S1", "Model", "boot of S1", 1.0)) == []
    roster.seen({"a:1": "device"}, 2.0)
    assert no_room(roster, "b:2", WHY) == []


def alerts(ledger: Engine) -> list[tuple[str, str, str]]:
    return read(ledger, lambda session: [(one.subject, one.text, one.remedy) for one in lasting_alerts(session, KIND)])


def test_people_are_told_once_while_phones_wait(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, clock = [0], [100.0]
    monkeypatch.setattr(room_report, "monotonic", lambda: clock[0])
    report = RoomReport(SqlLedger("shelf", ledger, ledger), lambda: waiting[0])
    report.look()
    waiting[0] = 3
    report.look()
    clock[0] += room_report.ALERT_SECONDS - 1
    report.look()
    assert alerts(ledger) == []  # it may be over soon
    told = "at least 3 phones of host shelf are not connected, and take no work: its adb server has no room for them"
    for _ in range(2):
        clock[0] += 1
        report.look()
        assert alerts(ledger) == [("host:shelf", told, SECOND_AGENT)]
    waiting[0] = 0
    report.look()
    assert alerts(ledger) == []
    assert KIND in KINDS


def test_an_agent_that_starts_again_ends_what_the_one_before_told(ledger: Engine) -> None:
    SqlLedger("shelf", ledger, ledger).adb_full(2)
    RoomReport(SqlLedger("shelf", ledger, ledger), lambda: 0).look()
    assert alerts(ledger) == []


def test_the_ledger_names_reason_and_remedy(ledger: Engine) -> None:
    SqlLedger("shelf", ledger, ledger).phone_problem("10.0.0.7:5555", "not connected", WHY, 0.0)

    def unfit(session: Session) -> Unfit | None:
        return why_not(session.get_one(Phone, "10.0.0.7:5555"), database_now(session))

    found = read(ledger, unfit)
    assert found is not None
    assert (found.why, found.remedy) == (f"phone 10.0.0.7:5555 is not connected: {WHY}", SECOND_AGENT)


@pytest.mark.fleet
def test_an_agent_at_a_crowded_server_lists_its_phone_and_serves_it_once_there_is_room(host_redis: str) -> None:
    sim, server = Sim(1), AdbServer(free_port(), usb=False)
    (address,) = sim.addresses.values()
    server.ensure()
    try:
        with crowded(server.port) as clients:
            host = Host(host_redis, sim.addresses, PHONEFLEET_ADB_PORT=str(server.port))
            try:
                ((_, listed, state, why),) = host.wait_told("problem")
                assert (listed, state) == (address, "not connected")
                assert "of 1024 files open" in why
                host.wait_told("full", "1")
                clients.close()
                host.wait_told("online", "SIM0001", address)
                assert host.told("forget") == [["forget", address]]
                host.wait_told("room")
                assert host.told("offline") == []
            finally:
                host.close()
    finally:
        server.close()
        sim.close()
