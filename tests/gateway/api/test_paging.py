"""Lists page by page: to the end, with nothing left out and nothing twice, along an index however long they are."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update
from sqlalchemy.orm import Session

from gateway.access.caller import Caller as Asking
from gateway.api.pages import deliveries_page
from gateway.client.client import Problem
from gateway.keys.api_keys import find_key
from models.database.clock import database_now
from models.notify.delivery_log import Which, forget_deliveries
from models.tables import Campaign, Delivery
from models.transactions.read_write import read, write
from tests.support.gateway.api_server import Api, Caller
from tests.support.gateway.customers import Customer, customer
from tests.support.ledger.drive import AUTHOR, owned_author

ORIGIN = "https://hooks.example.com"
TITLES = {"author_id": AUTHOR, "count": 2}


def cursor_of(raw: str) -> str:
    """A cursor as somebody might make it up."""
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


@pytest.fixture
def acme(api: Api) -> Caller:
    """A customer, with an author that it may act on."""
    owned_author(api.engine)
    return api.caller()


def owing(api: Api, caller: Caller) -> Customer:
    """The same, as one to whom callbacks are owed."""
    return Customer(api.engine, caller.key_id, caller.secret, f"{ORIGIN}/callbacks")


def pages(caller: Caller, what: str, limit: int, **filters: Any) -> Iterator[list[Mapping[str, Any]]]:
    """Page by page, to the end."""
    cursor: str | None = None
    while True:
        query = {"limit": limit, "cursor": cursor, **filters}
        page = caller.client.call("GET", f"/v1/{what}", query=query)
        yield page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def listed(caller: Caller, what: str, limit: int, **filters: Any) -> list[str]:
    return [one["id"] for page in pages(caller, what, limit, **filters) for one in page]


@pytest.mark.parametrize("limit", [1, 3, 9, 10, 50])
def test_callbacks_of_all_keys_of_a_customer_are_listed_once_and_newest_first(
    api: Api, acme: Caller, limit: int
) -> None:
    colleague, other = api.caller(), api.caller("other")
    for count in (3, 1, 2):
        for who in (acme, colleague):
            owing(api, who).owe(count)
    owing(api, other).owe(2)
    ids = listed_in_ledger(api, {acme.key_id, colleague.key_id})
    assert len(ids) == 12
    assert listed(acme, "deliveries", limit) == ids
    assert listed(colleague, "deliveries", limit, state="owed") == ids
    assert listed(acme, "deliveries", limit, state="failed") == []


def listed_in_ledger(api: Api, key_ids: set[str]) -> list[str]:
    wanted = select(Delivery.id).where(Delivery.key_id.in_(key_ids)).order_by(Delivery.number.desc())
    return list(read(api.engine, lambda session: session.scalars(wanted).all()))


def test_what_is_owed_meanwhile_moves_no_page_of_callbacks(api: Api, acme: Caller) -> None:
    owed = owing(api, acme)
    ids = owed.owe(5)
    found: list[str] = []
    for page in pages(acme, "deliveries", 2):
        found += [one["id"] for one in page]
        owed.owe()
    assert found == ids[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_campaigns_of_one_moment_are_listed_once_each(api: Api, acme: Caller, limit: int) -> None:
    ids = [acme.client.submit("collect_titles", TITLES, reference=f"r{n}").raw["campaign_id"] for n in range(7)]
    api.caller("other").client.submit("collect_titles", TITLES, reference="r")

    def same_moment(session: Session) -> None:
        moment = database_now(session)
        for few, earlier in ((ids[:4], 1), (ids[4:], 0)):
            at = moment - timedelta(seconds=earlier)
            session.execute(update(Campaign).where(Campaign.id.in_(few)).values(created_at=at))

    write(api.engine, same_moment)
    assert listed(acme, "campaigns", limit) == [*sorted(ids[4:], reverse=True), *sorted(ids[:4], reverse=True)]


@pytest.mark.parametrize(
    ("what", "cursor"),
    [
        *(
            ("tasks", one)
            for one in ("x", "AAAA", "W10", "WyJ0YXNrcyIsICIyMDIwIiwgIngiXQ", "W1tbW1tbW1tbW1tbW1tbW1tb", "é")
        ),
        ("tasks", cursor_of('["tasks","0001-01-01T00:00:00+10:00","x"]')),
        ("tasks", cursor_of('["tasks","9999-12-31T23:59:59-10:00","x"]')),
        ("records", cursor_of('["records","0001-01-01T00:00:00+00:00","x"]')),
        ("records", cursor_of('["records","9999-12-31T23:59:59+00:00","x"]')),
        ("campaigns", cursor_of('["tasks","2026-01-01T00:00:00+00:00","x"]')),
        *(
            ("deliveries", cursor_of(f'["deliveries",{one}]'))
            for one in ("-1", "true", '"1"', "1.0", "1,2", str(2**63))
        ),
        ("deliveries", cursor_of('["deliveries"]')),
        ("deliveries", cursor_of('{"deliveries":1}')),
    ],
)
def test_a_cursor_that_was_made_up_is_refused(acme: Caller, what: str, cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        acme.client.call("GET", f"/v1/{what}", query={"cursor": cursor})
    assert refused.value.code == "refused"
    assert [one["field"] for one in refused.value.problems] == ["cursor"]


def plans(engine: Engine, work: Callable[[Session], object]) -> list[str]:
    """How SQLite goes about each statement over deliveries."""
    asked: list[tuple[str, Any]] = []

    def heard(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", heard)
    try:
        write(engine, work)
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    with engine.connect() as connection:
        return [
            row[3]
            for statement, parameters in asked
            if "deliveries" in statement
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_pages_and_forgetting_walk_along_an_index(ledger: Engine, master_key: str) -> None:
    acme, colleague = (customer(ledger, ORIGIN) for _ in range(2))
    acme.owe(3)
    key = read(ledger, lambda session: find_key(session, acme.key_id))
    assert key is not None
    asking = Asking(key, (acme.key_id, colleague.key_id), "req_1")
    following = read(ledger, lambda session: deliveries_page(session, asking, Which(), None, 1)[1])
    paged = plans(ledger, lambda session: deliveries_page(session, asking, Which(), following, 1))
    assert sum("ix_deliveries_key (key_id=? AND number<?)" in step for step in paged) == 2
    forgot = plans(ledger, lambda session: forget_deliveries(session, datetime.now().astimezone()))
    assert "ix_deliveries_created (created_at<?)" in forgot[0]
    # each key's part of a page, with a LIMIT of its own, is put together with the others
    steps = [step for step in [*paged, *forgot] if not step.startswith("SCAN anon_")]
    assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step]
