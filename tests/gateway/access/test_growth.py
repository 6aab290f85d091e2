"""Tasks that plan more tasks grow no further than their key and their campaign may, whoever planted them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from celery import chord, group
from celery.canvas import Signature
from sqlalchemy import Engine, func, select

import workers.campaigns.stages  # noqa: F401 - what runs at the desk here
from gateway.keys.api_keys import change_key
from models.responsible_use.authors import set_cap
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read
from tests.support.gateway.api_server import Api, Raw
from tests.support.gateway.customers import customer
from tests.support.ledger.drive import (
    AUTHOR,
    app,
    do,
    known_account,
    online_worker,
    owned_author,
    plant,
    ready,
    task,
    tasks,
    titles,
)
from tests.support.ledger.spent import spend
from workers.planting.quota import TooManyWaiting
from workers.settings import settings

ORIGIN = "https://hooks.example.com"

pytestmark = pytest.mark.usefixtures("master_key")


def growing(count: int) -> Signature:
    """A desk task in whose place so many tasks are planted, and one that gathers what comes of them."""
    return app.signature("each_title", kwargs={"titles": {"titles": found(count)}}, immutable=True)


def found(count: int) -> list[Mapping[str, str]]:
    return [{"author_id": AUTHOR, "title": f"标题{number}"} for number in range(count)]


def comments(videos: int, count: int) -> list[Mapping[str, Any]]:
    """What was collected: so many comments of so many videos."""
    said = [{"commenter": f"人{number}", "text": f"评论{number}"} for number in range(count)]
    return [{**title, "comments": said} for title in found(videos)]


def drawing(material: Any, **counts: Any) -> Signature:
    return app.signature("draw_directed", args=[material], kwargs=counts, immutable=True)


@pytest.fixture
def grown(ledger: Engine) -> Engine:
    owned_author(ledger)
    return ledger


@pytest.fixture
def few_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A campaign may have 20 tasks."""
    monkeypatch.setenv("PHONEFLEET_MOST_TASKS", "20")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def count(engine: Engine) -> int:
    return read(engine, lambda session: session.scalar(select(func.count()).select_from(Task)) or 0)


def ends(engine: Engine, ids: list[str]) -> list[tuple[str, str | None, str | None]]:
    return [(one.state, one.failure_code, one.culprit) for one in (task(engine, task_id) for task_id in ids)]


GONE_ON = (State.DELEGATED, None, None)
REFUSED = (State.FAILED, "too_many_waiting", "task")


def test_what_tasks_put_in_their_places_counts_against_their_key(grown: Engine) -> None:
    acme = customer(grown, ORIGIN, most_waiting=20)
    ids = ready(grown, acme.plant(group([growing(6)] * 4)))
    for one in ids:
        do(grown, one)
    assert ends(grown, ids) == [GONE_ON, GONE_ON, REFUSED, REFUSED]
    assert count(grown) == 4 + 2 * 7
    assert "would be over the 20 it may have" in (task(grown, ids[2]).reason or "")


def test_it_counts_over_all_campaigns_of_the_key_and_of_no_other(grown: Engine) -> None:
    acme, other = (customer(grown, ORIGIN, name, most_waiting=20) for name in ("acme", "other"))
    ids = [ready(grown, whose.plant(growing(14)))[0] for whose in (acme, acme, other)]
    for one in ids:
        do(grown, one)
    assert ends(grown, ids) == [GONE_ON, REFUSED, GONE_ON]


def test_a_key_that_is_allowed_more_grows_further(grown: Engine) -> None:
    acme = customer(grown, ORIGIN, most_waiting=20)
    one, two = ready(grown, acme.plant(group([growing(14)] * 2)))
    do(grown, one)
    change_key(grown, acme.key_id, who="test", most_waiting=40)
    do(grown, two)
    assert ends(grown, [one, two]) == [GONE_ON, GONE_ON]


def test_what_is_planted_by_script_for_a_key_counts_too(grown: Engine) -> None:
    acme = customer(grown, ORIGIN, most_waiting=3)
    with pytest.raises(TooManyWaiting):
        acme.plant(group([titles()] * 4))
    assert count(grown) == 0


@pytest.mark.usefixtures("few_tasks")
def test_a_campaign_grows_to_its_bound_whoever_planted_it(grown: Engine) -> None:
    acme = customer(grown, ORIGIN)
    for campaign_id in (acme.plant(group([growing(6)] * 4)), plant(grown, group([growing(6)] * 4))):
        ids = ready(grown, campaign_id)
        for one in ids:
            do(grown, one)
        assert ends(grown, ids) == [GONE_ON, GONE_ON, REFUSED, REFUSED]
        assert "the campaign would have 25 tasks, and may have 20" in (task(grown, ids[2]).reason or "")
        assert len(tasks(grown, campaign_id)) == 4 + 2 * 7


