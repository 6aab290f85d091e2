"""The campaign file: every mistake named with its field, its reason and its remedy; and whether it fits the caps."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.responsible_use.caps import Caps
from models.values.refused import Refused
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.cap_check import cap_problems, text_problems
from workers.campaigns.given_campaign import parse_campaign, read_campaign_file

STANDARD_DAY = Path(__file__).parents[3] / "scripts" / "standard_day.yaml"
ACCOUNTS = [f"a{number}" for number in range(8)]
MANY_COMMENTS = {"comments_per_video": 1000, "comments_per_account_video": 1000}


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
        ({"campaign": ""}, "campaign", "is empty"),
        ({"collect__authors": None}, "collect.authors", "is missing"),
        ({"collect__authors": []}, "collect.authors", "is empty, it needs at least 1"),
        ({"collect__authors": ["x", "y", "x"]}, "collect.authors", "named twice: x"),
        ({"collect__videos": 0}, "collect.videos", "0 is too small, it must be at least 1"),
        ({"collect__comments": "many"}, "collect.comments", '"many" is no whole number'),
        ({"seed": "9" * 5000}, "seed", "a number of 5000 digits is out of all bounds"),
        ({"nurture__comments": 51}, "nurture.comments", "51 is too large, it must be at most 50"),
        ({"nurture__video_loop": 3}, "nurture.comments", "5 do not fit into a video_loop of 3"),
        ({"nurture__texts": []}, "nurture.texts", "comments or replies are asked for but none given"),
        ({"nurture__texts": ["好", "  "]}, "nurture.texts.1", "is empty"),
        ({"directed__comment_texts": []}, "directed.comment_texts", "3 an account asked for but no texts"),
        ({"directed__reply_texts": ["好", " "]}, "directed.reply_texts.1", "is empty"),
        ({"directed__reply_texts": ["好" * 201]}, "directed.reply_texts.0", "has 201 characters"),
        ({"accounts": []}, "accounts", "none is named"),
        ({"accounts": ["a", "a"]}, "accounts", "named twice: a"),
        ({"accounts": "some"}, "accounts", "neither all nor a list"),
        ({"without_basis": "ignore"}, "without_basis", '"ignore" is not refuse or collect_only'),
        ({"seed": -1}, "seed", "-1 is too small, it must be at least 0"),
        ({"nurture": None, "collect": None, "directed": None}, "campaign file", "neither is there"),
        ({"collect": None}, "directed", "draws from what is collected"),
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
            Caps(**MANY_COMMENTS),
            {},
            "accounts_per_video",
            "8 accounts shall act on 1 videos, with room for 5 accounts each: 5",
        ),
        (
            {"collect__authors": ["x"], "collect__comments": 10},
            Caps(**MANY_COMMENTS),
            {},
            "replies_per_comment",
            "24 are asked for, and 20 collected comments have room for 20",
        ),
        (
            {"collect__authors": ["x"], "collect__comments": 6},
            Caps(replies_per_comment=5, **MANY_COMMENTS),
            {},
            "likes_per_comment",
            "40 are asked for, and 12 collected comments have room for 36",
        ),
        (
            {"collect__videos": 1},
            Caps(comments_per_video=2),
            {},
            "comments_per_video",
            "24 comments are asked for, and 8 videos have room for 2 each, of 5 accounts: 16",
        ),
        (
            {"collect__authors": ["x", "y"], "collect__videos": 2, "directed__per_account__comments": 4},
            Caps(accounts_per_video=2, comments_per_account_video=3),
            {},
            "comments_per_video",
            "32 comments are asked for, and 4 videos have room for 5 each, of 2 accounts: 20",
        ),
        (
            {"collect__authors": ["x", "y"], "collect__videos": 1},
            Caps(comments_per_video=100, accounts_per_video=100),
            {},
            "comments_per_account_video",
            "3 comments an account are asked for, and 2 videos have room for 1 of one account each: 2",
        ),
        (
            {},
            Caps(comments_per_video=0),
            {},
            "comments_per_video",
            "24 comments are asked for, and 16 videos have room for 0 each",
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


def told(before: str, after: str) -> dict[str, Any]:
    """The problems of the standard day's text with a piece of it changed, by their fields."""
    text = STANDARD_DAY.read_text(encoding="utf-8")
    assert before in text
    with pytest.raises(Refused) as refused:
        parse_campaign(text.replace(before, after, 1), "day.yaml")
    return {problem.field: problem for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("before", "after", "field", "words"),
    [
        (
            "  videos: 2\n",
            "  videos: 2\n  videos: 3\n",
            "collect.videos",
            ["line 28, column 3", "second time", "line 27"],
        ),
        ("campaign: 标准日", "campaign: a\ncampaign: b", "campaign", ["line 4, column 1", "second time", "line 3"]),
        ("directed:", "nurture: {video_loop: 1}\ndirected:", "nurture", ["second time", "line 9, column 1"]),
        ("replies: 3", "replies: 3\n    replies: 3", "directed.per_account.replies", ["second time"]),
        ("videos: 2", "videos: yes", "collect.videos", ["line 27, column 11", '"yes" is no whole number']),
        ("videos: 2", "videos: on", "collect.videos", ['"on" is no whole number']),
        ("videos: 2", "videos: true", "collect.videos", ["true is no whole number"]),
        ("videos: 2", 'videos: "2"', "collect.videos", ['"2" is no whole number']),
        ("videos: 2", "videos: 2.0", "collect.videos", ["2.0", "is no whole number"]),
        ("videos: 2", "videos: 12:30", "collect.videos", ['"12:30" is no whole number']),
        ("videos: 2", "videos: 0x10", "collect.videos", ['"0x10" is no whole number']),
        ("videos: 2", "videos:", "collect.videos", ["nothing is no whole number"]),
        ("videos: 2", "videos: [2]", "collect.videos", ["[2] is no whole number"]),
        ("campaign: 标准日", "campaign: 20261129", "campaign", ["20261129 is no text"]),
        ("accounts: all", "accounts: acc0001", "accounts", ['"acc0001" is neither all nor a list']),
        ("accounts: all", "accounts: [acc0001, 12]", "accounts.1", ["line 6, column 21", "12 is no text"]),
        ("authors: [xiaopeng,", "authors: xiaopeng\n  x: [", "collect.authors", ['"xiaopeng" is no list']),
        ("directed:\n", "directed: no\nx:\n", "directed", ['"no" is no group of fields']),
        ("without_basis: refuse", "without_basis: ask", "without_basis", ['"ask" is not refuse or collect_only']),
        (
            "- 同意你的看法",
            "- 好看 #新能源",
            "directed.reply_texts.0",
            ["line 43, column 9", "'#新能源' would be lost"],
        ),
        (
            "- 支持，期待下一期",
            f"- {'好' * 201}",
            "nurture.texts.1",
            ["line 17, column 7", "'好好", "…' has 201"],
        ),
        (
            "- 支持，期待下一期",
            '- "好 "',
            "nurture.texts.1",
            ["line 17, column 7", "'好 ' begins or ends"],
        ),
        ("- 这期的信息量很大", '- "好\\n好"', "nurture.texts.5", ["line 21, column 7", "'好\\n好' holds a line break"]),
        ("- 这期的信息量很大", '- "好\\u200b"', "nurture.texts.5", ["line 21, column 7", "U+200B"]),
        ("- 这期的信息量很大", "- 7", "nurture.texts.5", ["line 21, column 7", "7 is no text"]),
        ("- 讲解得很到位", f"- {'好' * 201}", "directed.comment_texts.2", ["line 41", "'好好", "…' has 201"]),
        (
            "- 同意你的看法",
            '- "同意你的看法" #新能源',
            "directed.reply_texts.0",
            ["line 43", "'#新能源' would be lost"],
        ),
        ("- 同意你的看法", "- '同意' #1", "directed.reply_texts.0", ["line 43", "'#1' would be lost"]),
        ("- 支持，期待下一期", '- "支持"   #新能源 #车', "nurture.texts.1", ["line 17", "'#新能源 #车' would be lost"]),
        ("- 同意你的看法", "- 好看 # 新能源", "directed.reply_texts.0", ["'# 新能源' would be lost"]),
        ("- 支持，期待下一期", "- 支持 #1", "nurture.texts.1", ["'#1' would be lost"]),
        ("campaign: 标准日", "campaign: 标准日 #2", "campaign", ["line 3, column 14", "'#2' would be lost"]),
        ("- 同意你的看法", "- 好: 看", "directed.reply_texts.0", ["is no text"]),
        ("- 同意你的看法", "- [赞]", "directed.reply_texts.0", ["is no text"]),
        ("- 同意你的看法", "-", "directed.reply_texts.0", ["nothing is no text"]),
        ("- 同意你的看法", "- 说得有道理", "directed.reply_texts", ["named twice: 说得有道理"]),
        ("- 同意你的看法", "- @好", "day.yaml", ["line 43, column 7", "@ may not begin a value"]),
        ("- 同意你的看法", "- *好", "day.yaml", ["references"]),
        ("directed:", "x: &a\n  - *a\ndirected:", "campaign file", ["line 33, column 4", "stands inside"]),
        ("- 同意你的看法", "- '好", "day.yaml", ["line 43, column 7", "never closed"]),
        ("- 同意你的看法", "\t- 好", "day.yaml", ["line 43", "a tab stands"]),
        ("videos: 2", "queue: fone.x\n  videos: 2", "collect.queue", ["'fone.x' is no queue"]),
        ("videos: 2", "priority: 10\n  videos: 2", "collect.priority", ["10 is too large, it must be at most 9"]),
        ("videos: 2", "time_limit: 0\n  videos: 2", "collect.time_limit", ["0 is too small"]),
        ("comments: 5 ", "queue: pool\n  comments: 5 ", "nurture.queue", ["runs on one account"]),
    ],
)
def test_a_mistake_is_told_with_its_line_what_was_written_and_what_is_expected(
    before: str, after: str, field: str, words: list[str]
) -> None:
    found = told(before, after)
    assert field in found, found
    assert "line " in found[field].reason
    assert found[field].remedy
    for word in words:
        assert word in found[field].reason
    whole = f"{found[field].reason} {found[field].remedy}".lower()
    assert not [
        word for word in ("tuple", "dict", "none", "input should", "validation", "bool", "str ") if word in whole
    ]


