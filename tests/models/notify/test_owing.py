"""A callback is owed in the very transaction of its event: for each end of a task, a review, a campaign, an alert."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import chain, group
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.alerts import raise_alert
from models.notify.deliveries import owe_task
from models.tables import Delivery, Endpoint, Phone, Task
from models.transactions.read_write import read, write
from tests.support.gateway.customers import Customer, customer, deliveries, endpoint, task_of
from tests.support.ledger.doubts import in_doubt, looking
from tests.support.ledger.drive import do, fail, like, online_worker, owned_author, plant, ready, take, titles, work
from workers.attempts.outcome import Failed, Succeeded
from workers.attempts.record import record
from workers.control.phone_pause import release_phone
from workers.control.review import settle
from workers.control.stop import stop_campaign
from workers.coordinator.close_campaigns import close_ended
from workers.lifecycle.dependents import close_campaign

ORIGIN = "https://hooks.example.com"
TITLES = {"titles": [{"author_id": "xiaopeng", "author": "小鹏汽车", "title": "标题 😀"}]}


@pytest.fixture(autouse=True)
def _with_master_key(master_key: str) -> None:
    """Customers have keys."""


@pytest.fixture
def acme(ledger: Engine) -> Customer:
    """A customer, and an author on whose content we may act."""
    owned_author(ledger)
    return customer(ledger, ORIGIN)


def owed(engine: Engine) -> list[tuple[str, str]]:
    return [(one.event_type, one.state) for one in deliveries(engine)]


def succeed(engine: Engine, task_id: str) -> None:
    record(engine, take(engine, task_id, online_worker(engine, "p1")), Succeeded(TITLES))


def give_up(engine: Engine, task_id: str) -> None:
    record(
        engine,
        take(engine, task_id, online_worker(engine, "p1")),
        Failed("video_not_found", "标题 is not there", "find"),
    )


def stop(engine: Engine, task_id: str) -> None:
    campaign_id = read(engine, lambda session: session.get_one(Task, task_id).campaign_id)
    stop_campaign(engine, campaign_id, who="lena", why="enough")


@pytest.mark.parametrize(
    ("end", "event", "code"),
    [
        (succeed, "task.succeeded", None),
        (give_up, "task.failed", "video_not_found"),
        (stop, "task.stopped", "stopped"),
    ],
)
def test_each_end_of_a_task_is_owed_to_its_address(
    ledger: Engine, acme: Customer, end: Callable[[Engine, str], None], event: str, code: str | None
) -> None:
    campaign_id = acme.plant(titles(), reference="order-1")
    task_id = task_of(ledger, campaign_id).id
    end(ledger, task_id)
    of_task, of_campaign = deliveries(ledger)
    assert (of_task.event_type, of_task.state, of_task.url) == (event, "owed", acme.url)
    assert (of_task.key_id, of_task.task_id, of_task.subject) == (acme.key_id, task_id, f"task:{task_id}")
    told = of_task.payload
    assert (told["task_id"], told["reference"], told["state"]) == (task_id, "order-1", event.removeprefix("task."))
    assert (told["failure"] or {}).get("code") == code
    if event == "task.succeeded":
        assert told["result"]["titles"][0]["title"] == "标题 😀"
    assert of_campaign.event_type == "campaign.ended"


def test_a_task_that_needs_a_person_says_so_and_its_end_comes_after_it(ledger: Engine, acme: Customer) -> None:
    task_id, _ = in_doubt(ledger)
    _belongs_to(acme, task_id)
    record(ledger, looking(ledger, task_id), Failed("unverifiable", "the comment is gone"))
    settle(ledger, task_id, "give-up", who="lena")
    review, end = (one for one in deliveries(ledger) if one.task_id == task_id)
    assert (review.event_type, end.event_type) == ("task.needs_review", "task.failed")
    assert (review.payload["state"], review.payload["failure"]["reason"]) == ("needs_review", "the comment is gone")
    assert (review.subject, review.number < end.number) == (end.subject, True)


def test_what_is_nobodys_or_names_no_address_owes_nothing(ledger: Engine, acme: Customer) -> None:
    for campaign_id in (plant(ledger, titles()), acme.plant(titles(), url=None)):
        succeed(ledger, task_of(ledger, campaign_id).id)
    assert deliveries(ledger) == []


def test_work_at_the_desk_is_a_step_and_owes_nothing_but_the_campaign_does(ledger: Engine, acme: Customer) -> None:
    campaign_id = acme.plant(chain(work(1), work(2)))
    for _ in range(2):
        (task_id,) = ready(ledger, campaign_id)
        do(ledger, task_id)
    assert owed(ledger) == [("campaign.ended", "owed")]


def test_a_campaign_tells_what_was_asked_what_came_and_why_the_rest_did_not(ledger: Engine, acme: Customer) -> None:
    owned_author(ledger)
    canvas = group(titles(), titles(), chain(fail(), like()))
    campaign_id = acme.plant(canvas, reference="day-7")
    one, other, desk = ready(ledger, campaign_id)
    succeed(ledger, one)
    give_up(ledger, other)
    do(ledger, desk)
    told = deliveries(ledger)[-1].payload
    assert (told["campaign_id"], told["reference"], told["outcome"]) == (campaign_id, "day-7", "failed")
    counted = told["completeness"]
    assert (counted["asked"], counted["got"], counted["missing"]) == (3, 1, 2)
    assert counted["flows"] == {
        "collect_titles": {"asked": 2, "got": 1, "missing": 1, "why": {"video_not_found": 1}},
        "directed": {"asked": 1, "got": 0, "missing": 1, "why": {"prerequisite_failed": 1}},
    }


def test_a_campaign_ends_once_whoever_looks_again(ledger: Engine, acme: Customer) -> None:
    campaign_id = acme.plant(titles())
    succeed(ledger, task_of(ledger, campaign_id).id)
    for _ in range(2):
        write(ledger, lambda session: close_campaign(session, campaign_id, database_now(session)))
        close_ended(ledger)
    assert [event for event, _ in owed(ledger)].count("campaign.ended") == 1


def test_a_transaction_that_does_not_commit_owes_nothing(ledger: Engine, acme: Customer) -> None:
    task_id = task_of(ledger, acme.plant(titles())).id

    def broken(session: Session) -> None:
        task = session.get_one(Task, task_id)
        task.state = "succeeded"
        owe_task(session, task, database_now(session))
        session.flush()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        write(ledger, broken)
    assert deliveries(ledger) == []


def alarm(engine: Engine, kind: str, subject: str) -> None:
    write(engine, lambda session: raise_alert(session, kind, subject, "文字", "do this", database_now(session)))


def test_alerts_and_quarantines_go_to_whom_asked_for_them(ledger: Engine) -> None:
    quiet = customer(ledger, ORIGIN, "quiet")
    both = customer(ledger, ORIGIN, "both", events_url=f"{ORIGIN}/events", wants_alerts=True, wants_quarantines=True)
    phones = customer(ledger, ORIGIN, "phones", events_url=f"{ORIGIN}/phones", wants_quarantines=True)
    online_worker(ledger, "p1")
    alarm(ledger, "phone_quarantined", "phone:p1")
    alarm(ledger, "account_twice", "account:a1")
    told = [(one.key_id, one.event_type, one.url, one.payload["subject"]) for one in deliveries(ledger)]
    assert quiet.key_id not in {key_id for key_id, *_ in told}
    assert sorted(told) == sorted(
        [
            (both.key_id, "phone.quarantined", f"{ORIGIN}/events", "phone:p1"),
            (phones.key_id, "phone.quarantined", f"{ORIGIN}/phones", "phone:p1"),
            (both.key_id, "alert", f"{ORIGIN}/events", "account:a1"),
        ]
    )


def test_an_alert_names_nobody_of_the_operators(ledger: Engine) -> None:
    customer(ledger, ORIGIN, "acme", events_url=f"{ORIGIN}/events", wants_alerts=True)
    online_worker(ledger, "p1")
    quarantined = update(Phone).values(quarantined_until=datetime.now(UTC), quarantine_why="in quarantine: lena's")
    write(ledger, lambda session: session.execute(quarantined))
    release_phone(ledger, "p1", who="lena")
    (owed,) = deliveries(ledger)
    assert owed.payload["subject"] == "phone:p1"
    assert owed.payload["text"] == "phone p1 is released from quarantine and works again"
    assert "lena" not in json.dumps(owed.payload)


def test_an_alert_goes_to_nobody_who_may_not_see_what_it_is_about(ledger: Engine) -> None:
    owned_author(ledger)
    asks: dict[str, Any] = {"events_url": f"{ORIGIN}/events", "wants_alerts": True, "wants_quarantines": True}
    acme = customer(ledger, ORIGIN, "acme", **asks)
    other = customer(ledger, ORIGIN, "other", **asks)
    trial = customer(ledger, ORIGIN, "acme", sandbox=True, **asks)
    online_worker(ledger, "real")
    online_worker(ledger, "simulated", sandbox=True)
    mine = task_of(ledger, acme.plant(titles(), url=None)).id
    (operators,) = ready(ledger, plant(ledger, titles()))
    acme.owe()
    failing = endpoint(ledger).id

    def told(kind: str, subject: str) -> set[str]:
        before = len(deliveries(ledger))
        alarm(ledger, kind, subject)
        return {one.key_id for one in deliveries(ledger)[before:]}

    assert told("needs_review", f"task:{mine}") == {acme.key_id}
    assert told("needs_review", f"task:{operators}") == set()
    assert told("endpoint_failing", f"endpoint:{failing}") == {acme.key_id}
    assert told("phone_quarantined", "phone:real") == {acme.key_id, other.key_id}
    assert told("phone_quarantined", "phone:simulated") == {trial.key_id}
    assert told("hub_lost", "host:shelf-1") == {acme.key_id, other.key_id}
    assert told("schedule_refused", "schedule:1") == set()


def test_what_is_owed_to_a_disabled_endpoint_is_kept_and_not_sent(ledger: Engine, acme: Customer) -> None:
    acme.owe()
    write(ledger, lambda session: session.execute(update(Endpoint).values(disabled_at=database_now(session))))
    acme.owe()
    assert [(one.state, one.last_error) for one in deliveries(ledger)][1] == ("disabled", "endpoint_disabled")


@pytest.mark.parametrize("url", ["nonsense", "http://\x00/", "https://user@a.example/"])
def test_a_task_ends_even_if_its_address_became_none(ledger: Engine, acme: Customer, url: str) -> None:
    task_id = task_of(ledger, acme.plant(titles())).id
    write(ledger, lambda session: session.execute(update(Task).values(callback_url=url.replace("\x00", " "))))
    succeed(ledger, task_id)
    assert read(ledger, lambda session: session.get_one(Task, task_id).state) == "succeeded"
    of_task = deliveries(ledger)[0]
    assert (of_task.state, of_task.last_error) == ("failed", "bad_address")


def test_one_receiver_is_one_endpoint_whatever_the_query(ledger: Engine, acme: Customer) -> None:
    for number in range(3):
        acme.owe(url=f"{acme.url}?task={number}")
    assert endpoint(ledger).address == acme.url
    assert len({one.lane for one in deliveries(ledger)}) == 1
    assert len(set(read(ledger, lambda session: session.scalars(select(Delivery.id)).all()))) == 3


def _belongs_to(acme: Customer, task_id: str) -> None:
    values: dict[str, Any] = {"key_id": acme.key_id, "callback_url": acme.url}
    write(acme.engine, lambda session: session.execute(update(Task).where(Task.id == task_id).values(**values)))
