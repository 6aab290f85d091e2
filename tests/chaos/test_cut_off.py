"""The verdict on a minute of cut connections: each thing that may go wrong makes it bad."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.cut_off import Verdict

GOOD = Verdict(
    tasks=120, seconds=60, lost=0, doubled=0, stuck=0, deaths=0, attempts_lost=0, ended_meanwhile=50, alerts=1,
    differences=0,
)  # fmt: skip


def test_a_good_verdict_says_what_was_seen() -> None:
    assert GOOD.good
    assert str(GOOD).startswith("cut off: 120 tasks, 60 s, lost 0, doubled 0, stuck 0, workers died 0")


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": 1}, {"doubled": 1}, {"stuck": 1}, {"deaths": 1}, {"attempts_lost": 1}, {"differences": 1},
        {"alerts": 0}, {"alerts": 2}, {"ended_meanwhile": 0},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_goes_wrong_makes_it_bad(wrong: dict[str, int]) -> None:
    assert not replace(GOOD, **wrong).good
