"""The demo ends well when the ledger is right, and fails when one row of it is false."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.content_key import content_key
from models.database.engine import connect
from models.responsible_use.authors import read_caps
from models.tables import ActionRow, Task
from models.transactions.read_write import read, write
from models.values.refused import Refused
from scripts.demo import run as demo_run
from scripts.demo.folder import check_may_be_emptied
from scripts.demo.run import STANDARD_DAY, conclude, make_room
from tests.scripts.conftest import Run
from workers.campaigns.cap_check import cap_problems
from workers.campaigns.given_campaign import read_campaign_file

PHONES = 2
SECONDS = 150


@dataclass(frozen=True, slots=True)
class Ended:
    """How the demo ended: its exit status, what it said and reported, and the folder that it left."""

    status: int
    output: str
    report: dict[str, Any]
    var: Path


def report_in(var: Path) -> dict[str, Any]:
    file = var / "report.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The command itself, on two phones without delays."""
    var = tmp_path_factory.mktemp("demo") / "demo"
    command = [sys.executable, "-m", "scripts.cli", "demo", "--phones", str(PHONES), "--speed", "0", "--var", str(var)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False
    )
    return Ended(done.returncode, done.stdout, report_in(var), var)


@pytest.mark.fleet
def test_demo_succeeds(demo: Ended) -> None:
    assert demo.status == 0, demo.output
    assert "equal" in demo.output
    report = dict(demo.report)
    assert report.pop("seconds") > 0
    assert report.pop("tasks") == {"succeeded": 2 + 8 + 8 + 8 + 16 + 22 + 2}
    assert report == {
        "phones": 2,
        "accounts_nurtured": 2,
        "titles": 16,
        "comments": 800,
        "actions": {"comment": 16, "reply": 16, "like_video": 20, "like_comment": 10},
        "truth_mismatches": 0,
    }
    check_may_be_emptied(demo.var)  # another demo may follow in the same folder


def test_a_folder_with_more_than_a_demo_makes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "up.lock").touch()
    with pytest.raises(Refused, match=r"up\.lock"):
        check_may_be_emptied(tmp_path)


@pytest.mark.parametrize(("phones", "most"), [(2, 5), (8, 5), (26, 5), (27, 6), (80, 15)])
def test_the_day_fits_the_caps_of_a_demo_of_any_size(ledger: Engine, phones: int, most: int) -> None:
    day = read_campaign_file(STANDARD_DAY)
    make_room(ledger, day, phones)
    caps = read(ledger, read_caps)
    assert (caps.comments_per_video, caps.accounts_per_video, caps.comments_per_account_video) == (most, most, 1)
    assert list(cap_problems(day, [f"a{number}" for number in range(phones)], caps, {})) == []


@pytest.mark.fleet
def test_one_false_row_makes_the_demo_fail(demo: Ended, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    var = shutil.copytree(demo.var, tmp_path / "demo")
    engine = connect(f"sqlite:///{var / 'phonefleet.db'}")
    console = Console(width=200)
    assert conclude(engine, var / "truth.jsonl", var, PHONES, 1.0, console) == 0
    capsys.readouterr()
    plant_false_row(engine)
    assert conclude(engine, var / "truth.jsonl", var, PHONES, 1.0, console) == 1
    output = capsys.readouterr().out
    assert report_in(var)["truth_mismatches"] == 1
    assert "only in the ledger" in output
    assert "这句话没有人说过" in output
    engine.dispose()


@pytest.mark.parametrize("status", [0, 1])
def test_the_command_ends_as_the_demo_does(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    monkeypatch.setattr(demo_run, "run_demo", lambda *_, **__: status)
    assert run("demo", "--var", tmp_path / "demo").status == status


def plant_false_row(engine: Engine) -> None:
    """An action that never happened."""

    def work(session: Session) -> None:
        task = session.scalars(select(Task).where(Task.flow == "nurture").limit(1)).one()
        now = datetime.now(UTC)
        session.add(
            ActionRow(
                task_id=task.id,
                attempt=1,
                incarnation="nobody",
                phone_serial="SIM0001",
                account_id="acc0001",
                kind="comment",
                author_id="xiaopeng",
                title="没有这个视频",
                target_commenter="",
                target_comment="",
                text="这句话没有人说过",
                video_key=content_key("xiaopeng", "没有这个视频"),
                comment_key=None,
                basis="owned",
                asked_by="test",
                day=now.date(),
                declared_at=now,
                outcome="done",
                ended_at=now,
                verified=True,
                reason=None,
            )
        )

    write(engine, work)
