"""The six questions of a Monday morning: each has one command and one page, which agree about a known ledger."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import insert, select, update

from gateway.console.people.users import add_user
from models.database.clock import database_now
from models.history.records.fill import fill_records
from models.tables import ActionRow, Attempt, Campaign, Task
from models.transactions.read_write import read, write
from models.values.enums import Role
from tests.scripts.conftest import Run
from tests.support.console.monday import PASSWORD, PEOPLE
from tests.support.console.served import Asker, served
from tests.support.installation import Installation
from tests.support.ledger.ended import (
    START,
    VIDEO,
    action_row,
    add,
    add_campaign,
    attempt_row,
    failed,
    standard,
    task_row,
    title,
)
from tests.support.ledger.texts import collect, filled
from workers.settings.moments import whole_days

ENGLISH = {"accept-language": "en"}
COMMENT = {"kind": "comment", "title": "发布会", "target_commenter": "", "target_comment": "", "comment_key": ""}
# what acc0001 did yesterday: (task, kind, outcome)
DONE = Counter(
    {
        ("t-nurture", "attempt", "succeeded"): 1,
        ("t-titles", "attempt", "succeeded"): 1,
        ("t-titles-2", "attempt", "failed"): 1,
        ("t-comments", "attempt", "succeeded"): 1,
        ("t-comments-2", "attempt", "lost"): 1,
        ("t-comments-2", "attempt", "failed"): 1,
        ("t-directed", "attempt", "succeeded"): 1,
        ("t-directed", "comment", "done"): 1,
        ("t-own", "attempt", "succeeded"): 1,
        ("t-desk", "attempt", "succeeded"): 1,
    }
)


@pytest.fixture
def person(here: Installation) -> Iterator[Asker]:
    """A viewer of the console, on a ledger whose campaign ran yesterday at noon, beside what no answer may count."""
    now = read(here.engine, database_now)
    noon = _yesterday(now)[0] + timedelta(hours=12)
    here.know_phones("acc0001", "acc0002")
    standard(here.engine)
    _act(here, action_row(1, "t-directed", **COMMENT))
    for table, times in (
        (Task, ("started_at", "ended_at")),
        (Attempt, ("started_at", "ended_at")),
        (ActionRow, ("declared_at", "ended_at")),
        (Campaign, ("created_at",)),
    ):
        for name in times:
            _moved(here, table, name, noon)
    _beside(here, noon, now)
    collect(here.engine, "xiaopeng", "新款发布会", ["很好看", "价格多少"], noon)
    collect(here.engine, "xiaopeng", "另一个", ["不在这里"], noon)
    collect(here.engine, "chenzhen", "新款发布会", ["别人的"], noon)
    filled(here.engine)
    fill_records(here.engine)
    add_user(here.engine, PEOPLE[Role.VIEWER], Role.VIEWER, PASSWORD, who="test")
    with served(here.engine) as console:
        yield console.as_role(Role.VIEWER)


def _yesterday(now: datetime) -> tuple[datetime, datetime]:
    return whole_days(now, week=False)


def _act(here: Installation, row: dict[str, Any]) -> None:
    write(here.engine, lambda session: session.execute(insert(ActionRow), [row]))


def _beside(here: Installation, noon: datetime, now: datetime) -> None:
    """A month ago: a failure and a comment. Yesterday: another account's short failure. Just now: a comment."""
    long_ago, minute = noon - timedelta(days=30), timedelta(minutes=1)
    add_campaign(here.engine, "c2", "做完了", outcome="succeeded", ended_at=noon)
    other = failed("list_not_loaded", "no list", account_id="acc0002")
    add(
        here.engine,
        [
            task_row("t-old", "c2", "flow_of_old", {}, ended_at=long_ago),
            task_row("t-other", "c1", "collect_comments", VIDEO | {"title": "另一个"}, ended_at=noon, **other),
            task_row("t-whole", "c2", "collect_titles", {"author_id": "xiaopeng", "count": 1}, ended_at=noon,
                     result={"titles": [title("发布会")], "asked": 1, "got": 1}),
        ],
        [
            attempt_row("t-old", started_at=long_ago - timedelta(hours=9), ended_at=long_ago, outcome="failed",
                        failure_code="page_drift", culprit="app", reason="long ago"),
            attempt_row("t-other", started_at=noon - minute, ended_at=noon, outcome="failed", culprit="network",
                        failure_code="list_not_loaded", reason="no list", account_id="acc0002", phone_serial="SIM0002"),
        ],
    )  # fmt: skip
    for number, moment in enumerate((long_ago, now), 2):
        _act(here, action_row(number, "t-directed", **COMMENT | {"declared_at": moment, "ended_at": moment}))
    _act(here, action_row(4, "t-directed", **COMMENT | {"account_id": "acc0002", "ended_at": now}))
    _act(here, action_row(5, "t-directed", ended_at=now))  # a reply


