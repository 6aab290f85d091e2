"""Recent facts: a lone task is planted without a question while they are enough, and what acts always asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.access.caller import Caller, Keyring, Replayed
from gateway.keys.api_keys import KeySpec, make_key
from gateway.problem import ApiProblem
from gateway.submissions.group_commit import GroupCommitter
from gateway.submissions.open_task_quota import OpenTaskQuota
from gateway.submissions.recent_facts import AUTHORS_SECONDS, CLOCK_SECONDS, RecentFacts
from gateway.submissions.submission import Submission, compile_task, digest_of
from models.responsible_use.authors import set_basis
from models.responsible_use.caps import Basis
from models.tables import Campaign, Task
from models.transactions.read_write import read
from models.values.enums import BasisKind
from tests.support.ledger.drive import AUTHOR, owned_author
from tests.support.ledger.statements import statements
from workers.canvas.rows import PlantedRow

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
OWNED = Basis(BasisKind.OWNED, None)
READS, ACTS = "collect_titles", "directed"
MORE: dict[str, dict[str, Any]] = {READS: {"count": 1}, ACTS: {"kind": "comment", "title": "新车", "text": "好看"}}


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def rows(flow: str = READS, author: str = AUTHOR) -> tuple[PlantedRow, ...]:
    return tuple(compile_task(flow, {"author_id": author, **MORE[flow]}, {}).rows)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recent(clock: Clock) -> RecentFacts:
    facts = RecentFacts(clock)
    facts.tell(NOON, {AUTHOR: OWNED})
    return facts


def test_the_time_goes_on_from_what_the_database_said(recent: RecentFacts, clock: Clock) -> None:
    clock.seconds += CLOCK_SECONDS / 2
    assert recent.enough_for(rows(), {AUTHOR}) == (NOON + timedelta(seconds=CLOCK_SECONDS / 2), {AUTHOR: OWNED})


def test_nothing_is_enough_before_the_ledger_was_asked(clock: Clock) -> None:
    assert RecentFacts(clock).enough_for(rows(), set()) is None


def test_an_old_time_is_not_enough(recent: RecentFacts, clock: Clock) -> None:
    clock.seconds += CLOCK_SECONDS + 0.001
    assert recent.enough_for(rows(), {AUTHOR}) is None


def test_an_author_that_the_ledger_did_not_name_is_asked_for(recent: RecentFacts) -> None:
    assert recent.enough_for(rows(author="new"), {"new"}) is None


def test_what_acts_is_asked_for(recent: RecentFacts) -> None:
    assert recent.enough_for(rows(ACTS), {AUTHOR}) is None


def test_authors_are_forgotten_after_a_while(recent: RecentFacts, clock: Clock) -> None:
    clock.seconds += AUTHORS_SECONDS + 0.001
    recent.tell(NOON, {})
    assert recent.enough_for(rows(), set()) is not None
    assert recent.enough_for(rows(), {AUTHOR}) is None


def ids(_session: Session, campaigns: Sequence[Campaign]) -> list[str]:
    return [one.id for one in campaigns]


class Lone:
    """Plants lone tasks of one key, one after the other."""

    def __init__(self, engine: Engine) -> None:
        self._planter = GroupCommitter(engine, OpenTaskQuota())
        key_id, _ = make_key(engine, KeySpec("test", "acme"), who="test")
        known = Keyring(engine).find(key_id)
        assert known is not None
        self._known = known
        self._asked = 0

    def plant(self, reference: str, flow: str = READS, request_id: str | None = None) -> tuple[str, bool]:
        self._asked += 1
        caller = Caller(self._known.key, self._known.shares_with, request_id or f"req_{self._asked}")
        params: dict[str, Any] = {"author_id": AUTHOR, **MORE[flow]}
        submission = Submission(
            "task",
            reference,
            "test",
            compile_task(flow, params, {}),
            "all",
            1,
            params,
            digest_of("task", params),
            None,
            None,
        )
        shown: tuple[str, bool] = self._planter.plant_alone(caller, submission, ids)
        return shown


@pytest.fixture
def lone(ledger: Engine, master_key: str) -> Lone:
    owned_author(ledger)
    return Lone(ledger)


def test_the_second_task_of_a_moment_asks_nothing(ledger: Engine, lone: Lone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.submissions.recent_facts.CLOCK_SECONDS", 600.0)  # however slow the machine is
    monkeypatch.setattr("gateway.submissions.open_task_quota.KEEP_SECONDS", 600.0)
    lone.plant("one")
    with statements(ledger) as sent:
        _, new = lone.plant("two")
    assert new
    assert [one for one, _ in sent if one.startswith("SELECT")] == []
    ends = read(ledger, lambda session: session.execute(select(Task.created_at, Task.latest_end)).all())
    assert len(ends) == 2
    assert abs(ends[0][0] - ends[1][0]) < timedelta(minutes=10)


def test_a_basis_taken_back_a_moment_ago_stops_what_acts(ledger: Engine, lone: Lone) -> None:
    lone.plant("one")
    set_basis(ledger, AUTHOR, BasisKind.NONE, who="test")
    assert lone.plant("reads")[1]
    with pytest.raises(ApiProblem) as refused:
        lone.plant("acts", ACTS)
    assert refused.value.code == "refused"


def test_what_was_planted_before_is_found_and_a_replay_is_noticed(lone: Lone) -> None:
    first, _ = lone.plant("one")
    assert lone.plant("one") == (first, False)
    lone.plant("two", request_id="req_same")
    with pytest.raises(Replayed):
        lone.plant("three", request_id="req_same")
    assert lone.plant("three")[1]
