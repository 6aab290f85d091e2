"""The example scripts plant what they say, and refuse in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from models.fleet.phones import phone_online
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read
from models.values.refused import Refused
from scripts.demo.run import STANDARD_DAY
from scripts.examples import nurture_every_account, one_author, standard_day
from scripts.terminal.words import in_words
from tests.support.documents import blocks
from tests.support.installation import Installation
from workers.campaigns.build import submit_day
from workers.campaigns.given_campaign import read_campaign_file
from workers.coordinator.leader import lead
from workers.planting.handle import CampaignFailed
from workers.planting.submit import submit

FOR_CUSTOMERS = {"receiver"}  # tried in tests/gateway
EXAMPLES = sorted(
    path.stem for path in Path(one_author.__file__).parent.glob("*.py") if path.stem not in {"__init__", *FOR_CUSTOMERS}
)


def _tasks(here: Installation) -> list[Task]:
    return read(here.engine, lambda session: list(session.scalars(select(Task).order_by(Task.position))))


def test_every_account_is_nurtured_where_it_is(here: Installation) -> None:
    here.know_phones("acc0001", "acc0002")
    canvas = nurture_every_account.canvas(["acc0001", "acc0002"], video_likes=1, video_loop=5)
    submit(canvas, name="all", engine=here.engine)
    assert [(task.flow, task.pinned_account) for task in _tasks(here)] == [
        ("nurture", "acc0001"),
        ("nurture", "acc0002"),
    ]


def test_one_author_goes_from_titles_to_directed_work_and_settles_between(here: Installation) -> None:
    here.know_authors("xiaopeng")
    submit(one_author.canvas("xiaopeng", videos=2, comments=20, likes=4), name="one", engine=here.engine)
    tasks = _tasks(here)
    assert [task.flow for task in tasks] == ["collect_titles", "each_title", "draw_directed"]
    assert [task.state for task in tasks] == [State.READY, State.WAITING, State.WAITING]
    assert tasks[-1].join == "settled"
    assert tasks[-1].kwargs == {"like_comment": 4}


def test_the_standard_day_can_be_for_some_accounts(here: Installation) -> None:
    day = read_campaign_file(STANDARD_DAY)
    assert day.collect is not None
    here.know_authors(*day.collect.all_authors)
    here.know_phones("acc0001", "acc0002")
    assert standard_day.changed(day, []) is day
    submit_day(standard_day.changed(day, ["acc0002"]), asked_by="test", engine=here.engine)
    assert {task.pinned_account for task in _tasks(here) if task.flow == "nurture"} == {"acc0002"}
    with pytest.raises(Refused, match="'acc0009' is unknown"):
        submit_day(standard_day.changed(day, ["acc0009"]), asked_by="test", engine=here.engine)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_say_how_to_use_them(name: str) -> None:
    module = f"scripts.examples.{name}"
    ended = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "--wait" in ended.stdout


def test_an_example_refuses_in_words(here: Installation) -> None:
    command = [sys.executable, "-m", "scripts.examples.one_author", "nobody"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("refused; nothing was changed:\n")
    assert "author 'nobody' is unknown" in ended.stderr
    assert here.planted() == (0, 0, 0)


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "author 'xiaopeng' is unknown"),
        ({"PHONEFLEET_DATABASE_URL": "sqlite:////dev/null/a.db"}, "PHONEFLEET_DATABASE_URL: "),
        ({"PHONEFLEET_TIMEZONE": "Moon/Crater"}, "PHONEFLEET_TIMEZONE"),
    ],
)
def test_the_first_script_of_the_readme_refuses_in_words(
    here: Installation, document: str, change: dict[str, str], words: str
) -> None:
    text = next(block.text for block in blocks(document) if block.language == "python")
    ended = subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **change},
    )
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert here.planted() == (0, 0, 0)


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md"])
def test_the_first_script_of_the_readme_says_why_nothing_moves_and_ends_in_words_at_ctrl_c(
    here: Installation, document: str
) -> None:
    here.know_authors("xiaopeng")
    assert lead(here.engine, "one", 600)
    phone_online(here.engine, "p1", "p1", "test", "x", "i1", sandbox=True)
    heeds = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whatever this process does
    text = next(block.text for block in blocks(document) if block.language == "python")
    command = [sys.executable, "-u", "-c", heeds + text]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = next((line for line in process.stdout if "nothing moves" in line), "")
            assert "only simulated phones are there" in said
            assert "without PHONEFLEET_SANDBOX" in said
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()  # which does nothing to one that has ended
    assert (process.returncode, "Traceback" in told) == (130, False)
    assert "phonefleet status" in told


def test_a_campaign_that_failed_is_told_in_words_and_is_no_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, in_words():
        raise CampaignFailed("nurture abc failed: no account")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "nurture abc failed: no account\n"
