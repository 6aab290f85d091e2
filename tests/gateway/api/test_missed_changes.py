"""Whoever asks for changes from a place gets every one after it, or is told that some are gone and where to go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from gateway.client.client import Client, Problem
from models.database.clock import database_now
from models.history.state_changes import KEPT, forget_changes, last_position, number_changes
from models.tables import StateChange
from models.transactions.read_write import read, write
from tests.support.gateway.api_server import Api, Caller
from tests.support.ledger.drive import AUTHOR, owned_author

TITLES = {"author_id": AUTHOR, "count": 2}


@pytest.fixture
def acme(api: Api) -> Caller:
    """A customer with six changes: each of three tasks was planted, and its campaign."""
    owned_author(api.engine)
    caller = api.caller()
    plant(api, caller, 3)
    return caller


def plant(api: Api, caller: Caller, count: int, name: str = "r") -> None:
    for number in range(count):
        caller.client.submit("collect_titles", TITLES, reference=f"{name}{number}")
    number_changes(api.engine)


def forget(api: Api, caller: Caller, *positions: int) -> None:
    """These are older than they are kept."""

    def work(session: Session) -> None:
        now = database_now(session)
        which = (StateChange.key_id == caller.key_id, StateChange.position.in_(positions))
        session.execute(update(StateChange).where(*which).values(at=now - KEPT - timedelta(days=1)))
        assert forget_changes(session, now) == len(positions)

    write(api.engine, work)


def positions(client: Client, since: int) -> list[int]:
    found, following = client.changes(since)
    assert following == (found[-1]["position"] if found else since)
    return [one["position"] for one in found]


def gone(client: Client, since: int) -> int:
    """It is refused so, and names a place from which it goes on: that place."""
    with pytest.raises(Problem) as refused:
        client.changes(since)
    assert (refused.value.status, refused.value.code) == (410, "changes_gone")
    (problem,) = refused.value.problems
    assert (problem["field"], f"after {since}, " in problem["reason"]) == ("since", True)
    return int(problem["remedy"].rpartition("since=")[2])


def test_who_missed_some_is_told_where_to_go_on_and_misses_no_more(api: Api, acme: Caller) -> None:
    forget(api, acme, 1, 2, 3)
    assert gone(acme.client, 1) == gone(acme.client, 2) == 3
    assert positions(acme.client, 3) == positions(acme.client, 0) == [4, 5, 6]


def test_who_missed_some_is_told_when_nothing_at_all_is_kept(api: Api, acme: Caller) -> None:
    forget(api, acme, *range(1, 7))
    assert gone(acme.client, 5) == 6
    assert positions(acme.client, 6) == positions(acme.client, 0) == []
    plant(api, acme, 1, "later")
    assert positions(acme.client, 6) == positions(acme.client, 0) == [7, 8]


def test_a_page_ends_before_one_that_is_gone(api: Api, acme: Caller) -> None:
    forget(api, acme, 1, 2, 4)
    assert positions(acme.client, 0) == positions(acme.client, 2) == [3]
    assert gone(acme.client, 3) == 4
    assert positions(acme.client, 4) == [5, 6]


@pytest.mark.parametrize("since", [7, 2**63 - 1])
def test_a_position_that_nobody_was_given_is_refused(acme: Caller, since: int) -> None:
    with pytest.raises(Problem) as refused:
        acme.client.changes(since)
    assert (refused.value.code, refused.value.problems[0]["field"]) == ("refused", "since")
    assert "the last one is 6" in refused.value.problems[0]["reason"]
    assert positions(acme.client, 6) == []


def test_a_key_without_changes_begins_at_the_beginning(api: Api, acme: Caller) -> None:
    newcomer = api.caller("newcomer")
    assert positions(newcomer.client, 0) == []
    assert read(api.engine, lambda session: last_position(session, newcomer.key_id)) == 0


def test_changes_of_others_are_not_there(api: Api, acme: Caller) -> None:
    other = api.caller("other")
    plant(api, other, 1)
    (campaign, task), _ = other.client.changes()
    assert [one["position"] for one in (campaign, task)] == [1, 2]
    mine = {one["campaign_id"] for one in acme.client.changes()[0]}
    assert campaign["campaign_id"] not in mine
    assert len(mine) == 3
