"""What tells two requests of one reference apart stays the same from one release to the next."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.submissions.requests import CampaignAsked, TaskAsked, plain
from gateway.submissions.submission import digest_of

TASK: dict[str, Any] = {
    "reference": "订单-1",
    "flow": "collect_titles",
    "params": {"author_id": "xiaopeng", "count": 2},
}
CANVAS: dict[str, Any] = {"reference": "day-7", "canvas": {"task": "collect_titles", "kwargs": {"count": 2}}}
# A digest that changes here makes every retry across the upgrade a 409.
PINNED = {
    "task": "7ad041dbd2c0bd566abd1e0b08fa7bd2ab2e22a077a79a3ed10be2002f21cc0b",
    "campaign": "081d0f6f8fa2396dd316a14501c825a2348c11db54265b90254eeed9a2f55875",
    "full": "94fbdd74c4600e70e0e9755fc9d7c70136b3b77bebabc9f1e63673b951bd0d05",
}
FULL = {
    **TASK,
    "target": {"account": "acc0001"},
    "priority": 0,
    "limits": {"soft": 60},
    "not_before": "2030-01-31T08:00:00+08:00",
    "latest_end": "2030-01-31T09:00:00Z",
    "callback_url": "https://hooks.example.com/",
}


def task_digest(body: dict[str, Any], model: type[TaskAsked] = TaskAsked) -> str:
    return digest_of("task", plain(model.model_validate_json(json.dumps(body))))


def test_the_digests_are_those_of_the_release_before() -> None:
    campaign = CampaignAsked.model_validate_json(json.dumps(CANVAS))
    assert {
        "task": task_digest(TASK),
        "campaign": digest_of("campaign", plain(campaign)),
        "full": task_digest(FULL),
    } == PINNED


class Later(TaskAsked):
    """Requests of a later release, with an optional field more."""

    tries: int | None = None


def test_a_field_that_is_added_changes_no_digest() -> None:
    assert task_digest(TASK, Later) == task_digest(TASK)
    assert task_digest({**TASK, "tries": 3}, Later) != task_digest(TASK)


@pytest.mark.parametrize("given", [{"dry_run": True}, {"target": "pool"}, {"priority": None}])
def test_what_is_given_as_if_it_were_not_is_the_same_request(given: dict[str, Any]) -> None:
    assert task_digest({**TASK, **given}) == task_digest(TASK)


@pytest.mark.parametrize(
    "other",
    [{"reference": "订单-2"}, {"priority": 3}, {"params": {}}, {"target": {"phone": "p1"}}, {"limits": {"hard": 9}}],
)
def test_another_request_has_another_digest(other: dict[str, Any]) -> None:
    assert task_digest({**TASK, **other}) != task_digest(TASK)
