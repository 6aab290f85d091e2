"""A flow package from its wheel: installed, found, run by a fleet, and in every list of results."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.responsible_use.authors import register_author
from models.tables import Attempt, Phone, Record, Task
from models.transactions.read_write import read
from scripts.commands.flow_packages.new import make
from scripts.commands.flow_packages.pack import pack
from tests.support.fleet import Fleet
from tests.support.workbooks import records

FOLDER = Path(__file__).parents[2] / "packages" / "collect_articles"
NAME = "collect_articles"
PLANT = """
import sys
from phonefleet import flows, join_fleet, submit
handle = submit(flows.collect_articles.si(author_id=sys.argv[1], most=3), name="articles")
print(handle.wait(90))
"""


def python(env: dict[str, str], *arguments: str) -> str:
    """Run this Python in the environment in which the package is installed; what it prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.fleet
def test_an_installed_package_runs_and_its_results_are_in_every_list(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str
) -> None:
    wheel, site = pack(FOLDER, tmp_path / "wheels"), tmp_path / "site"
    assert not [*FOLDER.glob("build")]
    install = ("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), str(wheel))
    python({}, *install)
    own = str(of_an_app_that_is_nowhere(tmp_path / "own"))
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 1, PYTHONPATH=str(site), PHONEFLEET_FLOWS=own) as fleet:
        account = articles(fleet)[1]
        register_author(fleet.engine, account["id"], account["name"])
        assert python(fleet.env, "-c", PLANT, account["id"]).strip() == "succeeded"
        true = account["articles"][:3]
        task = read(fleet.engine, lambda session: session.scalars(select(Task).where(Task.flow == NAME)).one())
        result: Any = task.result
        assert [one["title"] for one in result["articles"]] == [one["title"] for one in true]
        assert [one["images"] for one in result["articles"]] == [one["parts"].count("") for one in true]
        assert task.flow_version == "1.0"
        fleet.wait(lambda: recorded(fleet), 30, "the record of the attempt")
        book = tmp_path / "articles.xlsx"
        python(fleet.env, "-m", "scripts.cli", "export", str(book), "--flow", NAME)
        rows = records(book, "公众号采集")
        assert [row["标题"] for row in rows] == [one["title"] for one in true]
        assert {row["公众号ID"] for row in rows} == {account["id"]}
        _a_failed_attempt_becomes_a_test(fleet, tmp_path)
        _an_app_that_is_nowhere_blames_no_phone(fleet)
        told = json.loads(python(fleet.env, "-m", "scripts.cli", "schema", NAME))
        assert set(told["properties"]) == {"author_id", "most"}


def _a_failed_attempt_becomes_a_test(fleet: Fleet, folder: Path) -> None:
    """By its task's id, from the evidence that the fleet stored."""
    register_author(fleet.engine, "gh_nobody", "查无此号")
    assert python(fleet.env, "-c", PLANT, "gh_nobody").strip() == "failed"
    failed = select(Task.id).where(Task.failure_code == "author_not_found")
    task_id = read(fleet.engine, lambda session: session.scalars(failed).one())
    stored = folder / "evidence" / task_id / "1" / "evidence.json"
    fleet.wait(stored.exists, 30, "the evidence in storage")
    mine = Path(shutil.copytree(FOLDER, folder / NAME))
    flow = ("-m", "scripts.cli", "flow")
    outside = {**fleet.env, "PYTHONPATH": ""}  # the folder's package, not the installed one
    python(outside, *flow, "record", str(mine), "nobody", "--evidence", task_id)
    assert "nobody is the same" in python(outside, *flow, "replay", str(mine), "nobody")


def of_an_app_that_is_nowhere(into: Path) -> Path:
    into.mkdir()
    folder = make("reads_nothing", into)
    profile = folder / folder.name / "profile.yaml"
    profile.write_text(profile.read_text("utf-8").replace("package: com.phonefleet.reader", "package: com.nowhere"))
    return folder


def _an_app_that_is_nowhere_blames_no_phone(fleet: Fleet) -> None:
    """The phone lacks the app of one package, and can do all other work."""
    plant = "from phonefleet import flows, join_fleet, submit\nsubmit(flows.reads_nothing.si(), name='nothing')"
    python(fleet.env, "-c", plant)
    code = select(Attempt.failure_code).join(Task, Task.id == Attempt.task_id)
    code = code.where(Task.flow == "reads_nothing", Attempt.ended_at.is_not(None))  # another may have begun since
    fleet.wait(lambda: read(fleet.engine, lambda session: session.scalars(code).first()), 60, "the attempt")
    assert {*read(fleet.engine, lambda session: session.scalars(code).all())} == {"other_app_missing"}
    phone = read(fleet.engine, lambda session: session.scalars(select(Phone)).one())
    assert (phone.state, phone.quarantined_until) == ("online", None)
    assert (phone.health or {}).get("app_installed") is not False


def articles(fleet: Fleet) -> list[dict[str, Any]]:
    """What there is to read."""
    with urllib.request.urlopen(f"{fleet.shelf.control}/articles", timeout=10) as answer:
        return json.load(answer)  # type: ignore[no-any-return]


def recorded(fleet: Fleet) -> bool:
    wanted = select(Record).where(Record.flow == NAME, Record.kind == "attempt")
    return read(fleet.engine, lambda session: session.scalars(wanted).first()) is not None
