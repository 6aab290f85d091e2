"""Each refusal names the field that is wrong, and all that is wrong in one round."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.specs.catalogue import SPECS
from gateway.client.client import Problem
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.drive import AUTHOR, online_worker, owned_author

TITLES = {"author_id": AUTHOR, "count": 2}
TARGET = {"target_commenter": "小红", "target_comment": "好看"}
PARAMS: dict[str, dict[str, Any]] = {
    "collect_titles": TITLES,
    "collect_comments": {"author_id": AUTHOR, "title": "标题"},
    "directed like_comment": {"kind": "like_comment", "author_id": AUTHOR, "title": "标题", **TARGET},
    "directed comment": {"kind": "comment", "author_id": AUTHOR, "title": "标题", "text": "好"},
    "dislike_comment": {"author_id": AUTHOR, "title": "标题", **TARGET},
    "report_comment": {"author_id": AUTHOR, "title": "标题", **TARGET, "reason": "其他"},
    "monitor_post": {"author_id": AUTHOR, "title": "标题"},
    "monitor_account": {"author_id": AUTHOR},
    "monitor_keyword": {"keyword": "刹车"},
    "directed reply": {"kind": "reply", "author_id": AUTHOR, "title": "标题", **TARGET, "text": "好"},
}

ACCOUNT = "acc-p1"


@pytest.fixture
def acme(api: Api) -> Caller:
    """A customer, with an author that it may act on."""
    owned_author(api.engine)
    online_worker(api.engine, "p1")
    return api.caller()


def fields(caller: Caller, path: str, body: Any, method: str = "POST") -> list[str]:
    """The fields that are blamed."""
    with pytest.raises(Problem) as refused:
        caller.client.call(method, path, body)
    assert (refused.value.status, refused.value.code) == (422, "refused")
    return sorted(one["field"] for one in refused.value.problems)


def left_out() -> Iterator[tuple[str, str]]:
    for name, params in PARAMS.items():
        for field in params:
            yield name, field


@pytest.mark.parametrize(("name", "field"), list(left_out()))
def test_a_parameter_that_is_left_out_is_named(acme: Caller, name: str, field: str) -> None:
    params = {key: value for key, value in PARAMS[name].items() if key != field}
    flow = name.split(maxsplit=1)[0]
    at_account = SPECS[flow].runs_on == "account"
    asked = {"reference": "r", "flow": flow, "params": params} | (
        {"target": {"account": ACCOUNT}} if at_account else {}
    )
    assert fields(acme, "/v1/tasks", asked) == [f"params.{field}"]
    canvas = {"task": flow, "kwargs": params} | ({"options": {"queue": f"account.{ACCOUNT}"}} if at_account else {})
    (blamed,) = fields(acme, "/v1/campaigns", {"reference": "r", "canvas": canvas})
    assert blamed.endswith(f".{field}")


def test_every_flow_is_among_them() -> None:
    assert {name.split()[0] for name in PARAMS} | {"nurture"} == set(SPECS)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/v1/tasks", {"flow": "collect_titles", "params": TITLES}, "reference"),
        ("POST", "/v1/tasks", {"reference": "r", "params": TITLES}, "flow"),
        ("POST", "/v1/tasks", {"reference": "r", "flow": "collect_titles"}, "params"),
        ("POST", "/v1/campaigns", {"canvas": {"task": "collect_titles", "kwargs": TITLES}}, "reference"),
        ("POST", "/v1/deliveries/replay", {}, "since"),
        ("PATCH", "/v1/tasks/none", {}, "priority"),
        ("PATCH", "/v1/campaigns/none", {}, "priority"),
    ],
)
def test_a_field_that_is_left_out_is_named(acme: Caller, method: str, path: str, body: Any, field: str) -> None:
    blamed = fields(acme, path, body, method)
    assert blamed
    assert all(one == field or one.startswith(f"{field}.") for one in blamed)


def test_all_mistakes_of_a_task_are_told_at_once(acme: Caller) -> None:
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    wrong = {
        "reference": "r ",
        "flow": "collect_titles",
        "params": {"author_id": "nobody", "count": 0},
        "priority": 12,
        "target": {"account": "nobody"},
        "callback_url": "https://elsewhere.example.com/",
    }
    told = ["callback_url", "params.author_id", "params.count", "priority", "reference", "target"]
    assert fields(acme, "/v1/tasks", wrong) == told
    good_form = {**wrong, "reference": "r", "priority": 3}
    assert fields(acme, "/v1/tasks", good_form) == ["callback_url", "params.author_id", "params.count", "target"]
    late = {**good_form, "callback_url": None, "latest_end": past}
    assert fields(acme, "/v1/tasks", late) == ["latest_end", "params.author_id", "params.count", "target"]


@pytest.mark.parametrize(
    "target",
    [{}, "nope", [], 5, None, {"account": 5}, {"account": "a", "phone": "b"}, {"place": "a"}, {"account": " a"}],
    ids=str,
)
def test_a_target_that_is_none_is_one_problem_of_the_field_that_was_sent(acme: Caller, target: object) -> None:
    asked = {"reference": "r", "flow": "collect_titles", "params": TITLES, "target": target}
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", "/v1/tasks", asked)
    (told,) = refused.value.problems
    assert told["field"] == "target"
    if target != {"account": " a"}:
        assert told["remedy"] == 'write "pool", {"account": ID} or {"phone": SERIAL}'


SPAN = {"since": "2030-02-01T00:00:00+08:00", "until": "2030-01-01T00:00:00+08:00"}
QUERY = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in SPAN.items())


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        *(("GET", f"/v1/{one}?{QUERY}", None, "until") for one in ("tasks", "deliveries", "records", "comments")),
        ("GET", f"/v1/records/total?{QUERY}", None, "until"),
        ("POST", "/v1/exports", SPAN, "until"),
        ("POST", "/v1/deliveries/replay", SPAN, "until"),
        ("GET", "/v1/tasks?limit=1&limit=2", None, "limit"),
        ("GET", "/v1/changes?since=0&since=1", None, "since"),
    ],
)
def test_what_could_only_be_answered_with_nothing_is_refused(
    acme: Caller, method: str, path: str, body: Any, field: str
) -> None:
    assert fields(acme, path, body, method) == [field]


def test_all_mistakes_of_a_campaign_are_told_at_once(acme: Caller) -> None:
    canvas = {"task": "collect_titles", "kwargs": {"author_id": "nobody", "count": 2}, "options": {"queue": "phone.p9"}}
    blamed = fields(acme, "/v1/campaigns", {"reference": "r", "canvas": canvas, "seed": -1, "colour": "red"})
    assert blamed == ["colour", "seed", "task[0] collect_titles.author_id", "task[0] collect_titles.queue"]
    file = {
        "campaign": "day",
        "accounts": ["nobody"],
        "collect": {"authors": ["nobody"], "videos": 0, "comments": 5},
    }
    blamed = fields(acme, "/v1/campaigns", {"reference": "r", "file": file, "latest_end": "soon"})
    assert "latest_end" in blamed
    assert {"file.collect.videos"} <= set(blamed)
    assert sum("accounts" in one for one in blamed) == 1
    assert sum("authors" in one for one in blamed) == 1


@pytest.mark.parametrize("body", [{}, {"params": 5}, {"flow": ["x"], "params": TITLES}, {"file": {}, "canvas": {}}])
@pytest.mark.parametrize("path", ["/v1/tasks", "/v1/campaigns"])
def test_whatever_the_body_is_it_is_refused_in_words(acme: Caller, path: str, body: Any) -> None:
    assert fields(acme, path, body)


@pytest.mark.parametrize("depth", [11, 16, 20])
def test_a_deep_canvas_is_planted(acme: Caller, depth: int) -> None:
    planted = acme.client.submit_campaign(reference="deep", canvas=groups(depth))
    assert (planted.state, acme.client.campaign(planted.id).state) == ("open", "open")


@pytest.mark.parametrize("depth", [21, 33, 60])
def test_one_that_is_too_deep_is_refused_with_its_place(acme: Caller, depth: int) -> None:
    blamed = fields(acme, "/v1/campaigns", {"reference": "deep", "canvas": groups(depth)})
    assert blamed
    assert all(one.startswith("canvas.kwargs.tasks[0]") for one in blamed)


def groups(depth: int) -> dict[str, Any]:
    """A task in so many groups, one inside the other."""
    canvas: dict[str, Any] = {"task": "collect_titles", "kwargs": TITLES}
    for _ in range(depth):
        canvas = {"subtask_type": "group", "kwargs": {"tasks": [canvas]}}
    return canvas