def test_what_yaml_drops_and_what_the_fields_hold_are_told_together() -> None:
    found = told("- 同意你的看法", "- 好看 #新能源\n    - 说得有道理")
    assert set(found) == {"directed.reply_texts.0", "directed.reply_texts"}
    found = told("  videos: 2\n", "  videos: 2\n  videos: 99\n  x: 1\n")
    assert set(found) == {"collect.videos", "collect.x"}


def test_remarks_and_quotes_are_no_mistakes() -> None:
    text = STANDARD_DAY.read_text(encoding="utf-8")
    for before, after in (
        ("- 同意你的看法", '- "好看 #新能源" # a remark'),
        ("- 同意你的看法", "- 好看#新能源"),
        ("- 同意你的看法", "- yes"),
        ("- 同意你的看法", "- 2026-11-29"),
        ("- 同意你的看法", "- 12:30"),
        ("campaign: 标准日", "campaign: 标准日 # of every day"),
        ("campaign: 标准日", "campaign: 2026-11-29"),
        ("accounts: all", "accounts: [007, acc0001]"),
    ):
        parse_campaign(text.replace(before, after, 1), "day.yaml")
    written = parse_campaign(text.replace("- 同意你的看法", "- yes", 1), "day.yaml")
    assert written.directed is not None
    assert written.directed.reply_texts[0] == "yes"


