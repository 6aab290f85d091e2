"""benchmarks/fleet.py: what it counts of a part of the fleet, and its verdict."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fleet_report import COORDINATOR, HOST, report
from benchmarks.fleet_rest import CONNECTIONS, Meter, Part, cpu_seconds
from tests.support import report as ending


class Maria:
    """Two users, of whom the first asks ten statements between two looks."""

    def __init__(self) -> None:
        self.asked = 0

    def execute(self, statement: str) -> list[tuple[str, int]]:
        if statement == CONNECTIONS:
            return [("host_1", 6)]
        self.asked += 10
        return [("host_1", self.asked), ("coordinator_1", 7)]


class Redis:
    """Three connections, one of them the benchmark's."""

    def client_list(self) -> list[int]:
        return [1, 2, 3]


def part(user: str) -> Part:
    return Part(f"mysql+mysqldb://{user}@127.0.0.1:1/ledger", lambda: [os.getpid()])


def test_each_part_has_its_own_statements_and_connections() -> None:
    parts = {HOST: part("host_1"), COORDINATOR: part("coordinator_1")}
    meter = Meter(Maria(), Redis())  # type: ignore[arg-type]
    with meter.costs(parts) as costs:
        pass
    assert costs[HOST].statements_a_second > costs[COORDINATOR].statements_a_second == 0
    assert costs[HOST].cpu_percent >= 0
    assert meter.connections(parts) == {HOST: 6, COORDINATOR: 0, "Redis": 2}


def test_the_cpu_time_of_a_process_is_what_the_kernel_says() -> None:
    before = sum(os.times()[:2])
    while sum(os.times()[:2]) < before + 0.05:  # of this process's own CPU
        pass
    assert cpu_seconds(os.getpid()) >= before


@pytest.mark.parametrize(
    ("statements", "verdict"), [(1.9, "all targets hold"), (2.1, "targets missed: statements, host")]
)
def test_statements_at_rest_are_held_against_their_targets(
    statements: float, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ending, "RESULTS", tmp_path / "benchmarks" / "results")
    (tmp_path / "benchmarks").mkdir()
    cost = {"statements_a_second": statements, "cpu_percent": 1.0}
    weights = dict.fromkeys(("fresh_mb", "idle_mb", "phone_mb", "heaviest_mb", "agent_mb"), 15.0)
    seconds = dict.fromkeys(("seconds_until_all_consume", "seconds_from_plugging_in", "seconds_for_tasks"), 1.0)
    ours: dict[str, Any] = {
        **weights,
        **seconds,
        "rest": {HOST: cost, COORDINATOR: cost},
        "connections": {HOST: 6},
        "looked_at": 4,
        "hosts": 1,
    }
    report(4, 20, ours, {"worker_mb": 100.0, "workers": 5, "seconds_for_tasks": 1.0})
    assert capsys.readouterr().out.strip().splitlines()[-1].startswith(verdict)
