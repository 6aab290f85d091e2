"""Ids of one hour begin alike, and whatever else they are is drawn."""

from __future__ import annotations

import re

import pytest

from models.database.base import begun_with, new_id

DRAWN = "0f8fad5b-d9cb-469f-a165-70867728950e"
HOUR = 3600


@pytest.mark.parametrize(
    ("seconds", "begins"),
    [
        (0, "00"),
        (HOUR - 1, "00"),
        (HOUR, "01"),
        (255 * HOUR, "ff"),
        (256 * HOUR - 0.001, "ff"),
        (256 * HOUR, "00"),  # as 256 hours before
    ],
)
def test_the_first_two_digits_tell_the_hour_and_the_others_stay(seconds: float, begins: str) -> None:
    assert begun_with(DRAWN, seconds) == begins + DRAWN[2:]


def test_a_new_id_has_the_form_of_celerys_own() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", new_id())


def test_ids_of_one_moment_differ_in_the_part_that_people_are_shown() -> None:
    shown = {begun_with(new_id(), 0)[:8] for _ in range(100)}
    assert len(shown) > 1
