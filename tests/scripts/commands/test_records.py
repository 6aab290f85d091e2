"""`phonefleet records` lists what ended, and counts it: the questions of a Monday morning."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert

from models.history.records.fill import fill_records
from models.tables import ActionRow
from models.transactions.read_write import write
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.ended import ENDED_AT, START, standard

DAY = ("--since", "2026-05-01", "--until", "2026-05-02")


@pytest.fixture
def ended(here: Installation) -> Installation:
    """The standard campaign has ended, with a reply."""
    standard(here.engine)
    action = {
        "task_id": "t-directed", "attempt": 1, "incarnation": "w", "phone_serial": "SIM0001", "account_id": "acc0001",
        "sandbox": False, "kind": "reply", "author_id": "xiaopeng", "title": "发布会", "target_commenter": "小红",
        "target_comment": "好看", "text": "谢谢", "video_key": "v", "comment_key": "c", "basis": "owned",
        "asked_by": "test", "day": START.date(), "declared_at": START, "outcome": "done", "ended_at": ENDED_AT,
        "verified": True, "reason": None,
    }  # fmt: skip
    write(here.engine, lambda session: session.execute(insert(ActionRow), [action]))
    fill_records(here.engine)
    return here


@pytest.mark.usefixtures("ended")
def test_what_did_an_account_do_that_day(run: Run) -> None:
    said = run("records", "--account", "acc0001", *DAY)
    assert said.status == 0, said.err
    assert "records (times: Asia/Shanghai)" in said.out
    assert said.out.count("acc0001") == 10
    assert "directed: reply" in said.out
    assert run("records", "--account", "acc0001", "--since", "2026-05-02").out.startswith("records: none")


@pytest.mark.usefixtures("ended")
def test_where_the_records_of_a_sandbox_are_is_said_where_none_are_found(run: Run) -> None:
    nobody, where = ("records", "--account", "nobody"), "what ran on simulated phones: --sandbox"
    for arguments in ((), ("--total",), ("--by", "kind", *DAY)):
        assert where in run(*nobody, *arguments).out
        assert where not in run(*nobody, "--sandbox", *arguments).out
    assert run(*nobody, "--sandbox").out == "records in the sandbox: none; other filters may match\n"
    assert where not in run("records", *DAY).out


@pytest.mark.usefixtures("ended")
def test_what_failed_and_why(run: Run) -> None:
    lines = [json.loads(line) for line in run("records", "--outcome", "failed", "--json").out.splitlines()]
    assert {(one["code"], one["step"], one["reason"]) for one in lines} == {
        ("titles_shortfall", "titles", "1 of 2 titles"),
        ("video_not_found", "video", "'x' is not there"),
    }
    said = run("records", "--code", "titles_shortfall", *DAY)
    assert "titles_shortfall" in said.out
    assert "video_not_found" not in said.out


@pytest.mark.usefixtures("ended")
def test_what_became_of_a_task(run: Run) -> None:
    lines = [json.loads(line) for line in run("records", "--task", "t-comments-2", *DAY, "--json").out.splitlines()]
    assert {(one["task_id"], one["outcome"]) for one in lines} == {
        ("t-comments-2", "lost"), ("t-comments-2", "failed"),
    }  # fmt: skip


@pytest.mark.usefixtures("ended")
def test_how_often_did_an_account_reply_this_week(run: Run) -> None:
    asked = ("records", "--account", "acc0001", "--kind", "reply", "--outcome", "done", "--since", "2026-04-27")
    assert run(*asked, "--total").out == "1 records\n"
    assert json.loads(run(*asked, "--total", "--json").out) == {"number": 1, "exact": True}


@pytest.mark.usefixtures("ended")
def test_which_phone_loses_most_time(run: Run) -> None:
    lines = [json.loads(line) for line in run("records", *DAY, "--by", "phone", "--json").out.splitlines()]
    assert {(one["phone"], one["outcome"]): one["number"] for one in lines} == {
        ("SIM0001", "done"): 1, ("SIM0001", "failed"): 2, ("SIM0001", "lost"): 1, ("SIM0001", "succeeded"): 6,
    }  # fmt: skip
    assert next(one["seconds"] for one in lines if one["outcome"] == "failed") == 360
    assert "minutes" in run("records", *DAY, "--by", "phone").out


@pytest.mark.usefixtures("ended")
def test_mistakes_are_refused_with_the_remedy(run: Run) -> None:
    for arguments, field, remedy in (
        (("--task", "c1", *DAY), "--task", "name a task"),
        (("--step", "video"), "step", "at most 7 days apart"),
        (("--since", "yesterday"), "--since", "write it like"),
        (("--since", "2027-02-01", "--until", "2027-01-31"), "--until", "a later time"),
        (("--outcome", "gone"), "--outcome", "succeeded"),
        (("--campaign", "nothing"), "what", "phonefleet status --list"),
        (("--customer", "nobody"), "--customer", "phonefleet keys"),
        (("--by", "weekday"), "--by", "flow, kind"),
        (("--by", "phone"), "since", "31 days"),
    ):
        said = run("records", *arguments)
        assert said.status == 2
        assert f"\n  {field}: " in said.err
        assert remedy in said.err
