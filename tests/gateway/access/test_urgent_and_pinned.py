"""No key puts its work before everybody's, nor takes all phones by naming them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from celery import group
from sqlalchemy import Engine

import workers.campaigns.stages  # noqa: F401 - what runs at the desk here
from gateway.keys.api_keys import change_key
from models.tasks.states import State
from models.values.refused import Refused
from tests.gateway.access.asked import TASK, TITLES, nothing_planted
from tests.support.gateway.api_server import Api, Raw
from tests.support.gateway.customers import customer
from tests.support.ledger.drive import (
    AUTHOR,
    app,
    do,
    online_worker,
    owned_author,
    plant,
    ready,
    task,
    tasks,
    titles,
)
from workers.planting.quota import TooManyWaiting, most_pinned

ORIGIN = "https://hooks.example.com"
MEMBER = {"task": "collect_titles", "kwargs": TITLES}
FILE = {"campaign": "day", "collect": {"authors": [AUTHOR], "videos": 1, "comments": 1}}
DRAW = {"per_account": {"comment_likes": 1}}

pytestmark = pytest.mark.usefixtures("master_key")


def canvas(*members: Mapping[str, Any]) -> dict[str, Any]:
    return {"canvas": {"subtask_type": "group", "kwargs": {"tasks": list(members)}}}


def asking_for(priority: int) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Every way to ask for a priority: the method, the path, the field that the refusal names, the body."""
    set_to = {"options": {"priority": priority}}
    draws = {"task": "draw_directed", "args": [[]], "kwargs": {"like_comment": 1, "priority": priority}}
    fans = {"task": "each_title", "args": [{"titles": []}], "kwargs": {"priority": priority}}
    planted = {"reference": "one"}
    yield "POST", "/v1/tasks", "priority", {**TASK, "priority": priority}
    yield "POST", "/v1/tasks", "priority", {**TASK, "priority": priority, "target": {"account": "acc-p1"}}
    yield "POST", "/v1/tasks", "priority", {**TASK, "priority": priority, "params": {**TITLES, "count": 0}}
    yield "POST", "/v1/campaigns", "task[1] collect_titles.priority", planted | canvas(MEMBER, MEMBER | set_to)
    yield "POST", "/v1/campaigns", "task[0] tally.priority", planted | canvas({"task": "tally", **set_to})
    yield "POST", "/v1/campaigns", "task[0] draw_directed.kwargs.priority", planted | canvas(draws)
    yield "POST", "/v1/campaigns", "task[0] each_title.kwargs.priority", planted | canvas(fans)
    for part, content in (("collect", FILE["collect"]), ("nurture", {"video_loop": 9}), ("directed", DRAW)):
        assert isinstance(content, dict)
        yield (
            "POST",
            "/v1/campaigns",
            f"file.{part}.priority",
            {
                **planted,
                "file": {**FILE, part: {**content, "priority": priority}},
            },
        )


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
@pytest.mark.parametrize("priority", [0, 1, 2])
def test_urgent_priorities_are_refused_wherever_they_are_asked_for(api: Api, raw: Raw, priority: int) -> None:
    online_worker(api.engine, "p1")
    for method, path, field, body in asking_for(priority):
        answer = raw.send(method, path, body)
        assert answer.status_code == 422, (path, body)
        told = raw.opened(answer)["problems"]
        assert [one["field"] for one in told if one["field"] == field], (body, told)
        (problem,) = [one for one in told if one["field"] == field]
        assert problem["reason"] == f"{priority} is above the highest priority of this key, which is 3"
        assert "the operator may allow more" in problem["remedy"]
        forecast = raw.opened(raw.send(method, path, {**body, "dry_run": True}))
        assert field in {one["field"] for one in forecast["problems"]}
    assert nothing_planted(api)


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_a_task_is_not_made_urgent_afterwards_unless_the_operator_allows_the_key(api: Api, raw: Raw) -> None:
    made = raw.opened(raw.send("POST", "/v1/tasks", {**TASK, "priority": 3}))
    for path in (f"/v1/tasks/{made['id']}", f"/v1/campaigns/{made['campaign_id']}"):
        answer = raw.send("PATCH", path, {"priority": 2})
        assert (answer.status_code, raw.opened(answer)["problems"][0]["field"]) == (422, "priority")
        assert raw.send("PATCH", path, {"priority": 4}).status_code == 200
    assert task(api.engine, made["id"]).priority == 4
    change_key(api.engine, raw.caller.key_id, who="lena", highest_priority=1)
    owned = Raw(api, api.caller("other", highest_priority=1))
    assert owned.send("POST", "/v1/tasks", {**TASK, "priority": 1}).status_code == 201
    assert owned.send("POST", "/v1/tasks", {**TASK, "reference": "two", "priority": 0}).status_code == 422