@pytest.mark.usefixtures("few_tasks")
def test_a_canvas_that_is_too_large_by_itself_is_refused(grown: Engine) -> None:
    with pytest.raises(TooManyWaiting):
        plant(grown, group([titles()] * 21))
    plant(grown, group([titles()] * 20))


@pytest.mark.usefixtures("few_tasks")
@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_the_gateway_refuses_such_a_canvas_and_its_dry_run_says_so(api: Api) -> None:
    owned_author(api.engine)
    raw = Raw(api, api.caller())
    member = {"task": "collect_titles", "kwargs": {"author_id": AUTHOR, "count": 1}}
    body = {"reference": "r", "canvas": {"subtask_type": "group", "kwargs": {"tasks": [member] * 21}}}
    answer = raw.send("POST", "/v1/campaigns", body)
    assert (answer.status_code, raw.opened(answer)["problems"][0]["field"]) == (422, "tasks")
    forecast = raw.opened(raw.send("POST", "/v1/campaigns", {**body, "dry_run": True}))
    assert (forecast["accepted"], forecast["problems"][0]["field"]) == (False, "tasks")


# draws


def drawn(engine: Engine, campaign_id: str) -> list[Task]:
    """The directed tasks that are planted when the campaign's draw has run."""
    (one,) = ready(engine, campaign_id)
    do(engine, one)
    return [one for one in tasks(engine, campaign_id) if one.flow == "directed"]


def asked(engine: Engine, counts: Mapping[str, int], videos: int = 2, **more: Any) -> list[Task]:
    texts = [f"好{number}" for number in range(500)]
    canvas = drawing(comments(videos, 300), comment_texts=texts, reply_texts=texts, **counts, **more)
    return drawn(engine, plant(engine, canvas))


MANY: Mapping[str, int] = {"comment": 9000, "reply": 9000, "like_comment": 9000}


def test_no_more_is_drawn_than_the_accounts_may_do_today(grown: Engine) -> None:
    for serial in ("p1", "p2", "p3"):
        online_worker(grown, serial)
    assert len(asked(grown, MANY, videos=9)) == 3 * 40
    spend(grown, "acc-p1", 30)
    assert len(asked(grown, MANY, videos=9)) == 10 + 2 * 40
    set_cap(grown, "actions_per_account_day", 5, who="test")
    assert len(asked(grown, MANY, videos=9)) == 2 * 5


def test_no_more_is_drawn_on_a_video_than_its_accounts_may_do(grown: Engine) -> None:
    for number in range(12):
        known_account(grown, f"acc{number}")
    set_cap(grown, "actions_per_account_day", 7, who="test")
    by_video: dict[str, int] = {}
    for one in asked(grown, MANY, videos=2):
        by_video[one.kwargs["title"]] = by_video.get(one.kwargs["title"], 0) + 1
    assert by_video == {"标题0": 5 * 7, "标题1": 5 * 7}


def test_what_the_caps_leave_room_for_is_drawn_whole(grown: Engine) -> None:
    online_worker(grown, "p1")
    assert len(asked(grown, {"comment": 3, "reply": 3, "like_comment": 5}, videos=3)) == 11


@pytest.mark.parametrize("queue", ["account.acc-p1", "phone.p1"])
def test_work_for_one_account_has_the_room_of_that_account(grown: Engine, queue: str) -> None:
    online_worker(grown, "p1")
    online_worker(grown, "p2")
    spend(grown, "acc-p1", 30)
    assert len(asked(grown, MANY, videos=9, queue=queue)) == 10


def test_a_draw_in_the_sandbox_has_the_room_of_simulated_phones(grown: Engine) -> None:
    online_worker(grown, "p1")
    online_worker(grown, "s1", sandbox=True)
    set_cap(grown, "actions_per_account_day", 4, who="test")
    canvas = drawing(comments(9, 300), like_comment=9000)
    (one,) = ready(grown, (campaign_id := plant(grown, canvas, sandbox=True)))
    do(grown, one)
    assert sum(one.flow == "directed" for one in tasks(grown, campaign_id)) == 4


def test_what_was_not_drawn_is_told(grown: Engine) -> None:
    online_worker(grown, "p1")
    set_cap(grown, "actions_per_account_day", 3, who="test")
    campaign_id = plant(grown, chord([drawing(comments(1, 300), like_comment=50)], app.signature("gather")))
    (one,) = ready(grown, campaign_id)
    do(grown, one)
    (tally,) = [one for one in tasks(grown, campaign_id) if one.flow == "tally"]
    assert (tally.kwargs["asked"]["like_comment"], tally.kwargs["drawn"]["like_comment"]) == (50, 3)
