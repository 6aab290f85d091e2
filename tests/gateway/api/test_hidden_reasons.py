"""No answer, callback or forecast of a customer's names the operator's people or says their reasons."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from models.notify.events import task_event
from models.tables import Task
from models.transactions.read_write import read
from tests.gateway.api.asked import TITLES
from tests.support.gateway.api_server import Api, Caller, Raw
from tests.support.ledger.drive import change, online_worker, past, take
from workers.attempts.content_holds import hold_flow
from workers.attempts.outcome import WasStopped
from workers.attempts.record import record
from workers.control.pause import pause_campaign, pause_task
from workers.control.phone_pause import pause_phone
from workers.control.stop import stop_campaign, stop_task
from workers.coordinator.overdue import end_overdue
from workers.dispatch.ring import ring_ready

HIDDEN = ("Zhang", "fired Bob")
NAME, WHY = HIDDEN


def _phone(engine: Engine, task: Task) -> None:
    pause_phone(engine, "p1", who=NAME, why=WHY, ring_now=False)
    ring_ready(engine)


def _overdue(engine: Engine, task: Task) -> None:
    pause_task(engine, task.id, who=NAME, why=WHY)
    change(engine, task.id, latest_end=past(engine))
    end_overdue(engine)


ACTS: dict[str, Callable[[Engine, Task], object]] = {
    "its pause": lambda engine, task: pause_task(engine, task.id, who=NAME, why=WHY),
    "its campaign's pause": lambda engine, task: pause_campaign(engine, task.campaign_id, who=NAME, why=WHY),
    "its stop": lambda engine, task: stop_task(engine, task.id, who=NAME, why=WHY),
    "its campaign's stop": lambda engine, task: stop_campaign(engine, task.campaign_id, who=NAME, why=WHY),
    "its phone's pause": _phone,
    "a hold on its flow": lambda engine, _: hold_flow(engine, "collect_titles", "page_drift", who=NAME, why=WHY),
    "its end while it was paused": _overdue,
}


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("act", ACTS)
def test_what_the_operator_did_is_told_without_name_and_reason(api: Api, acme: Caller, act: str) -> None:
    online_worker(api.engine, "p1")
    made = acme.client.submit("collect_titles", TITLES, reference="one", target={"phone": "p1"}).id
    ACTS[act](api.engine, _row(api.engine, made))
    row = _row(api.engine, made)
    assert "Zhang" in f"{row.waits_for} {row.reason}", "the ledger keeps it for the operator"
    seen = acme.client.task(made).raw
    assert "the operator" in json.dumps(seen)
    told = [seen, acme.client.campaign(row.campaign_id).raw, acme.client.phones()]
    raw = Raw(api, acme)
    told.append(raw.opened(raw.send("GET", "/v1/records")))
    if row.failure_code is not None:
        told.append(dict(task_event(row, None).payload))
    assert [word for word in HIDDEN if word in json.dumps(told, default=str)] == []


@pytest.mark.usefixtures("redis")
def test_an_attempt_that_the_operator_ended_names_nobody(api: Api, acme: Caller) -> None:
    worker = online_worker(api.engine, "p1")
    made = acme.client.submit("collect_titles", TITLES, reference="one").id
    got = take(api.engine, made, worker)
    pause_task(api.engine, made, who=NAME, why=WHY)
    record(api.engine, got, WasStopped("it was asked to leave", "search"))
    raw = Raw(api, acme)
    (attempt,) = raw.opened(raw.send("GET", f"/v1/tasks/{made}/attempts"))["items"]
    assert attempt["outcome"] == "paused"
    assert [word for word in HIDDEN if word in json.dumps(attempt)] == []


@pytest.mark.usefixtures("redis")
def test_a_customers_own_reason_stays(api: Api, acme: Caller) -> None:
    made = acme.client.submit("collect_titles", TITLES, reference="one").id
    acme.client.control("tasks", made, "pause", "lunch")
    waits_for = acme.client.task(made).raw["waits_for"]
    assert waits_for.endswith(f"({acme.key_id}) paused it: lunch")


def _row(engine: Engine, task_id: str) -> Task:
    return read(engine, lambda session: session.get_one(Task, task_id))
