"""The rounds of `make bench-records`: what counts, and what the process does meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from benchmarks import records
from benchmarks.records import FIRST


class Collector:
    """Stands for the garbage collector: that of a test process has millions of objects to go through."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def collect(self) -> None:
        self.did.append("collect")

    def freeze(self) -> None:
        self.did.append("freeze")


def test_the_first_rounds_do_not_count_and_what_they_made_is_not_collected_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collector = Collector()
    before: list[tuple[str, ...]] = []  # of each question: what the collector had done

    def ask(_engine: object, _question: object) -> float:
        before.append(tuple(collector.did))
        return 1.0

    monkeypatch.setattr(records, "ask", ask)
    monkeypatch.setattr(records, "gc", collector)
    engine = create_engine("sqlite://")
    times = records._answers([engine, engine], (10_000, 10_000), 3)
    assert {len(mine) for pair in times.values() for mine in pair} == {3}
    first = len(before) * FIRST // (3 + FIRST)
    assert set(before[:first]) == {()}
    assert set(before[first:]) == {("collect", "freeze")}
