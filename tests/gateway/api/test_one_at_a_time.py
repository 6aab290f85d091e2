"""One heavy control request of a customer is carried out at a time; other customers' go on beside it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.client.client import Problem
from tests.gateway.api.asked import TITLES
from tests.support.gateway.api_server import Api, Caller
from workers.control.pause import pause_campaign


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_a_second_request_meanwhile_is_refused_and_another_customers_is_not(
    api: Api, acme: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = api.caller("other")
    first, second, theirs = (
        who.client.submit("collect_titles", TITLES, reference=f"{number}").raw["campaign_id"]
        for number, who in enumerate((acme, acme, other))
    )
    refused: list[str] = []

    def meanwhile(engine: Any, campaign_id: str, **options: Any) -> Any:
        if campaign_id == first:
            with pytest.raises(Problem) as problem:
                acme.client.control("campaigns", second, "stop")
            refused.append(problem.value.code)
            assert other.client.control("campaigns", theirs, "pause")["held"] == 1
        return pause_campaign(engine, campaign_id, **options)

    monkeypatch.setattr("gateway.api.control.pause_campaign", meanwhile)
    assert acme.client.control("campaigns", first, "pause")["held"] == 1
    assert refused == ["too_many_requests"]
    assert acme.client.control("campaigns", second, "stop")["stopped"] == 1
