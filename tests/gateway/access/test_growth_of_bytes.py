"""Tasks that hand large values on fill no more of the ledger than their campaign and their key may keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import chain, group
from celery.canvas import Signature
from sqlalchemy import Engine, func, select, update

import workers.campaigns.stages  # noqa: F401 - what runs at the desk here
from models.fleet.accounts import register_account
from models.tables import ApiKey, Campaign, Task
from models.transactions.read_write import read, write
from tests.support.gateway.api_server import Api, Raw
from tests.support.gateway.customers import customer
from tests.support.ledger.drive import AUTHOR, app, do, owned_author, plant, ready, states, task
from workers.lifecycle.stored_bytes import FEW_BYTES
from workers.planting.quota import TooManyWaiting
from workers.settings import settings

ORIGIN = "https://hooks.example.com"
MOST = 1_000_000
LARGE = ["x" * 100] * 2000  # some 200 kB as JSON

pytestmark = pytest.mark.usefixtures("master_key")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def small_campaigns(limits: pytest.MonkeyPatch) -> None:
    """A campaign may keep a megabyte."""
    limits.setenv("PHONEFLEET_CAMPAIGN_MB", "1")
    settings.cache_clear()


@pytest.fixture
def small_days(limits: pytest.MonkeyPatch) -> None:
    """A key may store a megabyte in a day."""
    limits.setenv("PHONEFLEET_KEY_MB_A_DAY", "1")
    settings.cache_clear()


def gather(value: Any = None) -> Signature:
    return app.signature("gather", args=[] if value is None else [value], immutable=value is not None)


def copying(copies: int) -> Signature:
    """One task with a large result, and so many that return the same."""
    return chain(gather(LARGE), group([gather()] * copies))


def kept(engine: Engine, campaign_id: str) -> int:
    """The bytes of parameters and results that the ledger has of a campaign."""
    columns = (func.coalesce(func.length(one), 0) for one in (Task.args, Task.kwargs, Task.result))
    total = func.sum(sum(columns))
    return int(read(engine, lambda session: session.scalar(select(total).where(Task.campaign_id == campaign_id))) or 0)


def do_all(engine: Engine, campaign_id: str) -> list[str]:
    """Runs the desk tasks of a campaign, as far as they become ready. Returns their ids."""
    done: list[str] = []
    for _ in range(5):
        for one in ready(engine, campaign_id):
            do(engine, one)
            done.append(one)
    return done


@pytest.mark.usefixtures("small_campaigns")
def test_results_are_kept_up_to_the_bound_of_their_campaign_whoever_planted_it(ledger: Engine) -> None:
    for campaign_id in (customer(ledger, ORIGIN).plant(copying(9)), plant(ledger, copying(9))):
        done = do_all(ledger, campaign_id)
        failed = [one for one in (task(ledger, one) for one in done) if one.state == "failed"]
        assert {one.failure_code for one in failed} == {"result_too_large"}
        assert "PHONEFLEET_CAMPAIGN_MB" in (failed[0].reason or "")
        assert 0.5 * MOST < kept(ledger, campaign_id) <= MOST + len(done) * FEW_BYTES
        assert len(failed) >= 6


@pytest.mark.usefixtures("small_days")
def test_a_key_stores_no_more_in_a_day_over_all_its_campaigns(ledger: Engine) -> None:
    acme, other = (customer(ledger, ORIGIN, name) for name in ("acme", "other"))
    first, second = acme.plant(copying(1)), acme.plant(copying(9))
    assert set(states(ledger, first)) != {"failed"}
    done = [task(ledger, one) for campaign_id in (first, second) for one in do_all(ledger, campaign_id)]
    assert {one.failure_code for one in done} == {None, "result_too_large"}
    assert any("PHONEFLEET_KEY_MB_A_DAY" in (one.reason or "") for one in done)
    assert kept(ledger, first) + kept(ledger, second) <= MOST + len(done) * FEW_BYTES
    theirs = other.plant(copying(1))
    assert [task(ledger, one).state for one in do_all(ledger, theirs)] == ["succeeded"] * 2


@pytest.mark.usefixtures("small_days")
def test_a_key_may_store_again_on_the_next_day(ledger: Engine) -> None:
    acme = customer(ledger, ORIGIN)
    for _ in range(4):
        acme.plant(gather(LARGE))
    with pytest.raises(TooManyWaiting, match="PHONEFLEET_KEY_MB_A_DAY"):
        acme.plant(gather(LARGE))
    write(ledger, lambda session: session.execute(update(ApiKey).values(stored_day="2020-01-01")))
    for _ in range(4):
        acme.plant(gather(LARGE))
    with pytest.raises(TooManyWaiting):
        acme.plant(gather(LARGE))


@pytest.mark.usefixtures("small_campaigns")
def test_what_a_task_puts_in_its_place_counts(ledger: Engine) -> None:
    owned_author(ledger)
    titles = [{"author_id": AUTHOR, "title": f"{number}" + "标" * 3000} for number in range(60)]
    growing = app.signature("each_title", kwargs={"titles": {"titles": titles}}, immutable=True)
    campaign_id = customer(ledger, ORIGIN).plant(growing)
    (one,) = ready(ledger, campaign_id)
    do(ledger, one)
    ended = task(ledger, one)
    assert (ended.state, ended.failure_code) == ("failed", "too_many_waiting")
    assert "may keep 1000000" in (ended.reason or "")
    assert kept(ledger, campaign_id) <= MOST


def test_what_is_refused_counts_nowhere(ledger: Engine, limits: pytest.MonkeyPatch) -> None:
    acme = customer(ledger, ORIGIN)
    campaign_id = acme.plant(copying(1))
    before = read(ledger, lambda session: session.get_one(Campaign, campaign_id).stored_bytes)
    limits.setenv("PHONEFLEET_KEY_MB_A_DAY", "1")
    settings.cache_clear()
    write(ledger, lambda session: session.execute(update(ApiKey).values(stored_bytes=MOST)))
    do_all(ledger, campaign_id)
    assert read(ledger, lambda session: session.get_one(Campaign, campaign_id).stored_bytes) == before
    assert read(ledger, lambda session: session.scalars(select(ApiKey.stored_bytes)).one()) == MOST


@pytest.mark.usefixtures("small_campaigns", "small_days")
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_the_gateway_says_what_is_too_much_and_what_to_do(api: Api) -> None:
    raw = Raw(api, api.caller())

    def send(reference: str, copies: int, **more: Any) -> tuple[int, list[dict[str, str]]]:
        member = {"task": "gather", "args": [LARGE]}
        canvas = {"subtask_type": "chain", "kwargs": {"tasks": [{**member, "immutable": True}] * copies}}
        answer = raw.send("POST", "/v1/campaigns", {"reference": reference, "canvas": canvas, **more})
        return answer.status_code, raw.opened(answer).get("problems", [])

    assert send("one", 3) == (201, [])
    status, (problem,) = send("two", 3)
    assert (status, problem["field"]) == (429, "tasks")
    assert "1000000" in problem["reason"]
    assert "PHONEFLEET_KEY_MB_A_DAY" in problem["remedy"]
    assert send("one", 3) == (200, [])  # was planted before


@pytest.mark.usefixtures("small_campaigns")
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_the_gateway_refuses_a_campaign_that_keeps_too_much_by_itself(api: Api) -> None:
    raw = Raw(api, api.caller())
    member = {"task": "gather", "args": [LARGE[:900]], "immutable": True}
    errbacks = [{**member, "args": [[*LARGE[:900], number]]} for number in range(2)]
    step = {"task": "gather", "immutable": True}
    chained = {"subtask_type": "chain", "kwargs": {"tasks": [step] * 8}, "options": {"link_error": errbacks}}
    for more in ({}, {"dry_run": True}):
        answer = raw.send("POST", "/v1/campaigns", {"reference": "r", "canvas": chained, **more})
        (problem,) = raw.opened(answer)["problems"]
        assert (problem["field"], "PHONEFLEET_CAMPAIGN_MB" in problem["remedy"]) == ("canvas", True)


@pytest.mark.usefixtures("small_days")
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_what_a_request_holds_beside_its_tasks_counts_too(api: Api) -> None:
    owned_author(api.engine)
    register_account(api.engine, "a1", "one", who="test", rename=False)
    raw = Raw(api, api.caller())
    unused = {f"v{number}": "标" * 1000 for number in range(100)}
    collect = {"authors": [AUTHOR], "videos": 1, "comments": 1, "least_comments": 1}

    def send(number: int) -> int:
        file = {"campaign": "c", "accounts": "all", "variables": unused, "collect": collect}
        answer = raw.send("POST", "/v1/campaigns", {"reference": f"r{number}", "file": file})
        assert answer.status_code in (201, 429), raw.opened(answer)["problems"]
        return answer.status_code

    assert [send(number) for number in range(5)] == [201] * 3 + [429] * 2
