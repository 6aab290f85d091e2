"""A new version takes over from an earlier one in the middle of a campaign: no task is lost, no phone has two workers.

The order is that of docs/operations.md. The old processes run the code that they had (tests/support/earlier).
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from celery import group
from sqlalchemy import select

from models.migrate import current, newest, upgrade
from models.tables import Attempt, Phone
from models.tasks.states import State
from models.transactions.read_write import read
from scripts.local.embedded import free_port
from scripts.local.processes import COORDINATOR, HOST, Part, python
from tests.support.earlier.fleet import EarlierFleet
from tests.support.fleet import Fleet
from tests.support.work import comments, each_once, said
from workers.planting.handle import Handle
from workers.planting.submit import submit

PHONES = 4
COUNT = 48  # comments: the old version plants the first half
HALF = COUNT // 2
EARLIER = "0034"  # the version of the old tables
ENDS = 60.0


def ended(fleet: Fleet, process: subprocess.Popen[bytes]) -> int:
    """Ask a process of the old version to end; its exit code."""
    fleet.processes.forget(process)
    process.terminate()
    return process.wait(ENDS)


def served_by(fleet: Fleet) -> dict[str, str]:
    """The host of each phone that is online."""
    wanted = select(Phone.serial, Phone.host).where(Phone.state == "online")
    return dict(read(fleet.engine, lambda session: session.execute(wanted).all()))


def all_at(fleet: Fleet, host: str) -> bool:
    return list(served_by(fleet).values()) == [host] * PHONES


def done(fleet: Fleet, count: int) -> bool:
    return fleet.states("directed").get(State.SUCCEEDED, 0) >= count


def overlaps(attempts: list[Attempt]) -> list[tuple[str, int]]:
    """The attempts that began on a phone while another one there had not ended."""
    on_phone: dict[str | None, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        on_phone[attempt.phone_serial].append(attempt)
    return [
        (later.task_id, later.number)
        for some in on_phone.values()
        for earlier, later in pairwise(some)
        if earlier.ended_at is None or later.started_at < earlier.ended_at
    ]


@pytest.mark.fleet
def test_upgrade_in_the_middle_of_a_campaign(tmp_path: Path, mariadb_database: str, empty_redis_url: str) -> None:
    with EarlierFleet(tmp_path, mariadb_database, empty_redis_url, PHONES, PHONEFLEET_LEASE="30") as fleet:
        tasks = comments(fleet, COUNT).tasks
        earlier = Handle(fleet.plant(group(*tasks[:HALF]), "earlier"), fleet.engine)
        fleet.wait(lambda: done(fleet, 4), 60, "the campaign to be under way")
        held_up = _tables(fleet)
        _coordinators(fleet)
        later = submit(group(*tasks[HALF:]), name="later", seed=1, engine=fleet.engine)
        fleet.wait(lambda: done(fleet, HALF + 4), 120, "the old host to do work that the new version planted")
        newer = _hosts_beside_each_other(fleet)
        before = fleet.states("directed").get(State.SUCCEEDED, 0)
        fleet.wait(lambda: done(fleet, min(COUNT, before + 4)), 60, "the new host to work")
        _host_in_place_of(fleet, *newer)

        assert earlier.wait(120) == "succeeded"
        assert later.wait(120) == "succeeded"
        assert said(fleet) == each_once(COUNT)
        assert fleet.differences() == []
        attempts = fleet.attempts()
        odd = [one for one in attempts if one.outcome not in ("succeeded", "handed_back")]
        assert [(one.failure_code, one.reason) for one in odd if one.id not in held_up] == []
        assert {one.failure_code for one in odd} <= {"ledger_away"}
        assert overlaps(attempts) == []


def _tables(fleet: EarlierFleet) -> set[int]:
    """They change under the old processes, which go on with them. Returns the attempts that this can have held up.

    A table that is being changed may keep a worker waiting longer than it waits for the ledger; it tries again then.
    """
    assert current(fleet.engine) == EARLIER
    upgrade(fleet.engine)
    assert current(fleet.engine) == newest()
    held_up = {attempt.id for attempt in fleet.attempts()}
    before = fleet.states("directed").get(State.SUCCEEDED, 0)
    fleet.wait(lambda: done(fleet, min(HALF, before + 4)), 60, "the old version to work with the new tables")
    return held_up


def _coordinators(fleet: Fleet) -> None:
    """The new one is there before the old one leaves."""
    fleet.processes.start(Part("coordinator-2", COORDINATOR.command))
    assert ended(fleet, fleet.coordinator) == 0


def _hosts_beside_each_other(fleet: Fleet) -> tuple[Part, subprocess.Popen[bytes]]:
    """The new one, with a name and an adb server of its own, gets each phone when the old one lets go of it."""
    own = {"PHONEFLEET_HOST": "shelf-2", "PHONEFLEET_ADB_PORT": str(free_port())}
    part = Part("host-2", HOST.command, own)
    process = fleet.processes.start(part)

    def waits() -> bool:
        return fleet.processes.log(part).read_text(errors="replace").count("is served by host shelf") >= PHONES

    fleet.wait(waits, 60, "the new host to find every phone in other hands")
    assert all_at(fleet, "shelf")
    assert ended(fleet, fleet.host) == 0
    fleet.wait(lambda: all_at(fleet, "shelf-2"), 60, "the new host to have all phones")
    return part, process


def _host_in_place_of(fleet: Fleet, old: Part, process: subprocess.Popen[bytes]) -> None:
    """The next one takes over the very phones and adb server of a host on the same machine."""
    fleet.processes.forget(process)
    part = Part("host-3", python("-m", "scripts.cli", "host", "--take-over"), old.env)
    fleet.processes.start(part)
    assert process.wait(ENDS) == 0
    fleet.wait(lambda: all_at(fleet, "shelf-2"), 60, "the next host to have all phones")
    assert "taking over from" in fleet.processes.log(part).read_text(errors="replace")
