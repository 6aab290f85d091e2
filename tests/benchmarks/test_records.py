"""The rounds of `make bench-records`: what counts, and what the process does meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from benchmarks import records
from benchmarks.records import FIRST


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_the_first_rounds_do_not_count_and_what_they_made_is_not_collected_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frozen: list[int] = []

    def ask(_engine: object, _question: object) -> float:
        frozen.append(gc.get_freeze_count())
        return 1.0

    monkeypatch.setattr(records, "ask", ask)
    engine = create_engine("sqlite://")
    times = records._answers([engine, engine], (10_000, 10_000), 3)
    assert {len(mine) for pair in times.values() for mine in pair} == {3}
    before = len(frozen) * FIRST // (3 + FIRST)
    assert set(frozen[:before]) == {frozen[0]}
    assert min(frozen[before:]) > frozen[0]
