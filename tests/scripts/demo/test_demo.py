"""The demo ends well when the ledger is right, and fails when one row of it is false."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.database.content_key import content_key
from models.database.engine import connect
from models.responsible_use.authors import read_caps
from models.tables import ActionRow, Task
from models.transactions.read_write import read, write
from models.values.refused import Refused
from scripts.demo.folder import check_may_be_emptied
from scripts.demo.run import STANDARD_DAY, make_room
from tests.support.poll import wait_until
from workers.campaigns.cap_check import cap_problems
from workers.campaigns.given_campaign import read_campaign_file

SECONDS = 150


def start_demo(var: Path) -> subprocess.Popen[str]:
    """The command itself, on two phones without delays."""
    command = [sys.executable, "-m", "scripts.cli", "demo", "--phones", "2", "--speed", "0", "--var", str(var)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.fleet
def test_demo_succeeds(tmp_path: Path) -> None:
    var = tmp_path / "demo"
    with start_demo(var) as demo:
        output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 0, output
    assert "equal" in output
    report = json.loads((var / "report.json").read_text())
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
    check_may_be_emptied(var)  # another demo may follow in the same folder


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
def test_one_false_row_makes_the_demo_fail(tmp_path: Path) -> None:
    var = tmp_path / "demo"
    with start_demo(var) as demo:
        try:
            engine = connect(f"sqlite:///{var / 'phonefleet.db'}")
            wait_until(lambda: demo.poll() is not None or some_deed(engine, var), SECONDS, "the first action")
            plant_false_row(engine)
        finally:
            output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 1, output
    report = json.loads((var / "report.json").read_text())
    assert report["truth_mismatches"] == 1
    assert "only in the ledger" in output
    assert "这句话没有人说过" in output


def some_deed(engine: Engine, var: Path) -> bool:
    """Is there an action in the demo's ledger yet?"""
    if not (var / "phonefleet.db").exists():
        return False
    try:
        return read(engine, lambda session: session.scalars(select(ActionRow.id).limit(1)).first()) is not None
    except OperationalError:  # its tables are being made
        return False


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