def _moved(here: Installation, table: Any, name: str, noon: Any) -> None:
    """Puts the moments of a column at yesterday's noon, apart as they were."""
    column = getattr(table, name)
    keys = list(table.__mapper__.primary_key)

    def work(session: Any) -> None:
        for *key, moment in session.execute(select(*keys, column).where(column.is_not(None))).all():
            same = [one == value for one, value in zip(keys, key, strict=True)]
            session.execute(update(table).where(*same).values({name: noon + (moment - START)}))

    write(here.engine, work)


def told(run: Run, *words: str) -> list[dict[str, Any]]:
    said = run(*words, "--json")
    assert said.status == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def shown(person: Asker, path: str, **asked: Any) -> list[str]:
    """The tasks that a page of records has, row by row."""
    named = {name: f"{one:%Y-%m-%dT%H:%M}" if isinstance(one, datetime) else one for name, one in asked.items()}
    return re.findall('class="mono" href="/tasks/([^"]+)"', person.get(f"{path}?{urlencode(named)}").text)


def test_which_comments_of_an_authors_video(run: Run, person: Asker) -> None:
    found = told(run, "comments", "--author", "xiaopeng", "--title", "新款发布会")
    assert sorted(one["text"] for one in found) == ["价格多少", "很好看"]
    page = person.get("/texts?author=xiaopeng&title=新款发布会").text
    assert "很好看" in page
    assert "价格多少" in page
    assert "不在这里" not in page
    assert "别人的" not in page


def test_what_did_an_account_do_yesterday(run: Run, here: Installation, person: Asker) -> None:
    found = told(run, "records", "--account", "acc0001", "--yesterday")
    assert Counter((one["task_id"], one["kind"], one["outcome"]) for one in found) == DONE
    begin, end = _yesterday(read(here.engine, database_now))
    assert Counter(shown(person, "/records", account="acc0001", since=begin, until=end)) == Counter(
        task for task, _, _ in DONE.elements()
    )


def test_what_failed_and_why(run: Run, person: Asker) -> None:
    found = told(run, "records", "--outcome", "failed", "--yesterday")
    assert sorted((one["code"], one["reason"]) for one in found) == [
        ("list_not_loaded", "no list"),
        ("titles_shortfall", "1 of 2 titles"),
        ("video_not_found", "'x' is not there"),
    ]
    page = person.get("/failures?hours=168", **ENGLISH).text
    groups = page.split('<span class="big">')[1:]
    assert sorted(one.partition("×")[0] for one in groups) == ["1", "1", "1"]
    reasons = ("no list", "1 of 2 titles", "&#39;x&#39; is not there")
    assert all(any(reason in one for one in groups) for reason in reasons)
    assert "too few titles" in page
    assert "long ago" not in page


