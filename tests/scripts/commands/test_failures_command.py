"""`phonefleet failures` tells the groups that the console's page shows, with the same numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update

from gateway.words.language import VARIABLE
from models.database.clock import database_now
from models.tables import Attempt
from models.transactions.read_write import read, write
from models.values.enums import Role
from scripts.terminal.language import words
from tests.scripts.conftest import Run
from tests.support.console.monday import HOSTILE, monday
from tests.support.console.served import served
from tests.support.installation import Installation
from tests.support.ledger.ended import add as add_rows
from tests.support.ledger.ended import attempt_row, failed, task_row

ENGLISH = {"accept-language": "en"}


def told(run: Run, *words: str) -> list[dict[str, Any]]:
    said = run("failures", *words, "--json")
    assert said.status == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def test_the_command_and_the_page_tell_the_same_groups(here: Installation, run: Run) -> None:
    campaign = monday(here.engine, 12)
    now = read(here.engine, database_now)
    row = failed("page_drift", "long ago", step="feed")
    add_rows(
        here.engine,
        [task_row(f"late-{day}", campaign, "nurture", {}, **row) for day in (2, 30)],
        [
            attempt_row(f"late-{day}", outcome="failed", failure_code="page_drift", step="feed", reason="long ago",
                        started_at=now - timedelta(days=day, minutes=1), ended_at=now - timedelta(days=day))
            for day in (2, 30)
        ],
    )  # fmt: skip
    with served(here.engine) as console:
        person = console.as_role(Role.VIEWER)
        pages = {hours: person.get(f"/failures?hours={hours}", **ENGLISH).text for hours in (24, 168)}
    for hours, page in pages.items():
        found = told(run, "--hours", str(hours), "--last", "50")
        shown = [
            (int(count), f"{int(phones)}", unescape(reason))
            for count, phones, reason in re.findall(
                r'class="big">(\d+)×.*?· (\d+) phones?:.*?<p class="clamp" dir="auto">(.*?)</p>', page, re.DOTALL
            )
        ]
        assert shown == [(one["count"], f"{len(one['phones'])}", one["newest"]["reason"]) for one in found]
        assert len(found) > 1
        links = re.findall('class="button" href="/tasks/(.*?)/attempts/(.*?)"', page)
        assert links == [(one["newest"]["task"], str(one["newest"]["attempt"])) for one in found]
        assert ("long ago" in {one["newest"]["reason"] for one in found}) == (hours == 168)
        assert [sum(one["phones"].values()) for one in found] == [one["count"] for one in found]
        assert all(one["remedy"] and one["first"] <= one["last"] for one in found)


def test_each_group_names_its_newest_evidence_and_what_to_do(here: Installation, run: Run) -> None:
    monday(here.engine, 12)
    groups = told(run)
    stored = [one["newest"] for one in groups if one["newest"]["evidence"]]
    assert stored
    for one in stored:
        assert one["evidence"].startswith("file:///")
        assert one["evidence"].endswith(f"/{one['task']}/{one['attempt']}/")
    said = run("failures")
    assert said.out.startswith("failures (times: Asia/Shanghai)")
    assert all(f"phonefleet logs {one['newest']['task'][:8]}" in said.out for one in groups)
    assert "-> " in said.out
    assert run("failures", "--last", "1").out.count("phonefleet logs ") == 1
    assert "more groups: --last 50" in run("failures", "--last", "1").out


def test_hostile_reasons_are_said_without_their_controls(here: Installation, run: Run) -> None:
    monday(here.engine, 12)
    write(here.engine, lambda session: session.execute(update(Attempt).values(reason="\x1b[31m" + HOSTILE)))
    assert "\x1b[" not in run("failures").out
    assert "\x1b[" not in run("failures", "--json").out
    assert {one["newest"]["reason"] for one in told(run)} == {"\x1b[31m" + HOSTILE}


def test_without_a_failure_it_says_so(here: Installation, run: Run) -> None:
    assert here.planted() == (0, 0, 0)
    said = run("failures")
    assert said.status == 0
    assert said.out.strip() == "failures: none; ask for more time: --hours 168"
    assert told(run) == []


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands speak Chinese."""
    monkeypatch.setenv(VARIABLE, "zh")
    words.cache_clear()
    yield
    monkeypatch.undo()
    words.cache_clear()


@pytest.mark.usefixtures("chinese")
def test_groups_are_told_in_chinese(here: Installation, run: Run) -> None:
    monday(here.engine, 12)
    said = run("failures").out
    assert said.startswith("失败（时区：Asia/Shanghai）")
    assert all(word in said for word in ("台手机：", "最早 ", "最近的一次：", "它的证据："))
