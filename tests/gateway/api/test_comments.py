"""A customer lists and searches the comments that its own tasks collected, as they saw them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.client.client import Problem
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.ended import add, add_campaign, task_row
from tests.support.ledger.texts import collect, filled
from tests.support.workbooks import HOSTILE

START = datetime(2026, 5, 1, tzinfo=UTC)
VIDEO = {"author_id": "xiaopeng", "title": "发布会"}


def collected(api: Api, caller: Caller, task_id: str, texts: list[str], hours: int = 0) -> None:
    """A task of this customer has collected these comments."""
    add_campaign(api.engine, f"c-{task_id}", key_id=caller.key_id)
    add(api.engine, [task_row(task_id, f"c-{task_id}", "collect_comments", VIDEO, key_id=caller.key_id)], [])
    collect(api.engine, "xiaopeng", "发布会", texts, START + timedelta(hours=hours), task_id=task_id)
    filled(api.engine)


def texts(caller: Caller, **filters: Any) -> list[str]:
    return [one["text"] for one in caller.client.listed("comments", **filters)]


@pytest.fixture
def other(api: Api) -> Caller:
    """Another customer, whose task collected more of the same video."""
    someone = api.caller("other")
    collected(api, someone, "theirs", ["很好看", "只有他们见过的好看"])
    return someone


def test_a_customer_finds_what_its_own_tasks_saw_and_nothing_else(api: Api, acme: Caller, other: Caller) -> None:
    collected(api, acme, "mine", ["很好看", "我们的好看"], hours=1)
    assert sorted(texts(acme, text="好看")) == ["很好看", "我们的好看"]
    assert sorted(texts(other, text="好看")) == ["只有他们见过的好看", "很好看"]
    assert sorted(texts(acme, author="xiaopeng", title="发布会", limit=1)) == ["很好看", "我们的好看"]
    (shared,) = acme.client.listed("comments", text="很好")
    assert (shared["task_id"], shared["seen_at"], shared["author"]) == ("mine", "2026-05-01T01:00:00Z", "xiaopeng")


def test_hostile_texts_arrive_as_they_are(api: Api, acme: Caller) -> None:
    sent = ["".join(one for one in text if one != "\x00" and not "\ud800" <= one <= "\udfff") for text in HOSTILE]
    sent.append("长" * 21_800 + "终点")
    collected(api, acme, "mine", sent)
    assert sorted(texts(acme, limit=5)) == sorted(sent)
    assert texts(acme, text="长终点") == [sent[-1]]


@pytest.mark.parametrize("query", ["text=a", "text=" + "x" * 201, "title=x", "cursor=abc", "txt=x", "limit=0"])
def test_what_is_no_filter_is_refused(acme: Caller, query: str) -> None:
    with pytest.raises(Problem):
        acme.client.call("GET", f"/v1/comments?{query}")
