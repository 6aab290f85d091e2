"""A customer lists and counts what ended of its own tasks, and of nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from gateway.client.client import Problem
from models.history.records.fill import fill_records
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.ended import ENDED_AT, START, add, add_campaign, attempt_row, failed, task_row

VIDEO = {"author_id": "xiaopeng", "title": "发布会"}


def ended(engine: Engine, key_id: str | None, campaign_id: str, number: int) -> None:
    """A campaign of a key with so many tasks, of which the last failed."""
    add_campaign(engine, campaign_id, key_id=key_id)
    tasks = [
        task_row(f"{campaign_id}-{n}", campaign_id, "collect_comments", VIDEO, key_id=key_id, **more)
        for n in range(number)
        for more in [failed("video_not_found", "not there") if n == number - 1 else {}]
    ]
    attempts = [
        attempt_row(
            task["id"],
            ended_at=ENDED_AT + timedelta(seconds=number),
            outcome=task["state"],
            failure_code=task["failure_code"],
            step=task["step"],
        )
        for number, task in enumerate(tasks)
    ]
    add(engine, tasks, attempts)
    while fill_records(engine):
        pass


@pytest.fixture
def other(api: Api) -> Caller:
    """Another customer, and the operator, with records of their own."""
    someone = api.caller("other")
    ended(api.engine, someone.key_id, "theirs", 3)
    ended(api.engine, None, "operators", 3)
    return someone


def test_a_customer_reads_its_own_records_page_by_page(api: Api, acme: Caller, other: Caller) -> None:
    ended(api.engine, acme.key_id, "mine", 5)
    found = list(acme.client.listed("records", limit=2))
    assert [one["task_id"] for one in found] == [f"mine-{number}" for number in reversed(range(5))]
    assert {
        "kind": "attempt", "flow": "collect_comments", "outcome": "failed", "code": "video_not_found", "step": "video",
        "account": "acc0001", "phone": "SIM0001", "author": "xiaopeng", "title": "发布会", "seconds": 184.0,
        "evidence": False, "attempt": 1, "campaign_id": "mine",
    }.items() <= found[0].items()  # fmt: skip
    assert [one["campaign_id"] for one in other.client.listed("records")] == ["theirs"] * 3


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({}, 5), ({"outcome": "failed"}, 1), ({"account": "acc0001"}, 5), ({"account": "nobody"}, 0),
        ({"campaign": "mine"}, 5), ({"campaign": "theirs"}, 0), ({"task": "mine-3"}, 1), ({"task": "theirs-0"}, 0),
        ({"step": "video", "author": "xiaopeng"}, 1), ({"since": ENDED_AT.isoformat()}, 5),
        ({"until": START.isoformat()}, 0), ({"kind": "action"}, 0),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("other")
def test_each_filter_lists_and_counts_the_same(api: Api, acme: Caller, filters: dict[str, str], number: int) -> None:
    ended(api.engine, acme.key_id, "mine", 5)
    assert len(list(acme.client.listed("records", **filters))) == number
    query = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in filters.items())
    assert acme.client.call("GET", "/v1/records/total" + (query and f"?{query}")) == {"number": number, "exact": True}


def test_what_is_no_filter_is_refused(acme: Caller) -> None:
    for query in ("acount=a", "outcome=good", "since=yesterday", "cursor=abc", "limit=0"):
        with pytest.raises(Problem):
            acme.client.call("GET", f"/v1/records?{query}")
