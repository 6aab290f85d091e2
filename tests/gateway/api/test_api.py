"""The API: what is asked for is planted once, shown, listed and controlled, and all of it belongs to one customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind
from gateway.client.client import Problem
from gateway.keys.api_keys import change_key
from models.responsible_use.authors import set_cap
from models.tables import Account, Phone, Task, metadata_of_all
from models.transactions.read_write import read, write
from tests.gateway.api.asked import LIKE, TITLES
from tests.support.gateway.api_server import Api, Caller, Raw
from tests.support.gateway.customers import Customer
from tests.support.ledger.drive import AUTHOR, online_worker, owned_author, take
from tests.support.ledger.drive import task as row_of
from tests.support.poll import wait_until
from tests.support.threads import at_once
from workers.execution.ledger_journal import LedgerJournal
from workers.settings import settings


def rows(api: Api) -> dict[str, int]:
    """How many rows each table holds, but those of requests let in."""

    def work(session: Session) -> dict[str, int]:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata_of_all().sorted_tables
            if table.name != "seen_ids"
        }

    return read(api.engine, work)


def test_a_task_is_planted_and_shown(api: Api, acme: Caller) -> None:
    made = acme.client.submit("collect_titles", TITLES, reference="one", priority=1)
    assert made.raw == acme.client.task(made.id).raw
    wanted = {"reference": "one", "state": "ready", "priority": 1, "target": "pool", "params": TITLES}
    assert {name: made.raw[name] for name in wanted} == wanted
    row = row_of(api.engine, made.id)
    assert (row.key_id, row.flow, row.kwargs) == (acme.key_id, "collect_titles", TITLES)


@pytest.mark.parametrize(
    ("target", "queue"), [({"phone": "p1"}, "phone.p1"), ({"account": "acc-p1"}, "account.acc-p1"), ("pool", "pool")]
)
def test_a_task_goes_where_the_caller_says(api: Api, acme: Caller, target: Any, queue: str) -> None:
    online_worker(api.engine, "p1")
    assert acme.client.submit("collect_titles", TITLES, reference="r", target=target).raw["target"] == queue


def test_the_same_reference_gives_the_same_task_and_another_body_is_refused(api: Api, acme: Caller) -> None:
    first = acme.client.submit("collect_titles", TITLES, reference="one")
    again = acme.client.submit("collect_titles", TITLES, reference="one")
    assert (again.id, rows(api)["tasks"]) == (first.id, 1)
    with pytest.raises(Problem) as refused:
        acme.client.submit("collect_titles", {**TITLES, "count": 3}, reference="one")
    assert (refused.value.status, refused.value.code) == (409, "reference_taken")
    with pytest.raises(Problem) as refused:
        acme.client.submit_campaign(reference="one", canvas={"task": "collect_titles", "kwargs": TITLES})
    assert refused.value.code == "reference_taken"


def is_refused(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Problem as problem:
        return problem.code == "refused"
    return False


def test_what_was_planted_is_told_again_although_it_would_be_refused_by_now(api: Api, acme: Caller) -> None:
    canvas = {"task": "collect_titles", "kwargs": TITLES}
    called = {"callback_url": "https://hooks.example.com/callbacks"}
    task = acme.client.submit("collect_titles", TITLES, reference="task", **called)
    campaign = acme.client.submit_campaign(reference="campaign", canvas=canvas, **called)
    change_key(api.engine, acme.key_id, who="operator", allowlist=[])
    asked = {"reference": "asked", "flow": "collect_titles", "params": TITLES, **called}
    wait_until(lambda: is_refused(partial(acme.client.dry_run, "tasks", asked)), 60, "the new allowlist to count")
    assert acme.client.submit("collect_titles", TITLES, reference="task", **called).id == task.id
    assert acme.client.submit_campaign(reference="campaign", canvas=canvas, **called).id == campaign.id
    for reference, code in (("task", "reference_taken"), ("new", "refused")):
        with pytest.raises(Problem) as refused:
            acme.client.submit("collect_titles", {**TITLES, "count": 3}, reference=reference, **called)
        assert refused.value.code == code
    assert rows(api)["tasks"] == 2


def test_of_many_requests_at_once_with_one_reference_one_plants(api: Api, acme: Caller) -> None:
    asked = partial(acme.client.submit, "collect_titles", TITLES, reference="one")
    assert len({made.id for made in at_once([asked] * 8)}) == 1
    assert rows(api)["tasks"] == 1


def test_what_is_wrong_is_named_in_the_words_of_the_request(api: Api, acme: Caller) -> None:
    before = rows(api)
    asked: dict[str, dict[str, Any]] = {
        "params.count": {"params": {**TITLES, "count": 0}},
        "params.author_id": {"params": {**TITLES, "author_id": "nobody"}},
        "params.nonsense": {"params": {**TITLES, "nonsense": 1}},
        "target": {"target": {"phone": "nowhere"}},
        "priority": {"priority": 10},
        "latest_end": {"latest_end": "2020-01-01T00:00:00Z"},
        "callback_url": {"callback_url": "https://elsewhere.example.com/"},
        "colour": {"colour": "red"},
        "not_before": {"not_before": 5},
        "reference": {"reference": "order "},
    }
    for number, (field, change) in enumerate(asked.items()):
        with pytest.raises(Problem) as refused:
            acme.client.call(
                "POST", "/v1/tasks", {"reference": f"r{number}", "flow": "collect_titles", "params": TITLES, **change}
            )
        assert refused.value.code == "refused", field
        assert [one["field"] for one in refused.value.problems] == [field]
    assert rows(api) == before


def test_what_only_the_operator_can_mend_is_said_to_be_so(acme: Caller) -> None:
    asked = {"reference": "r", "flow": "collect_titles", "params": TITLES, "target": {"phone": "nowhere"}}
    remedy = "ask the operator (see: phonefleet phones)"
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", "/v1/tasks", asked)
    assert refused.value.problems[0]["remedy"] == remedy
    assert acme.client.dry_run("tasks", asked)["problems"][0]["remedy"] == remedy


def test_a_dry_run_says_what_would_happen_and_writes_nothing(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "p1")
    acme.client.submit("collect_titles", TITLES, reference="ahead")
    before = rows(api)
    task = {"reference": "r", "flow": "directed", "params": LIKE}
    told = acme.client.dry_run("tasks", task)
    assert told["accepted"]
    assert told["placements"] == [
        {
            "flow": "directed",
            "tasks": 1,
            "target": "pool",
            "phones": ["p1"],
            "accounts": ["acc-p1"],
            "waits_for": None,
            "ahead": 1,
        }
    ]
    assert told["more_placements"] == 0
    refused = acme.client.dry_run("tasks", {**task, "params": {**LIKE, "author_id": "nobody"}})
    assert not refused["accepted"]
    assert refused["problems"][0]["field"] == "params.author_id"
    canvas = {"task": "collect_titles", "kwargs": TITLES, "options": {"queue": "phone.p1"}}
    assert (
        acme.client.dry_run("campaigns", {"reference": "r", "canvas": canvas})["placements"][0]["target"] == "phone.p1"
    )
    assert rows(api) == before


def test_a_dry_run_names_the_cap_that_is_used_up(api: Api, acme: Caller) -> None:
    got = take(api.engine, acme.client.submit("directed", LIKE, reference="before").id, online_worker(api.engine, "p1"))
    LedgerJournal(api.engine, got, settings().timezone.key).declare(
        Action(ActionKind.LIKE_COMMENT, AUTHOR, LIKE["title"], LIKE["target_commenter"], LIKE["target_comment"])
    )
    set_cap(api.engine, "actions_per_account_day", 1, who="admin")
    for target in ("pool", {"account": "acc-p1"}, {"phone": "p1"}):
        asked = {"reference": "r", "flow": "directed", "params": {**LIKE, "target_comment": "好"}, "target": target}
        (placed,) = acme.client.dry_run("tasks", asked)["placements"]
        assert placed["phones"] == []
        assert "account acc-p1 did 1 of 1 actions today (cap actions_per_account_day)" in placed["waits_for"]
        assert "free again at " in placed["waits_for"]
    set_cap(api.engine, "actions_per_account_day", 0, who="admin")
    online_worker(api.engine, "p2", "acc-p2")
    (placed,) = acme.client.dry_run("tasks", {"reference": "r", "flow": "directed", "params": LIKE})["placements"]
    assert "account acc-p2 did 0 of 0 actions" in placed["waits_for"]


def test_a_campaign_comes_as_a_canvas_or_as_a_file(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "p1")
    members = [{"task": "collect_titles", "kwargs": {**TITLES, "count": count}} for count in (1, 2)]
    canvas = {"subtask_type": "group", "kwargs": {"tasks": members}}
    made = acme.client.submit_campaign(reference="canvas", name="two", canvas=canvas)
    assert (made.state, made.raw["tasks"]) == ("open", {"collect_titles": {"ready": 2}})
    assert made.raw["completeness"]["asked"] == 2
    file = {"campaign": "day", "collect": {"authors": [AUTHOR], "videos": 2, "comments": 5}}
    day = acme.client.submit_campaign(reference="file", file=file)
    assert day.raw["name"] == "day"
    assert day.raw["tasks"]["collect_titles"] == {"ready": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"canvas": {"task": "celery.chord_unlock"}}, "canvas.task.task"),
        ({"canvas": {"task": "collect_titles", "options": {"reply_to": "x"}}}, "canvas.task.options.reply_to"),
        ({"file": {"campaign": "x"}}, "file.campaign file"),
        ({"file": {"campaign": "x", "collect": {"authors": ["nobody"], "videos": 1, "comments": 1}}}, "file.accounts"),
    ],
)
def test_a_campaign_that_cannot_be_planted_is_refused(
    api: Api, acme: Caller, body: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(Problem) as refused:
        acme.client.submit_campaign(reference="r", **body)
    assert (refused.value.status, refused.value.problems[0]["field"]) == (422, field)
    assert rows(api)["campaigns"] == 0


def test_lists_filter_and_go_on_page_by_page(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "p1")
    ids = [acme.client.submit("collect_titles", TITLES, reference=f"r{number}").id for number in range(5)]
    pinned = acme.client.submit("collect_titles", TITLES, reference="pinned", target={"account": "acc-p1"}).id
    assert [one["id"] for one in acme.client.listed("tasks", limit=2)] == [pinned, *reversed(ids)]
    assert [one["id"] for one in acme.client.listed("tasks", account="acc-p1")] == [pinned]
    assert [one["id"] for one in acme.client.listed("tasks", reference="r3")] == [ids[3]]
    assert not list(acme.client.listed("tasks", state="failed"))
    assert len(list(acme.client.listed("tasks", author=AUTHOR, flow="collect_titles", state="ready"))) == 6
    assert len(list(acme.client.listed("campaigns", state="open", limit=4))) == 6
    page = acme.client.call("GET", "/v1/tasks", query={"limit": 2})
    acme.client.submit("collect_titles", TITLES, reference="newer")
    after = acme.client.call("GET", "/v1/tasks", query={"limit": 2, "cursor": page["next"]})
    assert [one["id"] for one in after["items"]] == [ids[3], ids[2]]


def test_a_filter_that_does_not_exist_is_refused(acme: Caller) -> None:
    with pytest.raises(Problem) as refused:
        acme.client.call("GET", "/v1/tasks", query={"stat": "failed"})
    assert refused.value.problems[0]["field"] == "stat"


def test_a_dry_run_says_that_too_many_tasks_wait(api: Api) -> None:
    owned_author(api.engine)
    few = api.caller("few", most_waiting=1)
    task = {"reference": "one", "flow": "collect_titles", "params": TITLES}
    few.client.submit("collect_titles", TITLES, reference="one")
    assert few.client.dry_run("tasks", task)["accepted"], "it is there already"
    told = few.client.dry_run("tasks", {**task, "reference": "two"})
    assert [one["field"] for one in told["problems"]] == ["tasks"]


def test_what_is_anothers_is_not_there(api: Api, acme: Caller) -> None:
    other, colleague = api.caller("other"), api.caller("acme")
    made = acme.client.submit("collect_titles", TITLES, reference="one")
    (delivery,) = Customer(api.engine, acme.key_id, acme.secret, "https://hooks.example.com/").owe()
    assert colleague.client.task(made.id).id == made.id
    assert colleague.client.call("GET", f"/v1/deliveries/{delivery}")["id"] == delivery
    refusals = []
    nothing = "00000000-0000-0000-0000-000000000000"
    for task, campaign, callback in ((made.id, made.raw["campaign_id"], delivery), (nothing, nothing, nothing)):
        for method, path in (
            ("GET", f"/v1/tasks/{task}"),
            ("GET", f"/v1/tasks/{task}/attempts"),
            ("GET", f"/v1/tasks/{task}/attempts/1/evidence/ui.xml"),
            ("POST", f"/v1/tasks/{task}/stop"),
            ("POST", f"/v1/tasks/{task}/pause"),
            ("POST", f"/v1/tasks/{task}/resume"),
            ("PATCH", f"/v1/tasks/{task}"),
            ("GET", f"/v1/campaigns/{campaign}"),
            ("POST", f"/v1/campaigns/{campaign}/stop"),
            ("POST", f"/v1/campaigns/{campaign}/pause"),
            ("POST", f"/v1/campaigns/{campaign}/resume"),
            ("PATCH", f"/v1/campaigns/{campaign}"),
            ("GET", f"/v1/deliveries/{callback}"),
            ("POST", f"/v1/deliveries/{callback}/replay"),
        ):
            with pytest.raises(Problem) as refused:
                other.client.call(method, path, {"priority": 1} if method == "PATCH" else None)
            refusals.append((refused.value.status, str(refused.value)))
    half = len(refusals) // 2
    assert refusals[:half] == refusals[half:]
    assert {status for status, _ in refusals} == {404}
    for what in ("tasks", "campaigns", "deliveries"):
        assert not list(other.client.listed(what))
    assert other.client.submit("collect_titles", TITLES, reference="one").id != made.id


def test_a_sandbox_key_sees_simulated_phones_and_its_own_tasks_only(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "real")
    online_worker(api.engine, "simulated", sandbox=True)
    trial = api.caller("acme", sandbox=True)
    assert [one["serial"] for one in trial.client.phones()] == ["simulated"]
    assert [one["serial"] for one in acme.client.phones()] == ["real"]
    real = acme.client.submit("collect_titles", TITLES, reference="one")
    tried = trial.client.submit("collect_titles", TITLES, reference="one")
    assert tried.raw["sandbox"]
    assert [one["id"] for one in trial.client.listed("tasks")] == [tried.id]
    assert [one["id"] for one in acme.client.listed("tasks")] == [real.id]
    for caller, serial in ((trial, "real"), (acme, "simulated")):
        with pytest.raises(Problem) as refused:
            caller.client.submit("collect_titles", TITLES, reference="two", target={"phone": serial})
        assert refused.value.problems[0]["field"] == "target"
        with pytest.raises(Problem) as refused:
            caller.client.control("phones", serial, "pause")
        assert refused.value.status == 404


def test_a_key_has_as_many_tasks_waiting_as_it_may(api: Api, acme: Caller) -> None:
    few = api.caller("few", most_waiting=2)
    for number in range(2):
        few.client.submit("collect_titles", TITLES, reference=f"r{number}")
    with pytest.raises(Problem) as refused:
        few.client.submit("collect_titles", TITLES, reference="more")
    assert (refused.value.status, refused.value.code) == (429, "too_many_waiting")
    (problem,) = refused.value.problems
    assert problem["field"] == "phonefleet-key"
    assert "2 tasks of it have not ended, 1 more" in problem["reason"]
    assert "ask the operator" in problem["remedy"]
    assert few.client.submit("collect_titles", TITLES, reference="r1").state == "ready"


def test_the_ledgers_account_of_phones_is_not_changed_by_looking(api: Api, acme: Caller) -> None:
    online_worker(api.engine, "p1")

    def work(session: Session) -> None:
        session.execute(update(Account).values(live=False))

    write(api.engine, work)
    before = rows(api)
    acme.client.phones()
    list(acme.client.listed("tasks"))
    assert rows(api) == before
    assert read(api.engine, lambda session: session.scalar(select(Phone.paused))) is False
    assert not read(api.engine, lambda session: session.scalars(select(Task)).all())


def test_a_task_is_shown_when_it_is_planted_as_it_is_shown_afterwards(api: Api, acme: Caller) -> None:
    begins = datetime.now(timezone(timedelta(hours=8))) + timedelta(hours=1)
    request: dict[str, Any] = {"flow": "collect_titles", "params": {"author_id": AUTHOR, "count": 2}}
    variants: list[dict[str, Any]] = [
        {},
        {"not_before": begins.isoformat(), "latest_end": (begins + timedelta(hours=3)).isoformat()},
        {"priority": 7, "limits": {"soft": 60, "hard": 90}},
    ]
    for number, more in enumerate(variants):
        asked = {**request, **more, "reference": f"r{number}"}
        planted = Raw(api, acme).opened(Raw(api, acme).send("POST", "/v1/tasks", asked))
        again = Raw(api, acme).opened(Raw(api, acme).send("POST", "/v1/tasks", asked))
        read = Raw(api, acme).opened(Raw(api, acme).send("GET", f"/v1/tasks/{planted['id']}"))
        assert planted == again == read


def test_the_same_request_again_is_answered_although_a_new_one_would_be_refused(api: Api) -> None:
    owned_author(api.engine)
    raw = Raw(api, api.caller("full", most_waiting=1))
    request = {"flow": "collect_titles", "params": {"author_id": AUTHOR, "count": 2}}
    first = raw.send("POST", "/v1/tasks", {**request, "reference": "one"})
    again = raw.send("POST", "/v1/tasks", {**request, "reference": "one"})
    other = raw.send("POST", "/v1/tasks", {**request, "reference": "two"})
    assert [one.status_code for one in (first, again, other)] == [201, 200, 429]
    assert raw.opened(first) == raw.opened(again)
    assert raw.opened(other)["code"] == "too_many_waiting"
    assert rows(api)["tasks"] == 1
