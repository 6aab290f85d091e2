"""What CI holds a quick task to: which costs it refuses, and that the committed figures have them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import guard
from benchmarks.guard import Costs, committed_costs, costs_of, least, targets_of

COUNTED = {"Questions": 0.7, "Com_commit": 0.1}
COMMITTED = costs_of(1200, 600, COUNTED)


def test_the_committed_figures_are_those_of_a_task_in_a_batch() -> None:
    assert 0 < committed_costs()["time of a task by Celery's with MariaDB"] < 1
    assert committed_costs().keys() == COMMITTED.keys()


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        (costs_of(1200, 600, COUNTED), []),
        (costs_of(1000, 600, COUNTED), []),
        (costs_of(900, 600, COUNTED), ["time of a task by Celery's with MariaDB"]),
        (costs_of(600, 300, {"Questions": 0.9, "Com_commit": 0.1}), ["statements"]),
        (costs_of(1200, 600, {"Questions": 0.7, "Com_commit": 0.13}), ["commits"]),
    ],
)
def test_a_cost_may_grow_by_a_quarter(now: Costs, refused: list[str]) -> None:
    assert [target.name for target in targets_of(now, COMMITTED) if not target.ok] == refused


def test_the_least_of_each_cost_counts() -> None:
    assert least({}, COMMITTED) == COMMITTED
    assert least({"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 2.0}) == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize(("dear", "status", "runs"), [(0, 0, 1), (2, 0, 3), (9, 1, 3)])
def test_a_dear_run_is_measured_again_three_times_at_most(
    dear: int, status: int, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = committed_costs()
    costly = {name: 2 * cost for name, cost in committed.items()}
    came: list[Costs] = []

    def each() -> Iterator[Costs]:
        yield from [costly] * dear
        while True:
            yield committed

    measured = each()

    def measure() -> Costs:
        came.append(next(measured))
        return came[-1]

    monkeypatch.setattr(guard, "measure", measure)
    monkeypatch.setattr(guard, "finish", lambda *told: int(not all(target.ok for target in told[-1])))
    assert guard.main() == status
    assert len(came) == runs
