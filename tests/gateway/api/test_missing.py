"""A customer asks what its campaign is missing, and has exactly that planted."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.client.client import Problem
from models.tables import Campaign, Task
from models.transactions.read_write import read
from tests.gateway.api.asked import TITLES
from tests.support.gateway.api_server import Api, Caller, Raw
from tests.support.ledger.drive import online_worker, take
from workers.attempts.outcome import Failed
from workers.attempts.record import record


def failed_task(api: Api, acme: Caller) -> str:
    """The campaign of a task that failed for good."""
    task = acme.client.submit("collect_titles", TITLES, reference="order-1")
    record(api.engine, take(api.engine, task.id, online_worker(api.engine, "p1")), Failed("bad_input", "not so"))
    found = select(Task.campaign_id).where(Task.id == task.id)
    return str(read(api.engine, lambda session: session.scalar(found)))


def test_what_is_missing_is_listed_and_planted_once(api: Api, acme: Caller) -> None:
    campaign_id = failed_task(api, acme)
    told = acme.client.call("GET", f"/v1/campaigns/{campaign_id}/missing")
    assert [(one["flow"], one["missing"], one["why"]) for one in told["pieces"]] == [
        ("collect_titles", 1, {"bad_input": 1})
    ]
    assert (told["campaign_id"], told["completed_by"], told["more_pieces"]) == (campaign_id, [], 0)
    planted = acme.client.call("POST", f"/v1/campaigns/{campaign_id}/missing")
    assert planted["tasks"] == 1
    mine = read(api.engine, lambda session: session.get_one(Campaign, planted["campaign_id"]))
    assert (mine.key_id, mine.completes) == (acme.key_id, campaign_id)
    told = acme.client.call("GET", f"/v1/campaigns/{campaign_id}/missing")
    assert (told["completed_by"], told["under_way"]) == ([mine.id], 1)
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", f"/v1/campaigns/{campaign_id}/missing")
    assert "has not ended" in refused.value.problems[0]["reason"]


def test_another_customers_campaign_is_not_found(api: Api, acme: Caller) -> None:
    campaign_id = failed_task(api, acme)
    other = api.caller("other")
    for method in ("GET", "POST"):
        with pytest.raises(Problem) as refused:
            other.client.call(method, f"/v1/campaigns/{campaign_id}/missing")
        assert refused.value.code == "not_found"


def test_a_campaign_with_very_many_tasks_is_looked_at_in_its_turn(
    api: Api, acme: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/campaigns/{failed_task(api, acme)}/missing"
    whole = acme.client.call("GET", path)
    monkeypatch.setattr("gateway.api.missing.MANY", 0)
    assert acme.client.call("GET", path) == whole
    monkeypatch.setattr("gateway.access.large_answers.WAITING", 0)
    raw = Raw(api, acme)
    refused = raw.send("GET", path)
    assert (refused.status_code, raw.opened(refused)["code"]) == (503, "unavailable")
    monkeypatch.setattr("gateway.api.missing.MANY", 1)
    assert raw.send("GET", path).status_code == 200


@pytest.mark.parametrize(("bound", "most"), [("HEAVY_BYTES", -1), ("HEAVY_TASKS", 0)])
def test_so_is_the_progress_of_a_heavy_campaign(
    api: Api, acme: Caller, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    path = f"/v1/campaigns/{failed_task(api, acme)}"
    whole = acme.client.call("GET", path)
    monkeypatch.setattr(f"gateway.api.campaigns.{bound}", most)
    assert acme.client.call("GET", path) == whole
    monkeypatch.setattr("gateway.access.large_answers.WAITING", 0)
    raw = Raw(api, acme)
    assert raw.send("GET", path).status_code == 503
    monkeypatch.undo()
    assert raw.send("GET", path).status_code == 200
