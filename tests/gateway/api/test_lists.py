"""Lists of tasks: every filter and every two of them give what a plain look at all rows gives, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from benchmarks.list_rows import campaign_row, delivery_row, task_row
from gateway.access.caller import Caller
from gateway.api.pages import TaskFilter, campaigns_page, deliveries_page, tasks_page
from gateway.keys.api_keys import Key
from models.database.index_walk import MOST_SCANNED
from models.notify.delivery_log import Which
from models.tables import Campaign, Delivery, Task
from models.transactions.read_write import read, write

KEYS = ("key_a", "key_b")
START = datetime(2026, 3, 1, tzinfo=UTC)
FILTERS: dict[str, Any] = {
    "campaign": "c1",
    "reference": "r7",
    "flow": "directed",
    "state": "failed",
    "account": "acc1",
    "phone": "p1",
    "author": "author1",
    "since": START + timedelta(seconds=20),
    "until": START + timedelta(seconds=60),
}


def asking(sees: tuple[str, ...] = KEYS) -> Caller:
    return Caller(Key(sees[0], "n", "acme", False, (), 10.0, 1000, 3, False, ()), sees, "req_1")


@pytest.fixture
def filled(ledger: Engine) -> Engine:
    """400 tasks of two keys of one customer and of another's, drawn, many of one moment."""
    rng = Random(7)
    campaigns = [
        campaign_row(
            f"c{number}", key, START, outcome=rng.choice([None, "failed", "succeeded"]), paused=number % 3 == 0
        )
        for number, key in enumerate((*KEYS, "key_other") * 4)
    ]
    tasks = []
    for number in range(400):
        campaign = rng.choice(campaigns)
        tasks.append(
            task_row(
                f"t{number:04}",
                campaign["id"],
                campaign["key_id"],
                START + timedelta(seconds=rng.randrange(80)),
                reference=f"r{number}" if number % 3 else None,
                flow=rng.choice(["directed", "nurture"]),
                state=rng.choice(["failed", "succeeded", "ready"]),
                account_id=rng.choice(["acc1", "acc2", None]),
                pinned_account=rng.choice(["acc1", None, None]),
                phone_serial=rng.choice(["p1", "p2", None]),
                pinned_phone=rng.choice(["p1", None, None]),
                author_id=rng.choice(["author1", "author2"]),
            )
        )
    deliveries = [
        delivery_row(
            f"d{number}", rng.choice((*KEYS, "key_other")), START + timedelta(seconds=number), f"t{number % 9}"
        )
        | {"state": rng.choice(["owed", "failed"]), "campaign_id": f"c{number % 5}"}
        for number in range(120)
    ]

    def fill(session: Session) -> None:
        for table, rows in ((Campaign, campaigns), (Task, tasks), (Delivery, deliveries)):
            session.execute(insert(table), rows)

    write(ledger, fill)
    return ledger


def pages(engine: Engine, page: Any, limit: int, **asked: Any) -> Iterator[list[Any]]:
    cursor = None
    for _ in range(1000):
        rows, cursor = read(engine, partial(page, caller=asking(), cursor=cursor, limit=limit, **asked))
        assert len(rows) <= limit
        yield list(rows)
        if cursor is None:
            return
    raise AssertionError("the list does not end")


def plainly(engine: Engine, which: TaskFilter) -> list[str]:
    """The same without any index in mind."""

    def fits(task: Task) -> bool:
        return (
            task.key_id in KEYS
            and which.campaign in (None, task.campaign_id)
            and which.reference in (None, task.reference)
            and which.flow in (None, task.flow)
            and which.state in (None, task.state)
            and which.account in (None, task.account_id, task.pinned_account)
            and which.phone in (None, task.phone_serial, task.pinned_phone)
            and which.author in (None, task.author_id)
            and (which.since is None or task.created_at >= which.since)
            and (which.until is None or task.created_at < which.until)
        )

    every = read(engine, lambda session: list(session.scalars(select(Task))))
    return [one.id for one in sorted(every, key=lambda one: (one.created_at, one.id), reverse=True) if fits(one)]


def test_every_filter_and_every_two_give_each_task_once_and_newest_first(filled: Engine) -> None:
    asked = [{}, *({name: FILTERS[name]} for name in FILTERS)]
    asked += [{one: FILTERS[one], other: FILTERS[other]} for one, other in combinations(FILTERS, 2)]
    for given in asked:
        which = TaskFilter(**given)
        for limit in (7, 200):
            found = [one.id for page in pages(filled, tasks_page, limit, which=which) for one in page]
            assert found == plainly(filled, which), (given, limit)


def test_a_campaign_of_another_customer_has_no_tasks(filled: Engine) -> None:
    assert read(filled, lambda s: tasks_page(s, asking(), TaskFilter(campaign="c2"), None, 50)) == ([], None)
    assert read(filled, lambda s: tasks_page(s, asking(), TaskFilter(campaign="none"), None, 50)) == ([], None)


@pytest.mark.parametrize("state", [None, "open", "paused", "failed", "succeeded", "stopped"])
def test_campaigns_of_every_state(filled: Engine, state: str | None) -> None:
    def fits(one: Campaign) -> bool:
        if state in ("open", "paused"):
            return one.outcome is None and one.paused == (state == "paused")
        return state in (None, one.outcome)

    every = read(filled, lambda session: list(session.scalars(select(Campaign).where(Campaign.key_id.in_(KEYS)))))
    wanted = sorted((one.id for one in every if fits(one)), reverse=True)
    assert [one.id for page in pages(filled, campaigns_page, 2, state=state, reference=None) for one in page] == wanted


@pytest.mark.parametrize(
    "given",
    [
        {"state": "failed"},
        {"task_id": "t3"},
        {"campaign_id": "c2"},
        {"since": START + timedelta(seconds=30)},
        {"until": START + timedelta(seconds=90)},
        {"since": START + timedelta(seconds=30), "until": START + timedelta(seconds=90)},
        {"state": "owed", "campaign_id": "c1"},
        {"task_id": "t3", "campaign_id": "c3", "state": "owed"},
        {"state": "owed", "until": START + timedelta(seconds=90)},
    ],
    ids=str,
)
def test_callbacks_of_every_sort(filled: Engine, given: dict[str, Any]) -> None:
    which = Which(**given)
    ours = select(Delivery.id).where(Delivery.key_id.in_(KEYS), *which.conditions()).order_by(Delivery.number.desc())
    wanted = read(filled, lambda session: list(session.scalars(ours)))
    assert wanted
    assert [one.id for page in pages(filled, deliveries_page, 3, which=which) for one in page] == wanted


def test_a_page_looks_at_so_many_rows_and_the_list_goes_on(ledger: Engine) -> None:
    """Tasks of an author, and of a flow that only the oldest of them has."""
    count = 2 * MOST_SCANNED + 100
    rows = [
        task_row(f"t{n:05}", "c", "key_a", START + timedelta(seconds=n), flow="directed" if n < 3 else "nurture")
        for n in range(count)
    ]

    def fill(session: Session) -> None:
        session.execute(insert(Campaign), [campaign_row("c", "key_a", START)])
        session.execute(insert(Task), rows)

    write(ledger, fill)
    which = TaskFilter(author=rows[0]["author_id"], flow="directed")
    came = [[one.id for one in page] for page in pages(ledger, tasks_page, 50, which=which)]
    assert came == [[], [], ["t00002", "t00001", "t00000"]]
