"""`phonefleet logs`: one task's story from the ledger and from the logs, whatever else stands there."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Attempt, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import owned_author, titles
from workers.planting.submit import submit
from workers.runtime.log_files import for_people, keep_small, log_files


def line(task: str, message: str, seconds: int = 0, **more: object) -> str:
    """One line as a part writes it."""
    told = {
        "level": "INFO",
        "logger": "phonefleet.run",
        "pid": 7,
        "message": message,
        "part": "worker",
        "host": "shelf",
    }
    return json.dumps({**told, "time": f"2026-01-02T03:04:{seconds:02d}.250000+00:00", "task": task, **more})


@pytest.fixture
def task_id(here: Installation) -> str:
    """A task that failed at its first attempt and succeeded at its second."""
    owned_author(here.engine)
    campaign = submit(titles(), name="one", engine=here.engine).id
    found = read(
        here.engine, lambda session: session.scalars(select(Task.id).where(Task.campaign_id == campaign)).one()
    )

    def work(session: Session) -> None:
        task, now = session.get_one(Task, found), database_now(session)
        for number, (outcome, code) in enumerate((("failed", "list_not_loaded"), ("succeeded", None)), 1):
            began = now + timedelta(seconds=number)
            times = {"started_at": began, "ended_at": began + timedelta(milliseconds=500)}
            where = {"phone_serial": f"SIM000{number}", "account_id": f"acc000{number}", "incarnation": f"i{number}"}
            told = {
                "outcome": outcome,
                "failure_code": code,
                "reason": code and "the list stayed empty",
                "step": "read",
            }
            session.add(Attempt(task_id=found, number=number, **times, **where, **told))
        task.state, task.ended_at = State.SUCCEEDED, now + timedelta(seconds=3)

    write(here.engine, work)
    return found


def log_of(here: Installation, name: str, *lines: str) -> Path:
    folder = here.var / "log"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    return path


def test_the_ledger_alone_tells_the_story(here: Installation, run: Run, task_id: str) -> None:
    said = run("logs", task_id[:10]).out
    told = [
        "planted by",
        "attempt 1 begins as acc0001",
        "attempt 1 ends in step read: failed, list_not_loaded",
        "attempt 2 begins as acc0002",
        "attempt 2 ends in step read: succeeded",
        "the task ends: succeeded",
    ]
    places = [said.index(one) for one in told]
    assert places == sorted(places)
    assert "ledger SIM0001" in said
    assert f"journalctl -u 'phonefleet-*' -o cat | phonefleet logs {task_id} --read -" in said


def test_the_ledgers_events_are_told_in_the_terminals_language(
    here: Installation, run: Run, task_id: str, spoken: str
) -> None:
    first = {"en": "attempt 1 begins as acc0001", "zh": "第 1 次尝试开始，账号 acc0001"}[spoken]
    assert first in run("logs", task_id).out
    assert "attempt 1 begins as acc0001" in run("logs", task_id, "--json").out


def test_the_logs_of_all_parts_are_woven_in_by_time(here: Installation, run: Run, task_id: str) -> None:
    log_of(here, "host.log", line(task_id, "second", 2), line("other", "of another task", 2), "no JSON: " + task_id)
    log_of(here, "host.log.1", line(task_id, "first", 1, step="open"))
    log_of(
        here,
        "deliver.log",
        line("none", f"third names {task_id}", 3, phone="SIM0009"),
        '{"time": "x", "task": "' + task_id,
    )
    said = run("logs", task_id).out
    places = [said.index(one) for one in ("(open) first", "second", "third names", "planted by")]
    assert places == sorted(places)
    assert "of another task" not in said
    assert "no JSON" not in said
    assert "11:04:01.250" in said  # the operator's zone
    assert "worker SIM0009" in said


def test_only_what_went_wrong_and_as_json(here: Installation, run: Run, task_id: str) -> None:
    bad = line(task_id, "it broke", level="ERROR", exc_info="Traceback:\nValueError: \x1b[31mred")
    log_of(here, "host.log", line(task_id, "all well"), bad)
    said = run("logs", task_id, "--bad").out
    assert "it broke" in said
    assert "ValueError: ␛[31mred" in said
    assert "list_not_loaded" in said
    assert "all well" not in said
    rows = [json.loads(one) for one in run("logs", task_id, "--json", "--bad").out.splitlines()]
    assert [row["who"] for row in rows] == ["worker shelf", "ledger SIM0001"]
    assert all(row["bad"] for row in rows)


def test_a_log_of_another_machine_is_read_too(here: Installation, run: Run, task_id: str, tmp_path: Path) -> None:
    other = tmp_path / "far.log"
    other.write_text(line(task_id, "from afar", host="attic") + "\n", encoding="utf-8")
    assert "worker attic" in run("logs", task_id, "--read", str(other)).out
    refused = run("logs", task_id, "--read", str(tmp_path / "none.log"))
    assert refused.status != 0
    assert "none.log: No such file" in refused.err
    assert "begins no campaign's id" in run("logs", "nothing-like-it").err


def test_a_line_is_shown_to_people_as_words() -> None:
    assert for_people(line("t", "it runs")) == "2026-01-02 03:04:00+0000 INFO it runs"
    for other in ("plain", "{", '{"time": 3}', '{"time": "2026-01-01T00:00:00", "part": 1}', "[" * 5000):
        assert for_people(other) == other


def test_a_log_that_has_grown_is_moved_and_begun_anew(tmp_path: Path) -> None:
    log, small = tmp_path / "host.log", tmp_path / "flower.log"
    small.write_text("few\n")
    with log.open("ab", buffering=0) as part:
        part.write(b"x" * 200 + b"\n")
        keep_small(tmp_path, most=100)
        part.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert log.with_suffix(".log.1").read_bytes() == b"x" * 200 + b"\n"
    assert small.read_text() == "few\n"
    assert [path.name for path in log_files(tmp_path)] == ["flower.log", "host.log.1", "host.log"]
