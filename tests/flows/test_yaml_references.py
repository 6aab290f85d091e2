"""Texts whose references stand for far more values than they have."""

from __future__ import annotations

import pytest
import yaml

from flows.profile import ProfileError, read_profile
from flows.yaml_references import references_add_too_much
from models.values.refused import Refused
from workers.campaigns.campaign_yaml import read_yaml


def bomb(levels: int, width: int = 9) -> str:
    """Returns fields of lists, each of which refers to the one before."""
    lines = ["a0: &a0 [" + ", ".join(["x"] * width) + "]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "too_much"),
    [
        ("", False),
        ("a: 1", False),
        ("a: &a [1, 2]\nb: *a\nc: *a", False),
        (bomb(4), False),
        (bomb(12), True),
        (bomb(300, 2), True),
        (bomb(2, 40_000), True),
        ("a: &a [*a]", True),
        ("a: &a\n  b: [*a, *a]", True),
        ("[" + "a, " * 150_000 + "a]", False),  # all of it is written out
    ],
    ids=lambda one: str(one)[:20],
)
def test_what_references_add(text: str, too_much: bool) -> None:
    assert references_add_too_much(yaml.compose(text, yaml.CSafeLoader)) is too_much


def test_a_campaign_file_and_a_profile_with_too_many_are_refused() -> None:
    with pytest.raises(Refused, match=r"its references \(\*\) stand for more than 100,000 values"):
        read_yaml(bomb(12), "day.yaml")
    with pytest.raises(ProfileError, match=r"profile\.yaml: its references"):
        read_profile(bomb(12), "profile.yaml")
