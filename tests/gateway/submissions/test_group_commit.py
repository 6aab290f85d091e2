"""Requests that stand in line together are planted in one transaction, and each gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.access.caller import Caller, Keyring, Replayed
from gateway.keys.api_keys import KeySpec, make_key
from gateway.problem import ApiProblem
from gateway.submissions.group_commit import GroupCommitter
from gateway.submissions.open_task_quota import OpenTaskQuota
from gateway.submissions.plant import Show
from gateway.submissions.submission import Submission, compile_task, digest_of
from models.tables import Campaign, SeenId, StateChange, Task
from models.transactions.read_write import read
from tests.support.ledger.drive import AUTHOR, owned_author


@pytest.fixture
def planter(ledger: Engine, master_key: str) -> GroupCommitter:
    """One that was not started yet."""
    owned_author(ledger)
    return GroupCommitter(ledger, OpenTaskQuota())


def caller(engine: Engine, request_id: str, key_id: str, **_: Any) -> Caller:
    """A request of a key."""
    known = Keyring(engine).find(key_id)
    assert known is not None
    return Caller(known.key, known.shares_with, request_id)


def submission_of(reference: str, count: int = 1, author: str = AUTHOR) -> Submission:
    """A task that collects so many titles."""
    params = {"author_id": author, "count": count}
    planted = compile_task("collect_titles", params, {})
    return Submission("task", reference, "test", planted, "all", 1, params, digest_of("task", params), None, None)


def ids(_session: Session, campaigns: Sequence[Campaign]) -> list[str]:
    """The answer: each campaign's id."""
    return [one.id for one in campaigns]


def together(planter: GroupCommitter, asked: Sequence[tuple[Caller, Submission]], show: Show = ids) -> list[Any]:
    """What came of requests that all stood in line before the first was served; errors as they are."""

    async def ask() -> list[Any]:
        tasks = [asyncio.ensure_future(planter.plant_in_batch(one, its, show)) for one, its in asked]
        await asyncio.sleep(0)  # all of them stand in line
        planter.start()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    try:
        came: list[Any] = asyncio.run(ask())
        return came
    finally:
        planter.stop()


def count(engine: Engine, table: Any) -> int:
    """How many rows a table has."""
    return read(engine, lambda session: session.scalar(select(func.count()).select_from(table))) or 0


def test_many_are_planted_with_as_many_statements_as_one(ledger: Engine, planter: GroupCommitter) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    callers = [caller(ledger, f"req_{number}", key_id) for number in range(20)]
    commits: list[object] = []

    def commit(connection: object) -> None:
        commits.append(connection)

    event.listen(ledger, "commit", commit)
    try:
        came = together(planter, [(one, submission_of(f"r{number}")) for number, one in enumerate(callers)])
    finally:
        event.remove(ledger, "commit", commit)
    assert len({shown for shown, _ in came}) == 20
    assert all(new for _, new in came)
    assert len(commits) == 1
    assert (count(ledger, Task), count(ledger, SeenId), count(ledger, StateChange)) == (20, 20, 40)


def test_one_reference_twice_in_the_line_is_one_campaign(ledger: Engine, planter: GroupCommitter) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    other_id, _ = make_key(ledger, KeySpec("test", "other"), who="test")
    asked = [
        (caller(ledger, "req_1", key_id), submission_of("one")),
        (caller(ledger, "req_2", key_id), submission_of("one")),
        (caller(ledger, "req_3", key_id), submission_of("one", count=2)),
        (caller(ledger, "req_1", other_id), submission_of("one")),
    ]
    first, second, third, theirs = together(planter, asked)
    assert first == (second[0], True)
    assert not second[1]
    assert isinstance(third, ApiProblem)
    assert third.code == "reference_taken"
    assert theirs[1]
    assert theirs[0] != first[0]


def test_what_is_refused_stops_nobody_else(ledger: Engine, planter: GroupCommitter) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme", most_waiting=2), who="test")
    asked = [
        (caller(ledger, "req_1", key_id), submission_of("one")),
        (caller(ledger, "req_2", key_id), submission_of("two", author="nobody")),
        (caller(ledger, "req_3", key_id), submission_of("three")),
        (caller(ledger, "req_4", key_id), submission_of("four")),
    ]
    one, two, three, four = together(planter, asked)
    assert one[1]
    assert three[1]
    assert isinstance(two, ApiProblem)
    assert [problem.field for problem in two.problems] == ["params.author_id"]
    assert isinstance(four, ApiProblem)
    assert four.code == "too_many_waiting"
    assert (count(ledger, Task), count(ledger, SeenId)) == (2, 4)


def test_a_replay_in_the_line_stops_nobody_else(ledger: Engine, planter: GroupCommitter) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    asked = [
        (caller(ledger, "req_1", key_id), submission_of("one")),
        (caller(ledger, "req_1", key_id), submission_of("two")),
        (caller(ledger, "req_2", key_id), submission_of("three")),
    ]
    one, two, three = together(planter, asked)
    assert one[1]
    assert three[1]
    assert isinstance(two, Replayed)
    assert count(ledger, Task) == 2


def test_one_that_cannot_be_planted_stops_nobody_else(ledger: Engine, planter: GroupCommitter) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    asked = [(caller(ledger, f"req_{number}", key_id), submission_of(f"r{number}")) for number in range(3)]

    def show(session: Session, campaigns: Sequence[Campaign]) -> list[str]:
        if "r1" in {one.reference for one in campaigns}:
            raise RuntimeError("broken")
        return ids(session, campaigns)

    one, two, three = together(planter, asked, show)
    assert one[1]
    assert three[1]
    assert str(two) == "broken"
    assert (count(ledger, Task), count(ledger, SeenId)) == (2, 2)


def test_a_ledger_that_is_away_is_asked_once_for_all_that_stand_in_line(
    ledger: Engine, planter: GroupCommitter
) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    asked = [(caller(ledger, f"req_{number}", key_id), submission_of(f"r{number}")) for number in range(3)]
    seen: list[int] = []

    def show(_session: Session, campaigns: Sequence[Campaign]) -> list[str]:
        seen.append(len(campaigns))
        raise OperationalError("SELECT 1", {}, Exception("gone away"))

    came = together(planter, asked, show)
    assert [type(error) for error in came] == [OperationalError] * 3
    assert seen == [3]
    assert (count(ledger, Task), count(ledger, SeenId)) == (0, 0)


def test_an_error_is_told_to_everybody_and_nothing_is_planted(ledger: Engine, planter: GroupCommitter) -> None:
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")

    def break_down(*_: object) -> list[str]:
        raise RuntimeError("broken")

    asked = [(caller(ledger, f"req_{number}", key_id), submission_of(f"r{number}")) for number in range(3)]
    came = together(planter, asked, break_down)
    assert [str(error) for error in came] == ["broken"] * 3
    assert (count(ledger, Task), count(ledger, SeenId)) == (0, 0)
