"""The campaign file: every mistake named with its field, its reason and its remedy; and whether it fits the caps."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.caps import Caps
from models.refused import Refused
from workers.campaign_file import CampaignFile, parse_campaign, read_campaign_file
from workers.fit import cap_problems

STANDARD_DAY = Path(__file__).parents[2] / "scripts" / "standard_day.yaml"
ACCOUNTS = [f"a{number}" for number in range(8)]


def day(**changes: Any) -> CampaignFile:
    """The standard day with fields changed, by their paths: `collect__videos=1`."""
    return parse_campaign(yaml.safe_dump(changed(changes), allow_unicode=True), "day.yaml")


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = copy.deepcopy(yaml.safe_load(STANDARD_DAY.read_text(encoding="utf-8")))
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = data
        for parent in parents:
            place = place[parent]
        if value is None:
            place.pop(name)
        else:
            place[name] = value
    return data


def test_the_standard_day_is_right_and_fits_the_default_caps() -> None:
    standard = read_campaign_file(STANDARD_DAY)
    assert list(cap_problems(standard, ACCOUNTS, Caps(), {})) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"nurtrue": {}}, "nurtrue", "no such field"),
        ({"collect__vidoes": 2}, "collect.vidoes", "no such field"),
        ({"directed__per_account__coments": 1}, "directed.per_account.coments", "no such field"),
        ({"campaign": None}, "campaign", "is missing"),
        ({"campaign": ""}, "campaign", "at least 1 character"),
        ({"collect__authors": None}, "collect.authors", "is missing"),
        ({"collect__authors": []}, "collect.authors", "at least 1 item"),
        ({"collect__authors": ["x", "y", "x"]}, "collect", "authors: named twice: x"),
        ({"collect__videos": 0}, "collect.videos", "greater than or equal to 1"),
        ({"collect__comments": "many"}, "collect.comments", "valid integer"),
        ({"nurture__comments": 51}, "nurture.comments", "less than or equal to 50"),
        ({"nurture__video_loop": 3}, "nurture", "do not fit into a video_loop of 3"),
        ({"nurture__texts": []}, "nurture", "texts: comments or replies are asked for but none given"),
        ({"nurture__texts": ["  "]}, "nurture.texts", "is empty"),
        ({"directed__comment_texts": []}, "directed", "comment_texts: 3 an account asked for but no texts"),
        ({"directed__reply_texts": ["好", " "]}, "directed", "reply_texts: is empty"),
        ({"directed__reply_texts": ["好" * 201]}, "directed", "reply_texts: has 201 characters"),
        ({"accounts": []}, "campaign file", "accounts: none is named"),
        ({"accounts": ["a", "a"]}, "campaign file", "accounts: named twice: a"),
        ({"accounts": "some"}, "accounts.literal['all']", "'all'"),
        ({"without_basis": "ignore"}, "without_basis", "'refuse' or 'collect_only'"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"nurture": None, "collect": None, "directed": None}, "campaign file", "neither is there"),
        ({"collect": None}, "campaign file", "directed: draws from what is collected"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        day(**changes)
    found = {problem.field: problem for problem in refused.value.problems}
    assert field in found, refused.value
    assert reason in found[field].reason
    assert found[field].remedy


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(Refused) as refused:
        day(nurtrue={}, collect__videos=0, seed="x")
    assert {problem.field for problem in refused.value.problems} == {"nurtrue", "collect.videos", "seed"}


@pytest.mark.parametrize(
    "text", ["", "- a", "just text", "a: [", "{" * 5000, "a: &x [*x]", "!!python/object/apply:os.system [ls]"]
)
def test_what_is_no_campaign_file(text: str) -> None:
    with pytest.raises(Refused):
        parse_campaign(text, "day.yaml")


def test_a_file_that_is_not_there_too_large_or_not_text(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_text("#" * 1_000_001)
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing.yaml", large, binary, tmp_path):
        with pytest.raises(Refused):
            read_campaign_file(path)


@pytest.mark.parametrize(
    ("changes", "caps", "done", "cap", "numbers"),
    [
        ({}, Caps(actions_per_account_day=30), {}, "actions_per_account_day", "31 actions an account are asked for"),
        ({}, Caps(), {"a3": 10}, "actions_per_account_day", "10 were done today by a3, and the cap is 40"),
        (
            {"nurture__video_likes": 20},
            Caps(),
            {},
            "actions_per_account_day",
            "8 of 8 accounts cannot fit it: 41 actions an account are asked for (30 nurture, 11 directed)",
        ),
        (
            {"collect__authors": ["x"], "collect__videos": 1},
            Caps(),
            {},
            "accounts_per_video",
            "8 accounts shall act on 1 videos, with room for 5 accounts each: 5",
        ),
        (
            {"collect__authors": ["x"], "collect__comments": 10},
            Caps(),
            {},
            "replies_per_comment",
            "24 are asked for, and 20 collected comments have room for 20",
        ),
        (
            {"collect__authors": ["x"], "collect__comments": 6},
            Caps(replies_per_comment=5),
            {},
            "likes_per_comment",
            "40 are asked for, and 12 collected comments have room for 36",
        ),
    ],
)
def test_what_cannot_fit_its_caps_is_told_with_the_numbers(
    changes: dict[str, Any], caps: Caps, done: dict[str, int], cap: str, numbers: str
) -> None:
    problems = {one.field: one for one in cap_problems(day(**changes), ACCOUNTS, caps, done)}
    assert set(problems) == {f"caps.{cap}"}
    assert numbers in problems[f"caps.{cap}"].reason
    assert problems[f"caps.{cap}"].remedy