def test_a_reference_serves_twice() -> None:
    text = STANDARD_DAY.read_text(encoding="utf-8")
    start = text.index("  reply_texts:")
    end = text.index("# refuse:")
    shared = text[:start].replace("comment_texts:", "comment_texts: &texts") + "  reply_texts: *texts\n\n" + text[end:]
    read = parse_campaign(shared, "day.yaml")
    assert read.directed is not None
    assert read.directed.reply_texts == read.directed.comment_texts


def test_where_and_how_long_a_part_runs() -> None:
    read = day(nurture__queue="phone.p1", nurture__time_limit=900, collect__priority=1, directed__queue="account.a1")
    assert read.nurture is not None
    assert read.collect is not None
    assert read.directed is not None
    assert read.nurture.options() == {"queue": "phone.p1", "time_limit": 900}
    assert "queue" not in read.nurture.params()
    assert read.collect.options() == {"priority": 1}
    assert read.directed.options() == {"queue": "account.a1"}


@pytest.mark.parametrize(
    ("changes", "field", "numbers"),
    [
        (
            {"collect__authors": ["x"]},
            "directed.comment_texts",
            "24 are asked for on 2 videos, so up to 12 on one, and 3 texts are given",
        ),
        ({"directed__reply_texts": ["好"]}, "directed.reply_texts", "up to 2 on one, and 1 text is given"),
        ({"directed__per_account__comments": 7}, "directed.comment_texts", "up to 4 on one, and 3 texts are given"),
    ],
)
def test_too_few_texts_are_told_with_the_numbers(changes: dict[str, Any], field: str, numbers: str) -> None:
    problems = {one.field: one for one in text_problems(day(**changes), ACCOUNTS)}
    assert field in problems
    assert numbers in problems[field].reason
    assert problems[field].remedy
    assert list(text_problems(day(), ACCOUNTS)) == []


def test_work_that_is_pinned_counts_for_one_account() -> None:
    pinned = day(nurture__queue="phone.p1", directed__queue="account.a1", collect__authors=["x"])
    assert list(text_problems(pinned, ACCOUNTS)) == []
    (problem,) = cap_problems(pinned, ACCOUNTS, Caps(**MANY_COMMENTS), {"a1": 30}, {"p1": "a1"})
    assert "1 of 1 accounts cannot fit it: 31 actions" in problem.reason
    assert "30 were done today by a1" in problem.reason
