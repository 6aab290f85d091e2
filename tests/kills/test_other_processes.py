"""The kill matrix away from the workers: who leads the coordinators, and who submits, struck on a task's path."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from models.tables import Campaign, Task
from models.transactions.read_write import read
from scripts.local.processes import python
from tests.kills.cells import Cell, Place, ended, plant_growing, read_result
from tests.kills.expected import GREW, GREW_AGAIN_LATE_REFUSED
from tests.kills.fleet import KillFleet
from tests.kills.hold import Held
from tests.kills.matrix import check_grown
from tests.kills.moments import Moment
from workers.dispatch.ring import ring
from workers.runtime.linux import bound_to_me

pytestmark = pytest.mark.fleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillFleet]:
    with KillFleet(tmp_path_factory.mktemp("kills"), lease=6, phones=1, coordinators=2) as running:
        yield running


def catch(fleet: KillFleet, moment: Moment, key: str) -> Held:
    """Whoever is held there, once somebody is."""
    held: Held = fleet.wait(lambda: fleet.board.held(moment, key), f"somebody at {moment}")
    return held


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["kill", "freeze"])
def test_the_leader_is_struck_between_marking_and_publishing(fleet: KillFleet, number: signal.Signals) -> None:
    (cell,) = plant_growing(fleet, f"ringing {number.name}", Moment.RINGING)
    _strike_leader(fleet, cell, number)
    if number is signal.SIGSTOP:  # it publishes when it wakes: one ticket too many
        fleet.wait(lambda: fleet.board.tickets(cell.task_id) > 1, "the late ticket")
    check_grown(read_result(fleet, cell), GREW)


@pytest.mark.parametrize("moment", [Moment.RESCUING, Moment.RESCUED], ids=str)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["kill", "freeze"])
def test_the_leader_is_struck_while_it_rescues(fleet: KillFleet, number: signal.Signals, moment: Moment) -> None:
    """The lease of who is held right behind its claim is renewed by nobody."""
    claimed, cell = plant_growing(fleet, f"{moment} {number.name}", Moment.CLAIMED, moment)
    ring(fleet.engine, [cell.task_id])
    _strike_leader(fleet, cell, number)
    worker = catch(fleet, Moment.CLAIMED, claimed.task_id)
    fleet.board.release(Moment.CLAIMED, claimed.task_id)
    fleet.wait(lambda: fleet.board.left(claimed.task_id, worker.pid), "the one that lost its lease to leave")
    check_grown(read_result(fleet, cell), GREW_AGAIN_LATE_REFUSED)


def _strike_leader(fleet: KillFleet, cell: Cell, number: signal.Signals) -> None:
    held = catch(fleet, cell.moment, cell.task_id)
    assert held.pid in [one.pid for one in fleet.coordinators]
    os.kill(held.pid, number)
    try:
        fleet.wait(lambda: ended(fleet, {cell.campaign_id}), "the campaign to end under the other coordinator")
    finally:
        fleet.board.release(cell.moment, cell.task_id)
        if number is signal.SIGSTOP:
            os.kill(held.pid, signal.SIGCONT)


@pytest.mark.parametrize("moment", [Moment.PLANTED, Moment.RINGING], ids=str)
def test_a_submitter_that_dies_after_it_planted_has_submitted(fleet: KillFleet, moment: Moment) -> None:
    name = f"submit {moment}"
    _kill_submitter(fleet, name, moment)
    cell = _planted(fleet, name, moment)
    fleet.wait(lambda: ended(fleet, {cell.campaign_id}), "the campaign to end")
    check_grown(read_result(fleet, cell), GREW)


def test_a_submitter_that_dies_before_it_planted_has_submitted_nothing(fleet: KillFleet) -> None:
    name = "submit planting"
    _kill_submitter(fleet, name, Moment.PLANTING)
    assert not read(fleet.engine, lambda session: session.scalars(select(Campaign).where(Campaign.name == name)).all())
    assert _submitter(fleet, name).wait(60) == 0
    cell = _planted(fleet, name, Moment.PLANTING)
    fleet.wait(lambda: ended(fleet, {cell.campaign_id}), "the campaign to end")
    check_grown(read_result(fleet, cell), GREW)


def _kill_submitter(fleet: KillFleet, name: str, moment: Moment) -> None:
    fleet.board.arm(moment, name)
    process = _submitter(fleet, name)
    assert catch(fleet, moment, name).pid == process.pid
    process.kill()
    assert process.wait(10) == -signal.SIGKILL


def _submitter(fleet: KillFleet, name: str) -> subprocess.Popen[bytes]:
    command = bound_to_me(list(python("-m", "tests.kills.submitter", name)))
    return subprocess.Popen(command, env={**os.environ, **fleet.env})


def _planted(fleet: KillFleet, name: str, moment: Moment) -> Cell:
    """The one campaign of that name, as a cell."""
    grown = (
        select(Task)
        .join(Campaign, Campaign.id == Task.campaign_id)
        .where(Campaign.name == name, Task.flow == "grow_two")
    )
    task = read(fleet.engine, lambda session: session.scalars(grown).one())
    return Cell(moment, Place.DESK, name, task.id, task.campaign_id)
