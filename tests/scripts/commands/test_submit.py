"""`phonefleet submit`: whatever is wrong is told with its remedy, and then nothing is planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from models.fleet.logins import account_seen
from models.fleet.phones import phone_online
from models.tables import Task
from scripts.demo.run import STANDARD_DAY
from tests.scripts.conftest import Run
from tests.support.installation import Installation

DAY: dict[str, Any] = yaml.safe_load(STANDARD_DAY.read_text(encoding="utf-8"))
AUTHORS = tuple(DAY["collect"]["authors"])
ACCOUNTS = ("acc0001", "acc0002")


@pytest.fixture
def ready(here: Installation) -> Installation:
    """All that the standard day needs, with two accounts."""
    here.know_authors(*AUTHORS)
    here.know_phones(*ACCOUNTS)
    return here


def _file(here: Installation, day: dict[str, Any]) -> Path:
    path = here.var / "day.yaml"
    path.write_text(yaml.safe_dump(day, allow_unicode=True), encoding="utf-8")
    return path


def _with(part: str, **changed: Any) -> dict[str, Any]:
    return {**DAY, part: {**DAY[part], **changed}}


def _per_account(**changed: Any) -> dict[str, Any]:
    return _with("directed", per_account={**DAY["directed"]["per_account"], **changed})


WRONG = {
    "a field with a typo": (_with("nurture", coments=3), "nurture.coments", "no such field", "correct the name"),
    "a part with a typo": ({**DAY, "colect": {}}, "colect", "no such field", "correct the name"),
    "a number out of range": (
        _with("collect", videos=51),
        "collect.videos",
        "at most 50",
        "a whole number from 1 to 50",
    ),
    "a number that is none": (_with("collect", videos="many"), "collect.videos", "no whole number", "for example 2"),
    "a field that is missing": (
        {**DAY, "collect": {"videos": 2, "comments": 5}},
        "collect.authors",
        "is missing",
        "add it",
    ),
    "targets beyond the loop": (_with("nurture", video_loop=3), "nurture", "do not fit", "raise video_loop"),
    "comments without texts": (_with("directed", comment_texts=[]), "comment_texts", "no texts", "operator's own"),
    "an author twice": (_with("collect", authors=["a", "a"]), "authors", "named twice", "once"),
    "nothing to do": ({"campaign": "x"}, "nurture, collect", "neither", "something to do"),
    "an unknown choice": (
        {**DAY, "without_basis": "perhaps"},
        "without_basis",
        "perhaps",
        "write refuse or collect_only",
    ),
    "an unknown author": (
        _with("collect", authors=["nobody"]),
        "collect.authors",
        "'nobody' is unknown",
        "authors add",
    ),
    "an unknown account": ({**DAY, "accounts": ["acc9"]}, "accounts", "'acc9' is unknown", "phonefleet accounts"),
    "more than an account's day": (
        _with("nurture", video_likes=40),
        "caps.actions_per_account_day",
        "61 actions an account are asked for (50 nurture, 11 directed)",
        "ask for less",
    ),
    "more replies than comments": (
        {**_per_account(replies=5), "collect": {"authors": ["xiaopeng"], "videos": 1, "comments": 3}},
        "caps.replies_per_comment",
        "10 are asked for, and 3 collected comments have room for 3",
        "collect more",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_refused_with_its_remedy(case: str, ready: Installation, run: Run) -> None:
    day, field, reason, remedy = WRONG[case]
    said = run("submit", _file(ready, day))
    assert said.status == 2
    assert said.out == ""
    assert said.err.startswith("refused; nothing was changed:\n")
    for part in (field, reason, remedy):
        assert part in said.err
    assert ready.planted() == (0, 0, 0)


def test_every_mistake_is_told_at_once(ready: Installation, run: Run) -> None:
    day = {**_with("collect", videos=51), "without_basis": "perhaps", "acounts": "all"}
    said = run("submit", _file(ready, day))
    assert said.status == 2
    for field in ("collect.videos:", "without_basis:", "acounts:"):
        assert field in said.err


def test_too_many_accounts_for_the_videos(ready: Installation, run: Run) -> None:
    ready.know_phones(*(f"acc{number:04}" for number in range(1, 7)))
    day = {**DAY, "collect": {"authors": ["xiaopeng"], "videos": 1, "comments": 50}}
    said = run("submit", _file(ready, day))
    assert "6 accounts shall act on 1 videos, with room for 5 accounts each: 5" in said.err
    assert ready.planted() == (0, 0, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (": [", "line 1, column 1"),
        ("", "holds no fields"),
        ("- a\n- b\n", "holds no fields"),
        ("a: \udcff", "not UTF-8"),
    ],
)
def test_what_is_no_campaign_file_is_refused(content: str, words: str, ready: Installation, run: Run) -> None:
    path = ready.var / "day.yaml"
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    said = run("submit", path)
    assert said.status == 2
    assert words in said.err
    assert str(path) in said.err
    assert "Traceback" not in said.err
    assert ready.planted() == (0, 0, 0)


def test_a_missing_file_is_named(ready: Installation, run: Run) -> None:
    said = run("submit", ready.var / "absent.yaml")
    assert said.status == 2
    assert "absent.yaml" in said.err
    assert "No such file" in said.err


def test_without_accounts_nothing_is_planted(here: Installation, run: Run) -> None:
    here.know_authors(*AUTHORS)
    said = run("submit", STANDARD_DAY)
    assert said.status == 2
    assert "no account is known yet" in said.err
    assert here.planted() == (0, 0, 0)


def test_accounts_of_simulated_phones_are_told_from_none(here: Installation, run: Run) -> None:
    here.know_authors(*AUTHORS)
    phone_online(here.engine, "SIM0001", "127.0.0.1:1", "test", "SimPhone", "incarnation-1", sandbox=True)
    account_seen(here.engine, "SIM0001", "acc0001", "one")
    said = run("submit", STANDARD_DAY)
    assert said.status == 2
    words = " ".join(said.err.split())
    assert "none of a real phone is known; 1 of simulated phones are" in words
    assert "start real phones: a host without PHONEFLEET_SANDBOX=1" in words
    assert here.planted() == (0, 0, 0)


def test_an_author_without_a_basis_is_named_unless_only_collected_from(here: Installation, run: Run) -> None:
    here.know_authors(*AUTHORS[1:])
    here.know_authors(AUTHORS[0], basis=False)
    here.know_phones(*ACCOUNTS)
    said = run("submit", STANDARD_DAY)
    assert said.status == 2
    assert f"author '{AUTHORS[0]}' has no basis to act on" in said.err
    assert AUTHORS[1] not in said.err
    assert "phonefleet authors basis" in said.err
    assert here.planted() == (0, 0, 0)
    said = run("submit", _file(here, {**DAY, "without_basis": "collect_only"}))
    assert said.status == 0, said.err
    assert here.planted()[0] == 1


def test_a_good_file_is_planted_once_and_says_how_to_follow_it(ready: Installation, run: Run) -> None:
    said = run("submit", STANDARD_DAY, "--asked-by", "wang")
    assert said.status == 0, said.err
    tasks = len(ACCOUNTS) + 2 * len(AUTHORS) + 1
    assert f"标准日, {tasks} tasks to begin with" in said.out
    assert "follow it: phonefleet status " in said.out
    assert ready.planted()[:2] == (1, tasks)
    told = run("status", said.out.rsplit(" ", 1)[1].strip())
    assert told.status == 0
    assert "标准日" in told.out
    listed = run("status", "--list")
    assert "wang" in listed.out


def test_a_wait_that_runs_out_says_that_it_goes_on(ready: Installation, run: Run) -> None:
    said = run("submit", STANDARD_DAY, "--wait", "0.1")
    assert said.status == 1
    assert "it goes on: phonefleet status" in said.out


def test_wrong_fields_and_unknown_names_are_told_in_one_round(ready: Installation, run: Run) -> None:
    day = {**_with("collect", videos=0, authors=["xiaopeng", "nobody"]), "accounts": ["acc0001", "acc0099"]}
    said = run("submit", _file(ready, day))
    assert said.status == 2
    for words in ("0 is too small", "author 'nobody' is unknown", "account 'acc0099' is unknown"):
        assert words in said.err
    assert said.err.count(": line ") == 3
    assert ready.planted() == (0, 0, 0)


def test_a_part_runs_where_and_as_long_as_the_file_says(ready: Installation, run: Run) -> None:
    day = {
        **DAY,
        "nurture": {**DAY["nurture"], "queue": "phone.SIM0002", "time_limit": 900},
        "collect": {**DAY["collect"], "queue": "phone.SIM0001", "priority": 1},
        "directed": {**DAY["directed"], "queue": "account.acc0002", "priority": 8},
    }
    said = run("submit", _file(ready, day))
    assert said.status == 0, said.err
    with ready.engine.connect() as connection:
        tasks = connection.execute(select(Task.flow, Task.pinned_phone, Task.priority, Task.hard_limit, Task.kwargs))
        found = {flow: (pinned, priority, hard, kwargs) for flow, pinned, priority, hard, kwargs in tasks}
    assert found["nurture"][0] == "SIM0002"
    assert found["nurture"][2] == 900
    assert found["collect_titles"][:2] == ("SIM0001", 1)
    assert found["each_title"][3]["queue"] == "phone.SIM0001"
    directed = found["draw_directed"][3]
    assert (directed["queue"], directed["priority"]) == ("account.acc0002", 8)
    assert directed["comment"] == DAY["directed"]["per_account"]["comments"], "the work of one account"


@pytest.mark.parametrize("queue", ["phone.NOBODY", "account.nobody", "desk", "phone."])
def test_a_queue_that_nobody_serves_is_told(queue: str, ready: Installation, run: Run) -> None:
    said = run("submit", _file(ready, _with("collect", queue=queue)))
    assert said.status == 2
    assert "collect.queue: line " in said.err
    assert ready.planted() == (0, 0, 0)


def test_too_few_texts_are_told_before_anything_is_planted(ready: Installation, run: Run) -> None:
    day = {**DAY, "collect": {**DAY["collect"], "authors": ["xiaopeng"], "videos": 1}}
    day["directed"] = {**DAY["directed"], "comment_texts": ["好"]}
    said = run("submit", _file(ready, day))
    assert said.status == 2
    assert "directed.comment_texts" in said.err
    assert "no text is posted twice on one video" in said.err
    assert ready.planted() == (0, 0, 0)


def test_set_replaces_variables_of_the_file(ready: Installation, run: Run) -> None:
    file = _file(ready, {**DAY, "variables": {"day": "周一"}, "campaign": "标准日 ${day}"})
    said = run("submit", str(file), "--set", "day=周二")
    assert (said.status, "标准日 周二" in said.out) == (0, True)
    for wrong, told in (("dya=周二", "the file has no variable 'dya'"), ("day", "--set: 'day' names no variable and")):
        said = run("submit", str(file), "--set", wrong)
        assert said.status != 0
        assert told in said.err


def test_a_file_with_a_schedule_is_kept_listed_and_stopped(ready: Installation, run: Run) -> None:
    assert "add a schedule to a campaign file" in run("schedules", "list").out
    path = _file(ready, {**DAY, "schedule": {"cron": "0 8 * * MON-FRI"}})
    assert "leave --wait out" in run("submit", path, "--wait", "5").err
    said = run("submit", path)
    assert (said.status, said.err) == (0, "")
    assert f"{DAY['campaign']} is planted at 0 8 * * MON-FRI, first at " in said.out
    assert ready.planted() == (0, 0, 0)
    assert "is in force" in run("submit", path).err
    for command in (("list",), ("show", DAY["campaign"])):
        assert "at 0 8 * * MON-FRI; next at " in run("schedules", *command).out
    assert "none yet" in run("schedules", "show", DAY["campaign"]).out
    assert run("schedules", "stop", DAY["campaign"]).out == f"schedule {DAY['campaign']} is stopped\n"
    assert "there is no schedule" in run("schedules", "show", DAY["campaign"]).err
