"""How long the dead are missed, from deaths and attempts made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chaos.blow import Death
from chaos.judge import AttemptRow
from chaos.takeover import takeovers, worst


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(1_000_000 + seconds, UTC)


def death(seconds: float, *, attempt: int = 1, pinned: bool = False, no_return: bool = False) -> Death:
    return Death(1_000_000 + seconds, "task", attempt, pinned, "kill_worker", no_return)


def attempt(number: int, started: float, outcome: str) -> AttemptRow:
    return AttemptRow("task", number, "SIM0001", "acc0001", at(started), at(started + 1), outcome)


LOST_THEN_DONE = [attempt(1, 0, "lost"), attempt(2, 14, "succeeded")]


def test_takeover_is_from_the_death_to_the_next_attempt() -> None:
    (found,) = takeovers([death(10)], LOST_THEN_DONE)
    assert found.seconds == pytest.approx(4)


def test_host_struck_again_does_not_make_the_dead_younger() -> None:
    (found,) = takeovers([death(12), death(10)], LOST_THEN_DONE)
    assert found.seconds == pytest.approx(4)


def test_attempt_recorded_before_its_worker_died_lost_nothing() -> None:
    assert not list(takeovers([death(10)], [attempt(1, 0, "succeeded")]))


def test_pinned_and_doubtful_work_waits_for_its_account() -> None:
    found = [
        one
        for struck in (death(10), death(5, pinned=True), death(1, no_return=True))
        for one in takeovers([struck], LOST_THEN_DONE)
    ]
    assert len(found) == 3
    assert worst(found) == pytest.approx(4)
    assert worst([]) == 0
