"""Versions of one flow package in a fleet: a failing one is taken back, a good one takes over, no task is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.fleet.flow_versions import versions_of
from models.tables import Alert, Attempt, Hold, Task
from models.transactions.read_write import read
from scripts.commands.flow_packages.new import make
from scripts.local.processes import COORDINATOR, HOST
from tests.support.fleet import Fleet

NAME, PHONES = "reads_lists", 3
PLANT = """
import sys
from celery import group
from phonefleet import flows, join_fleet, submit
join_fleet()
print(submit(group(flows.reads_lists.si(most=2) for _ in range(int(sys.argv[1]))), name=sys.argv[2]).id)
"""


def version(folder: Path, number: str, *, broken: bool = False) -> Path:
    """The folder of a version; its names end with its number."""
    into = folder / number
    into.mkdir()
    inner = make(NAME, into) / NAME
    manifest, flow = inner / "manifest.py", inner / "flow.py"
    manifest.write_text(manifest.read_text("utf-8").replace('version = "0.1"', f'version = "{number}"'), "utf-8")
    code = flow.read_text("utf-8")
    code = code.replace("Item(name=name,", f'Item(name=f"{{name}} {number}",')
    if broken:
        code = code.replace("        app.restart()", '        raise ValueError("broken")')
    flow.write_text(code, "utf-8")
    return inner.parent


def started_with(fleet: Fleet, *folders: Path) -> None:
    """Starts coordinator and host again, as after an upgrade; these are the packages that they find."""
    fleet.env["PHONEFLEET_FLOWS"] = ",".join(map(str, folders))
    fleet.processes.also({"PHONEFLEET_FLOWS": fleet.env["PHONEFLEET_FLOWS"]})
    fleet.coordinator, fleet.host = fleet.processes.start(COORDINATOR), fleet.processes.start(HOST)


def ended(fleet: Fleet) -> None:
    """Ends coordinator and host."""
    for process in (fleet.host, fleet.coordinator):
        fleet.processes.forget(process)
        process.terminate()
        process.wait(60)


def python(fleet: Fleet, *arguments: str) -> str:
    command, env = [sys.executable, *arguments], {**os.environ, **fleet.env, "PHONEFLEET_LANG": "en", "COLUMNS": "250"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def planted(fleet: Fleet, count: int) -> str:
    return python(fleet, "-c", PLANT, str(count), "lists").strip()


def tasks(fleet: Fleet, campaign_id: str) -> list[Task]:
    wanted = select(Task).where(Task.campaign_id == campaign_id, Task.flow == NAME).order_by(Task.position)
    return list(read(fleet.engine, lambda session: session.scalars(wanted).all()))


def states(fleet: Fleet) -> dict[str, str]:
    return {one.version: one.state for one in read(fleet.engine, lambda session: versions_of(session, NAME))}


def all_succeeded(fleet: Fleet, campaign_id: str) -> None:
    """Waits for the end of all tasks; each brought what the code of its version brings."""
    fleet.wait(lambda: all(one.ended_at for one in tasks(fleet, campaign_id)), 180, "the end of all tasks")
    for one in tasks(fleet, campaign_id):
        result: Any = one.result
        assert one.state == "succeeded", one.reason
        assert {item["name"].rpartition(" ")[2] for item in result["items"]} == {one.flow_version}


def alerts(fleet: Fleet) -> list[str]:
    wanted = select(Alert.kind).where(Alert.kind.like("flow_version%")).order_by(Alert.id)
    return list(read(fleet.engine, lambda session: session.scalars(wanted).all()))


@pytest.mark.fleet
def test_a_failing_version_is_taken_back_and_a_good_one_takes_over(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str
) -> None:
    old, broken = version(tmp_path, "1.0"), version(tmp_path, "1.1", broken=True)
    good = version(tmp_path, "1.2")
    with Fleet(tmp_path, sqlite_database, empty_redis_url, PHONES, PHONEFLEET_FLOWS=str(old)) as fleet:
        fleet.wait(lambda: states(fleet) == {"1.0": "in_use"}, 60, "the first version in use")
        ended(fleet)
        before = planted(fleet, 4)
        started_with(fleet, old, broken)
        fleet.wait(lambda: states(fleet).get("1.1") == "canary", 120, "the trial of the new version")
        campaign = planted(fleet, 10)
        fleet.wait(lambda: states(fleet).get("1.1") == "withdrawn", 180, "the failing version to be taken back")
        for one in (before, campaign):
            all_succeeded(fleet, one)
            assert {task.flow_version for task in tasks(fleet, one)} == {"1.0"}
        assert alerts(fleet) == ["flow_version_withdrawn"]
        _failed_on_its_phones_alone(fleet)

        ended(fleet)
        started_with(fleet, old, broken, good)
        fleet.wait(lambda: states(fleet).get("1.2") == "canary", 120, "the trial of the next version")
        campaign = planted(fleet, 12)
        fleet.wait(lambda: states(fleet).get("1.2") == "in_use", 180, "the good version to take over")
        all_succeeded(fleet, campaign)
        assert {task.flow_version for task in tasks(fleet, campaign)} == {"1.0", "1.2"}
        assert alerts(fleet) == ["flow_version_withdrawn", "flow_version_in_use"]
        campaign = planted(fleet, 2)
        all_succeeded(fleet, campaign)
        assert {task.flow_version for task in tasks(fleet, campaign)} == {"1.2"}
        told = python(fleet, "-m", "scripts.cli", "flow", "versions")
        assert "flow_error" in told
        assert states(fleet) == {"1.0": "retired", "1.1": "withdrawn", "1.2": "in_use"}


def _failed_on_its_phones_alone(fleet: Fleet) -> None:
    row = next(one for one in read(fleet.engine, lambda s: versions_of(s, NAME)) if one.version == "1.1")
    failed = select(Attempt.phone_serial).where(Attempt.failure_code == "flow_error")
    serials = list(read(fleet.engine, lambda session: session.scalars(failed).all()))
    phones: Any = row.phones
    assert len(phones) == 2
    assert 2 <= len(serials) <= row.given
    assert set(serials) <= set(phones)
    assert read(fleet.engine, lambda session: session.scalars(select(Hold)).all()) == []
