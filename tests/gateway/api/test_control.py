"""Tasks, campaigns and phones are paused, resumed, put first and stopped by the customer whose they are."""

from __future__ import annotations

import pytest

from gateway.client.client import Problem
from models.tasks.states import State
from tests.gateway.api.asked import TITLES
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.drive import online_worker, take
from tests.support.ledger.drive import task as row_of
from workers.control.pause import pause_campaign, pause_task, resume_campaign, resume_task
from workers.control.phone_pause import pause_phone, resume_phone


def test_a_task_is_paused_resumed_put_first_and_stopped(api: Api, acme: Caller) -> None:
    made = acme.client.submit("collect_titles", TITLES, reference="one").id
    assert acme.client.control("tasks", made, "pause", "lunch") == {"held": 1, "leaving": 0}
    assert acme.client.task(made).state == "held"
    assert acme.client.control("tasks", made, "resume") == {"ready": 1}
    assert acme.client.prioritise("tasks", made, 0) == {"changed": 1}
    assert acme.client.task(made).raw["priority"] == 0
    assert acme.client.control("tasks", made, "stop")["stopped"] == 1
    stopped = acme.client.wait(made, 1)
    assert (stopped.state, stopped.raw["failure"]["code"]) == ("stopped", "stopped")
    for act in ("stop", "pause", "resume"):
        with pytest.raises(Problem) as refused:
            acme.client.control("tasks", made, act)
        assert (refused.value.status, refused.value.code) == (409, "not_now")


def test_a_campaign_is_paused_resumed_put_first_and_stopped(api: Api, acme: Caller) -> None:
    canvas = {"subtask_type": "group", "kwargs": {"tasks": [{"task": "collect_titles", "kwargs": TITLES}] * 3}}
    made = acme.client.submit_campaign(reference="one", canvas=canvas).id
    assert acme.client.control("campaigns", made, "pause")["held"] == 3
    assert acme.client.campaign(made).state == "paused"
    assert acme.client.control("campaigns", made, "resume") == {"ready": 3}
    assert acme.client.prioritise("campaigns", made, 9) == {"changed": 3}
    assert acme.client.control("campaigns", made, "stop")["stopped"] == 3
    ended = acme.client.wait_campaign(made, 1)
    counted = ended.raw["completeness"]
    assert (counted["asked"], counted["got"], counted["missing"]) == (3, 0, 3)


def test_a_phone_is_shown_paused_and_its_own_work_stopped(api: Api, acme: Caller) -> None:
    identity = online_worker(api.engine, "p1")
    other = api.caller("other")
    mine = acme.client.submit("collect_titles", TITLES, reference="one", target={"phone": "p1"}).id
    theirs = other.client.submit("collect_titles", TITLES, reference="one", target={"phone": "p1"}).id
    running = acme.client.submit("collect_titles", TITLES, reference="two").id
    take(api.engine, running, identity)
    (phone,) = acme.client.phones()
    assert (phone["serial"], phone["busy"], phone["task_id"]) == ("p1", True, running)
    (seen,) = other.client.phones()
    assert (seen["busy"], seen["task_id"]) == (True, None)
    assert acme.client.control("phones", "p1", "pause", "dusty") == {"held": 0, "leaving": 1}
    (paused,) = acme.client.phones()
    assert (paused["paused"], paused["paused_why"]) == (True, "phone p1 is paused for your tasks, over the API")
    (seen,) = other.client.phones()
    assert (seen["paused"], seen["paused_why"]) == (False, None)
    acme.client.control("phones", "p1", "resume")
    assert acme.client.control("phones", "p1", "stop") == {"stopped": 1, "leaving": 1, "in_review": 0}
    states = {one: row_of(api.engine, one) for one in (mine, theirs, running)}
    assert [states[one].stop_requested for one in (mine, theirs, running)] == [True, False, True]
    assert states[theirs].state == State.READY


def test_a_pause_is_lifted_by_whose_it_is(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "p1")
    other, colleague = api.caller("other"), api.caller("acme")
    made = acme.client.submit("collect_titles", TITLES, reference="one")
    campaign_id = made.raw["campaign_id"]
    pause_phone(api.engine, "p1", who="lena", why="new battery")
    pause_task(api.engine, made.id, who="lena")
    for kind, one in (("phones", "p1"), ("tasks", made.id)):
        with pytest.raises(Problem) as refused:
            acme.client.control(kind, one, "resume")
        assert refused.value.code == "not_now"
        assert refused.value.problems[0]["reason"] == "it was paused by somebody else"
    resume_phone(api.engine, "p1", who="lena")
    resume_task(api.engine, made.id, who="lena")
    pause_campaign(api.engine, campaign_id, who="lena")
    with pytest.raises(Problem):
        acme.client.control("campaigns", campaign_id, "resume")
    resume_campaign(api.engine, campaign_id, who="lena")
    for kind, one in (("phones", "p1"), ("campaigns", campaign_id)):
        acme.client.control(kind, one, "pause", "lunch")
    with pytest.raises(Problem) as refused:
        other.client.control("phones", "p1", "resume")
    assert refused.value.code == "not_now"
    for kind, one in (("phones", "p1"), ("campaigns", campaign_id)):
        colleague.client.control(kind, one, "resume")
