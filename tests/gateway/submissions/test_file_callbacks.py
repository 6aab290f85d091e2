"""A campaign file may name the address of its callbacks, with the same checks as the request's own field."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.client.client import Problem
from models.tables import Campaign
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.drive import AUTHOR, online_worker, owned_author
from workers.campaigns.build import plant_day
from workers.campaigns.given_campaign import load_campaign

ALLOWED = "https://hooks.example.com/callbacks"
ELSEWHERE = "https://elsewhere.example.com/callbacks"
FILE: dict[str, Any] = {"campaign": "day", "collect": {"authors": [AUTHOR], "videos": 1, "comments": 5}}


@pytest.fixture
def acme(api: Api) -> Caller:
    """A customer, with an author and an account that are known."""
    owned_author(api.engine)
    online_worker(api.engine, "p1", "acc1", sandbox=False)
    return api.caller()


def asked(reference: str, named: str | None, own: str | None = None) -> dict[str, Any]:
    file = FILE if named is None else {**FILE, "callback_url": named}
    return {"reference": reference, "file": file} | ({} if own is None else {"callback_url": own})


@pytest.mark.parametrize(("named", "own"), [(ALLOWED, None), (ALLOWED, ALLOWED), (None, ALLOWED)])
def test_the_files_address_gets_the_campaigns_callbacks(
    api: Api, acme: Caller, named: str | None, own: str | None
) -> None:
    made = acme.client.call("POST", "/v1/campaigns", asked("r", named, own))
    assert read(api.engine, lambda session: session.get_one(Campaign, made["id"])).callback_url == ALLOWED


@pytest.mark.parametrize(
    ("named", "own", "field", "reason"),
    [
        (ELSEWHERE, None, "file.callback_url", "is not in the key's allowlist"),
        ("ftp://hooks.example.com/", None, "file.callback_url", "neither https nor http"),
        (ALLOWED, ALLOWED + "/other", "callback_url", "the file names another address"),
        (ALLOWED, ELSEWHERE, "callback_url", "is not in the key's allowlist"),
    ],
)
def test_an_address_that_may_not_be_is_refused_with_its_field(
    acme: Caller, named: str, own: str | None, field: str, reason: str
) -> None:
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", "/v1/campaigns", asked("r", named, own))
    assert [(one["field"], reason in one["reason"]) for one in refused.value.problems] == [(field, True)]


def test_it_is_told_beside_all_other_mistakes(acme: Caller) -> None:
    wrong = {**asked("r", ELSEWHERE), "latest_end": "soon"}
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", "/v1/campaigns", wrong)
    assert {"file.callback_url", "latest_end"} <= {one["field"] for one in refused.value.problems}


def test_a_file_with_a_schedule_is_refused(acme: Caller) -> None:
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", "/v1/campaigns", {"reference": "r", "file": {**FILE, "schedule": {"every": 60}}})
    assert [one["field"] for one in refused.value.problems] == ["file.schedule"]


@pytest.mark.parametrize("url", [ALLOWED, "hooks.example.com"])
def test_the_operators_own_file_is_refused_with_its_place(api: Api, acme: Caller, url: str) -> None:
    text = f"campaign: day\ncollect: {{authors: [{AUTHOR}], videos: 1, comments: 5}}\ncallback_url: {url}\n"
    with pytest.raises(Refused, match="callback_url: line 3, column 15"):
        plant_day(load_campaign(text, "day.yaml"), api.engine, asked_by="li")
