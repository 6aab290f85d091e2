"""Numbers of a benchmark's command line are refused before any server starts."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from tests.support.arguments import at_least, within


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "0", "3601", "", "a minute"])
def test_a_number_outside_its_bounds_is_refused_with_them(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no number from 1 to 3600"):
        within(1, 3600)(text)


@pytest.mark.parametrize(("text", "number"), [("1", 1.0), ("59.5", 59.5), ("3600", 3600.0)])
def test_a_number_within_its_bounds_is_taken(text: str, number: float) -> None:
    assert within(1, 3600)(text) == number


def test_a_whole_number_has_a_least() -> None:
    assert at_least(1)("1") == 1
    for text in ("0", "1.5", "nan", ""):
        with pytest.raises(ArgumentTypeError, match="is no whole number from 1 on"):
            at_least(1)(text)
