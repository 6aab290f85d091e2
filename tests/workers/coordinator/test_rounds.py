"""When the coordinator's janitors are due."""

from __future__ import annotations

import pytest

from workers.coordinator.loop import Janitor, work_round
from workers.runtime.broker import broker


@pytest.mark.parametrize(("again", "worked"), [(True, [0.0, 0.1, 0.2, 0.7]), (False, [0.0, 0.5])])
def test_a_janitor_with_more_to_do_is_due_in_the_next_round(again: bool, worked: list[float]) -> None:
    at: list[float] = []
    now = 0.0

    def work() -> bool:
        at.append(now)
        return len(at) < 3

    job = Janitor("ring", 0.5, work, again=again)
    for tenth in range(8):
        now = tenth / 10
        work_round([job], now, broker())
    assert at == worked


def test_a_janitor_that_failed_is_due_when_it_would_be_anyway() -> None:
    def fails() -> bool:
        raise ValueError("as asked")

    job = Janitor("ring", 0.5, fails, again=True)
    work_round([job], 1.0, broker())
    assert job.due == 1.5