def test_is_the_data_complete(run: Run, person: Asker) -> None:
    """One campaign lacks two videos' comments and a title; the other one lacks nothing."""
    lacking = json.loads(run("missing", "c1", "--json").out)
    assert sorted((one["flow"], one["what"], one["missing"], one["why"]) for one in lacking["missing"]) == [
        ("collect_comments", "xiaopeng 发布会 <全程>", 1, {"video_not_found": 1}),
        ("collect_comments", "xiaopeng 另一个", 1, {"list_not_loaded": 1}),
        ("collect_titles", "xiaopeng", 1, {"titles_shortfall": 1}),
    ]
    assert (lacking["under_way"], lacking["by_hand"]) == (1, 0)
    page = person.get("/campaigns/c1", **ENGLISH).text
    assert counts(page) == {"titles": (4, 3, 1)}
    assert "9 of 10 tasks ended" in page
    head, _, problems = page.partition("not succeeded · 3</h2>")
    assert head != page
    why = set(re.findall("<li><b>(.*?)</b> <span[^>]*>(.*?)</span>", problems.partition("</ul>")[0]))
    assert why == {
        ("1 × collect comments failed", "list_not_loaded: no list"),
        ("1 × collect comments failed", "video_not_found: &#39;x&#39; is not there"),
        ("1 × collect titles failed", "titles_shortfall: 1 of 2 titles"),
    }
    assert json.loads(run("missing", "c2", "--json").out)["missing"] == []
    whole = person.get("/campaigns/c2", **ENGLISH).text
    assert counts(whole) == {"titles": (1, 1, 0)}
    assert "2 of 2 tasks ended" in whole
    assert "not succeeded" not in whole


def counts(page: str) -> dict[str, tuple[int, ...]]:
    """What a campaign's page says was asked for, got and missing."""
    table = page.partition("<h2>Asked for and got</h2>")[2].partition("</table>")[0]
    rows = [re.findall("<td[^>]*>(.*?)</td>", row) for row in table.split("<tr>")]
    return {row[0]: tuple(map(int, row[1:])) for row in rows if row}


def test_how_often_did_an_account_comment(run: Run, here: Installation, person: Asker) -> None:
    begin, end = whole_days(read(here.engine, database_now), week=True)
    noon = _yesterday(read(here.engine, database_now))[0] + timedelta(hours=12)
    often = 1 + (noon >= begin)  # yesterday's is last week's on a Monday
    comments = ("--account", "acc0001", "--kind", "comment", "--outcome", "done", "--total")
    assert told(run, "records", *comments, "--week") == [{"number": often, "exact": True}]
    assert told(run, "records", *comments, "--yesterday") == [{"number": 1, "exact": True}]
    asked = {"account": "acc0001", "kind": "comment", "outcome": "done"}
    assert len(shown(person, "/records", **asked, since=begin, until=end)) == often
    span = f"since={begin:%Y-%m-%dT%H:%M}&until={end:%Y-%m-%dT%H:%M}"
    page = person.get(f"/records?account=acc0001&kind=comment&outcome=done&{span}").text
    assert f"<small>{often}</small>" in page


def test_which_phone_loses_most_time(run: Run, here: Installation, person: Asker) -> None:
    found = told(run, "records", "--by", "phone", "--yesterday")
    lost: Counter[str] = Counter()
    for one in found:
        if one["outcome"] in ("failed", "lost"):
            lost[one["phone"]] += one["seconds"]
    assert lost.most_common() == [("SIM0001", 540), ("SIM0002", 60)]
    midnight = _yesterday(read(here.engine, database_now))[1]
    page = person.get(f"/overview?hours=24&until={midnight:%Y-%m-%dT%H:%M}", **ENGLISH).text
    table = page.partition("Phones that lost most time")[2].partition("</table>")[0]
    assert re.findall('href="/phones/(.*?)">.*?<td class="number">(.*?)</td>', table) == [
        ("SIM0001", "9.0"),
        ("SIM0002", "1.0"),
    ]


def test_two_periods_are_refused(run: Run) -> None:
    said = run("records", "--yesterday", "--week")
    assert said.status == 2
    assert "more than one period" in said.err
