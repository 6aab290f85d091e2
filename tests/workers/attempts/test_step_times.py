"""The steps of an attempt: each name once, with its time, whatever a flow does; and kept in the attempt's row."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from models.tables import Attempt
from models.transactions.read_write import read
from tests.support.ledger.drive import plant, ready, take
from workers.attempts.outcome import Failed, HandedBack, Outcome, Succeeded
from workers.attempts.record import recorded
from workers.attempts.step_times import MOST_NAME, MOST_STEPS, step_times
from workers.campaigns.stages import gather
from workers.runtime.watch import StepTime


def test_a_step_that_runs_several_times_counts_once_by_its_first_beginning() -> None:
    ran = [StepTime("video", 1.0, 0.5), StepTime("act", 1.25, 0.25), StepTime("video", 3.0, 1.004)]
    assert step_times(ran[::-1]) == [
        {"name": "video", "began": 1.0, "took": 1.5, "times": 2},
        {"name": "act", "began": 1.25, "took": 0.25, "times": 1},
    ]


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [StepTime(f"step {number}", number, 1.0) for number in range(MOST_STEPS * 3)],
        [StepTime("长😀\x00" * 500, 0.0, 1.0)],
    ],
)
def test_what_is_kept_is_bounded(steps: list[StepTime]) -> None:
    kept = step_times(steps)
    assert len(kept) == min(len(steps), MOST_STEPS)
    assert all(len(one["name"]) <= MOST_NAME and "\x00" not in one["name"] for one in kept)


@pytest.mark.parametrize("outcome", [Succeeded([]), Failed("page_drift", "nothing fits"), HandedBack()])
def test_every_ended_attempt_keeps_its_steps(ledger: Engine, outcome: Outcome) -> None:
    got = take(ledger, ready(ledger, plant(ledger, gather.s([])))[0])
    steps = step_times([StepTime("video", 0.0, 2.5)])
    recorded(ledger, got, outcome, steps)
    found = select(Attempt.steps).where(Attempt.task_id == got.fence.task_id)
    kept: Any = read(ledger, lambda session: session.scalars(found).one())
    assert kept == steps
