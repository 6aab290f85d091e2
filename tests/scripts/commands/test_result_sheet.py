"""`phonefleet status TASK` shows the result of a flow as its sheet: the flow's heading, its columns, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from flows.specs.catalogue import SPECS
from flows.specs.collect_comments import CollectCommentsResult, Comment
from flows.specs.collect_titles import CollectTitlesResult, Title
from flows.specs.directed import DirectedResult
from flows.specs.flow_spec import Result
from flows.specs.monitor_account import MonitorAccountResult
from flows.specs.monitor_keyword import MonitorKeywordResult
from flows.specs.monitor_post import MonitorPostResult
from flows.specs.nurture import NurtureResult, Tally
from flows.specs.one_comment import OneCommentResult
from flows.specs.report_comment import ReportCommentResult
from flows.specs.seen_video import SeenVideo
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from scripts.commands.result_sheet import MOST_ROWS
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import owned_author, titles
from workers.planting.submit import submit

VIDEO: Mapping[str, Any] = {"author_id": "xiaopeng", "title": "晨跑"}
TARGET: Mapping[str, Any] = {"target_commenter": "小红", "target_comment": "好看"}
DONE: Mapping[str, Any] = {"done_at": "2026-01-02T12:00:00+08:00", "verified": True}
SEEN = SeenVideo(
    author_id="xiaopeng", author="小鹏", title="新车到店", shown_count=31, time="3小时前", at=DONE["done_at"]
)


def comments(*texts: str) -> CollectCommentsResult:
    """So many comments of a video, each with its text."""
    every = tuple(
        Comment(commenter=f"甲{place}", text=text, likes=None, replies=3, time="刚刚", at=None)
        for place, text in enumerate(texts)
    )
    read = {**VIDEO, "author": "小鹏", "comments": every, "asked": 50, "got": len(every)}
    return CollectCommentsResult.model_validate(read)


BROUGHT: Mapping[str, tuple[Mapping[str, Any], Result, tuple[str, ...]]] = {
    "nurture": (
        {"video_likes": 1, "video_loop": 3},
        NurtureResult(
            asked=Tally(comments=0, video_likes=1, replies=0),
            done=Tally(comments=0, video_likes=1, replies=0),
            videos_seen=17,
            comments_seen=2,
            skipped=4,
        ),
        ("17", "4"),
    ),
    "collect_titles": (
        {"author_id": "xiaopeng", "count": 1},
        CollectTitlesResult(
            titles=(Title(author_id="xiaopeng", author="小鹏", title="晨跑", shown_count=204, real_count=None),)
        ),
        ("小鹏", "晨跑", "204"),
    ),
    "collect_comments": (
        VIDEO,
        comments("很好", "[bold]不错[/bold]"),
        ("甲0", "很好", "甲1", "[bold]不错[/bold]", "3"),
    ),
    "directed": (
        {**VIDEO, "kind": "comment", "text": "加油"},
        DirectedResult(
            **VIDEO,
            kind="comment",
            target_commenter="",
            target_comment="",
            text="加油",
            done_at="2026-01-02T12:00:00+08:00",
            verified=True,
        ),
        ("评论", "加油", "yes"),
    ),
    "dislike_comment": ({**VIDEO, **TARGET}, OneCommentResult(**VIDEO, **TARGET, **DONE), ("小红", "好看", "yes")),
    "report_comment": (
        {**VIDEO, **TARGET, "reason": "其他"},
        ReportCommentResult(**VIDEO, **TARGET, **DONE, reason="其他"),
        ("小红", "好看", "其他"),
    ),
    "monitor_post": (
        VIDEO,
        MonitorPostResult(
            **VIDEO, author="小鹏", shown_count=204, looked_at=2, ended=True, comments=comments("很好").comments, new=1
        ),
        ("204", "甲0", "很好"),
    ),
    "monitor_account": (
        {"author_id": VIDEO["author_id"]},
        MonitorAccountResult(
            author_id=VIDEO["author_id"], author="小鹏", looked_at=1, ended=True, titles=(SEEN,), new=1
        ),
        ("小鹏", "新车到店", "31", "3小时前"),
    ),
    "monitor_keyword": (
        {"keyword": "新车"},
        MonitorKeywordResult(keyword="新车", looked_at=1, ended=True, titles=(SEEN,), new=1),
        ("新车", "小鹏", "新车到店", "31"),
    ),
}


def ended(here: Installation, flow: str, params: Mapping[str, Any], result: Any) -> str:
    """The id of a task of this flow that succeeded with this result."""
    owned_author(here.engine)
    submitted = submit(titles(), name="one", engine=here.engine).id
    task_id = read(
        here.engine, lambda session: session.scalars(select(Task.id).where(Task.campaign_id == submitted)).one()
    )
    values = {"flow": flow, "args": [], "kwargs": dict(params), "state": State.SUCCEEDED, "result": result}

    def work(session: Any) -> None:
        task = session.get_one(Task, task_id)
        for name, value in values.items():
            setattr(task, name, value)

    write(here.engine, work)
    return task_id


@pytest.mark.parametrize("name", sorted(SPECS))
def test_a_result_is_shown_under_the_flows_own_headings(
    here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "240")  # a narrow terminal breaks headings
    params, result, words = BROUGHT[name]
    said = run("status", ended(here, name, params, result.model_dump(mode="json"))).out
    assert f"{SPECS[name].heading} {name}, " in said
    text = said.replace("\n", " ")
    for word in (*words, *(column.heading for column in SPECS[name].columns)):
        assert word in text


def test_of_a_long_result_the_first_rows_are_shown(here: Installation, run: Run) -> None:
    many = comments(*(f"第{place}句" for place in range(MOST_ROWS + 5)))
    said = run("status", ended(here, "collect_comments", VIDEO, many.model_dump(mode="json"))).out
    assert f"the first {MOST_ROWS} of {MOST_ROWS + 5} rows" in said
    assert f"第{MOST_ROWS - 1}句" in said
    assert f"第{MOST_ROWS}句" not in said


def test_a_result_without_rows_says_so(here: Installation, run: Run) -> None:
    said = run("status", ended(here, "collect_comments", VIDEO, comments().model_dump(mode="json"))).out
    assert "数据采集 collect_comments, 0 rows: none" in said


@pytest.mark.parametrize(
    ("flow", "params", "result"),
    [
        ("collect_comments", VIDEO, {"comments": [{"text": "好"}]}),
        ("collect_comments", VIDEO, ["no", "mapping"]),
        ("collect_comments", {"author_id": "xiaopeng"}, comments("好").model_dump(mode="json")),
        ("directed", VIDEO, {}),
        ("flow_of_old", {}, {"comments": []}),
    ],
)
def test_a_result_of_another_version_has_no_sheet(
    here: Installation, run: Run, flow: str, params: Mapping[str, Any], result: Any
) -> None:
    said = run("status", ended(here, flow, params, result))
    assert (said.status, said.err) == (0, "")
    assert "row" not in said.out


def test_what_an_app_showed_does_not_steer_the_terminal(here: Installation, run: Run) -> None:
    said = run(
        "status", ended(here, "collect_comments", VIDEO, comments("\x1b[2J好\u202e").model_dump(mode="json"))
    ).out
    assert "collect_comments, 1 row" in said
    assert "\x1b[2J" not in said
    assert "\u202e" not in said
