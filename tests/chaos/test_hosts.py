"""The verdict on three hosts in networks of their own: each thing that may go wrong makes it bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chaos.hosts import Verdict

GOOD = Verdict(
    tasks=40, lost=0, doubled=0, stuck=0, review=0, differences=0, did=(12, 20, 8), took=(2.0, 2.1, 9.4),
    attempts_lost=2, meanwhile=5, after=10, carried=3000, dropped=60, away_seconds=6.0,
)  # fmt: skip


def test_a_good_verdict_says_what_was_seen() -> None:
    assert GOOD.good
    assert str(GOOD).startswith("hosts: 40 tasks, lost 0, doubled 0, stuck 0, review 0")
    assert "done by each host 12, 20, 8" in str(GOOD)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": 1}, {"doubled": 1}, {"stuck": 1}, {"review": 1}, {"differences": 1}, {"did": (12, 20, 0)},
        {"meanwhile": 0}, {"after": 0}, {"carried": 0},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_goes_wrong_makes_it_bad(wrong: dict[str, int | Sequence[int]]) -> None:
    assert not replace(GOOD, **wrong).good  # type: ignore[arg-type]