def growing(priority: int) -> Any:
    """A desk task that hears only when it runs which tasks it plans, and with which priority."""
    given = {"titles": {"titles": [{"author_id": AUTHOR, "title": "标题"}]}, "priority": priority}
    return app.signature("each_title", kwargs=given, immutable=True)


def test_what_is_planned_later_is_no_more_urgent_than_its_key_allows(ledger: Engine) -> None:
    owned_author(ledger)
    acme = customer(ledger, ORIGIN, highest_priority=1)
    early, late = ready(ledger, acme.plant(group([growing(1)] * 2)))
    do(ledger, early)
    change_key(ledger, acme.key_id, who="lena", highest_priority=3)
    do(ledger, late)
    assert task(ledger, early).state == State.DELEGATED
    refused = task(ledger, late)
    assert (refused.state, refused.failure_code) == (State.FAILED, "bad_input")
    assert "above the highest priority of this key" in (refused.reason or "")
    with pytest.raises(Refused):
        acme.plant(titles(priority=2))
    (mine,) = tasks(ledger, plant(ledger, titles(priority=0)))
    assert mine.priority == 0, "the operator may"


# pins


@pytest.mark.parametrize(("most", "pins"), [(1, 1), (2, 1), (3, 1), (10, 5), (10_000, 5000)])
def test_half_of_what_a_key_may_have_may_be_pinned(most: int, pins: int) -> None:
    assert most_pinned(most) == pins


@pytest.mark.parametrize("queue", ["phone.p1", "account.acc-p1"])
def test_a_key_pins_half_of_what_it_may_have_at_most(ledger: Engine, queue: str) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1")
    acme, other = (customer(ledger, ORIGIN, name, most_waiting=10) for name in ("acme", "other"))
    acme.plant(group([titles(queue=queue)] * 3 + [titles()] * 2))
    with pytest.raises(TooManyWaiting) as refused:
        acme.plant(group([titles(queue=queue)] * 3))
    assert "3 open tasks of the key name an account or a phone, 3 more would be over the 5" in str(refused.value)
    acme.plant(group([titles(queue=queue)] * 2 + [titles()] * 3))
    other.plant(group([titles(queue=queue)] * 5))
    plant(ledger, group([titles(queue=queue)] * 20))


def test_what_plans_pinned_work_pins_no_more(ledger: Engine) -> None:
    owned_author(ledger)
    online_worker(ledger, "p1")
    acme = customer(ledger, ORIGIN, most_waiting=20)
    given = [{"author_id": AUTHOR, "title": f"标题{number}"} for number in range(11)]
    fan = app.signature("each_title", kwargs={"titles": {"titles": given}, "queue": "phone.p1"}, immutable=True)
    (one,) = ready(ledger, acme.plant(fan))
    do(ledger, one)
    assert (task(ledger, one).state, task(ledger, one).failure_code) == (State.FAILED, "too_many_waiting")


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_the_gateway_refuses_more_pins_and_its_dry_run_says_so(api: Api) -> None:
    owned_author(api.engine)
    online_worker(api.engine, "p1")
    raw = Raw(api, api.caller("few", most_waiting=4))
    bodies = [{**TASK, "reference": f"r{number}", "target": {"phone": "p1"}} for number in range(3)]
    assert [raw.send("POST", "/v1/tasks", one).status_code for one in bodies[:2]] == [201, 201]
    forecast = raw.opened(raw.send("POST", "/v1/tasks", {**bodies[2], "dry_run": True}))
    assert [one["field"] for one in forecast["problems"]] == ["tasks"]
    answer = raw.send("POST", "/v1/tasks", bodies[2])
    assert (answer.status_code, raw.opened(answer)["code"]) == (429, "too_many_waiting")
    pinned = {**MEMBER, "options": {"queue": "account.acc-p1"}}
    assert raw.send("POST", "/v1/campaigns", {"reference": "c", **canvas(pinned)}).status_code == 429
    assert raw.send("POST", "/v1/tasks", {**TASK, "reference": "pool"}).status_code == 201
