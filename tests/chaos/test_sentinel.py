"""The verdict on a fail-over of Sentinel: each thing that may go wrong makes it bad."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.sentinel import Verdict

GOOD = Verdict(
    kind="primary killed", tasks=24, lost=0, doubled=0, failed=0, deaths=0, differences=0, seconds=12.0
)  # fmt: skip


def test_a_good_verdict_says_what_was_seen() -> None:
    assert GOOD.good
    assert str(GOOD).startswith("sentinel, primary killed: 24 tasks, lost 0, doubled 0, failed 0, workers died 0")


@pytest.mark.parametrize("wrong", ["lost", "doubled", "failed", "deaths", "differences"])
def test_whatever_goes_wrong_makes_it_bad(wrong: str) -> None:
    assert not replace(GOOD, **{wrong: 1}).good  # type: ignore[arg-type]
