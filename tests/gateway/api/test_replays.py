"""Callbacks are sent once more over HTTP: so many for one request, until all are, and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update

import gateway.api.deliveries as resource
from gateway.access.caller import accept_once
from gateway.client.client import Problem
from models.database.clock import database_now
from models.notify import replays
from models.notify.delivery_log import Which
from models.notify.replays import replay_all
from models.tables import Delivery, Endpoint
from models.transactions.read_write import read, write
from tests.support.gateway.api_server import Api, Caller
from tests.support.gateway.customers import Customer

CALLBACKS = "https://hooks.example.com/callbacks"
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def acme(api: Api) -> Caller:
    """A customer."""
    return api.caller()


def owing(api: Api, caller: Caller, count: int, url: str = CALLBACKS) -> list[str]:
    """Owe so many callbacks; their ids in order."""
    return Customer(api.engine, caller.key_id, caller.secret, url).owe(count)


def settle(engine: Engine, state: str = "delivered") -> list[str]:
    """What is owed gets this state; the ids in order."""

    owed = select(Delivery.id).where(Delivery.state == "owed").order_by(Delivery.number)
    ids = list(read(engine, lambda session: session.scalars(owed).all()))
    write(engine, lambda session: session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(state=state)))
    return ids


def replay(caller: Caller, **more: Any) -> Mapping[str, Any]:
    return caller.client.call("POST", "/v1/deliveries/replay", {"since": LONG_AGO, **more})


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five for one request, two in one transaction."""
    monkeypatch.setattr(resource, "MOST_REPLAYED", 5)
    monkeypatch.setattr(replays, "MOST_REPLAYED", 5)
    monkeypatch.setattr(replays, "BATCH_SIZE", 2)


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("count", [0, 4, 5, 6, 12])
def test_a_replay_goes_on_until_all_were_owed_once_more_and_none_twice(api: Api, acme: Caller, count: int) -> None:
    ids = owing(api, acme, count) if count else []
    for other in (api.caller("other"), api.caller("acme")):
        owing(api, other, 3)
    settle(api.engine)
    replayed: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        told = replay(acme, cursor=cursor)
        few = settle(api.engine)
        assert told["replayed"] == len(few) <= 5
        replayed += few
        cursor = told["next"]
        if cursor is None:
            break
        owing(api, acme, 1)  # and it arrives: it came after the replay was asked for
        settle(api.engine)
    assert replayed == ids


@pytest.mark.usefixtures("few_at_once")
def test_what_the_operator_replays_is_not_bounded(api: Api, acme: Caller) -> None:
    ids = owing(api, acme, 13)
    settle(api.engine)
    assert replay_all(api.engine, Which(key_id=acme.key_id), who="lena") == 13
    assert settle(api.engine) == ids


def test_a_replay_takes_what_is_asked_for_and_leaves_alone_what_is_owed(api: Api, acme: Caller) -> None:
    failed = owing(api, acme, 2)
    settle(api.engine, "failed")
    arrived = owing(api, acme, 2)
    settle(api.engine)
    assert replay(acme, state="failed") == {"replayed": 2, "next": None}
    assert replay(acme, state="failed") == {"replayed": 0, "next": None}
    assert settle(api.engine) == failed
    assert replay(acme, until=LONG_AGO)["replayed"] == 0
    owed = owing(api, acme, 1)
    assert replay(acme)["replayed"] == 4
    assert settle(api.engine) == [*failed, *arrived, *owed]


@pytest.mark.parametrize("cursor", ["x", "WyJkZWxpdmVyaWVzIiw1XQ", "WyJyZXBsYXkiLDFd", "WyJyZXBsYXkiLC0xLDFd"])
def test_a_cursor_that_no_replay_gave_is_refused(api: Api, acme: Caller, cursor: str) -> None:
    owing(api, acme, 1)
    settle(api.engine)
    with pytest.raises(Problem) as refused:
        replay(acme, cursor=cursor)
    assert [one["field"] for one in refused.value.problems] == ["cursor"]
    assert settle(api.engine) == []


@pytest.mark.usefixtures("few_at_once")
def test_nothing_is_replayed_while_an_address_of_the_range_is_gone(api: Api, acme: Caller) -> None:
    owing(api, acme, 6)
    (last,) = owing(api, acme, 1, url=f"{CALLBACKS}/gone")
    settle(api.engine)
    gone = update(Endpoint).where(Endpoint.address == f"{CALLBACKS}/gone")
    write(api.engine, lambda session: session.execute(gone.values(disabled_at=database_now(session))))
    for path, body in (("replay", {"since": LONG_AGO}), (f"{last}/replay", None)):
        with pytest.raises(Problem) as refused:
            acme.client.call("POST", f"/v1/deliveries/{path}", body)
        assert (refused.value.status, refused.value.code) == (409, "not_now")
        (problem,) = refused.value.problems
        assert (problem["field"], problem["reason"]) == ("endpoint", f"{CALLBACKS}/gone said that it is gone")
        assert "ask the operator" in problem["remedy"]
        assert "phonefleet" not in problem["remedy"]
    assert settle(api.engine) == []


def test_one_callback_is_sent_once_more_unless_it_is_being_sent(api: Api, acme: Caller) -> None:
    (one,) = owing(api, acme, 1)
    assert acme.client.call("POST", f"/v1/deliveries/{one}/replay") == {"replayed": 1}
    held = read(api.engine, database_now) + timedelta(minutes=1)
    write(api.engine, lambda s: s.execute(update(Delivery).values(claimed_by="somebody", next_at=held)))
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", f"/v1/deliveries/{one}/replay")
    assert (refused.value.code, refused.value.problems[0]["field"]) == ("not_now", "delivery")
    settle(api.engine)
    assert acme.client.call("POST", f"/v1/deliveries/{one}/replay") == {"replayed": 1}
    assert settle(api.engine) == [one]


def test_one_that_is_forgotten_in_between_is_not_there(api: Api, acme: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = owing(api, acme, 1)
    accept = accept_once

    def and_forget(engine: Engine, caller: Any) -> None:
        accept(engine, caller)
        write(engine, lambda session: session.execute(delete(Delivery)))

    monkeypatch.setattr(resource, "accept_once", and_forget)
    with pytest.raises(Problem) as refused:
        acme.client.call("POST", f"/v1/deliveries/{one}/replay")
    assert (refused.value.status, refused.value.code, refused.value.problems) == (404, "not_found", [])
