"""A campaign file's text: slips of YAML are told at their own line, with the remedy, and no Python error ends it."""

from __future__ import annotations

import pytest

from models.values.refused import Problem, Refused
from workers.campaigns.given_campaign import load_campaign, parse_campaign

TEXTS = "campaign: 日\nnurture:\n  video_loop: 3\n  texts: "
ENTRIES = "campaign: 日\nnurture:\n  texts:\n    - 很好\n"


def told(text: str) -> list[Problem]:
    with pytest.raises(Refused) as refused:
        parse_campaign(text, "day.yaml")
    return list(refused.value.problems)


@pytest.mark.parametrize(
    "value",
    [
        "!!int abc",
        "!!int ''",
        "!!int 7",
        "!!bool x",
        "!!float x",
        "!!timestamp x",
        "!!binary aGVsbG8=",
        "!!binary =",
        "!!null x",
        "!!str 5",
        "!!seq [a]",
        "!!map {a: b}",
        "!!set {a}",
        "!!omap [a: b]",
        "!!pairs x",
        "!!python/name:os.system",
        "!!python/object/apply:os.system [ls]",
        "!mine x",
        "! x",
        "&a !!int x",
        "!<tag:yaml.org,2002:int> x",
        "!<x",
        "!x!y z",
        "[好, !!int x]",
        "!!int",
    ],
)
@pytest.mark.parametrize("before", [TEXTS, ENTRIES.replace("很好\n", "")])
def test_a_type_is_refused_in_words(before: str, value: str) -> None:
    (problem,) = told(before + value + "\n")
    assert problem.reason.startswith("line 4, column ")
    assert "! means a type in YAML" in problem.reason
    assert problem.remedy
    assert "b'" not in str(problem)


def test_each_type_is_told() -> None:
    found = told("campaign: !!str x\nnurture:\n  comments: !!int abc\n  texts: !!set {a}\n")
    assert [problem.reason.partition(":")[0] for problem in found] == [
        "line 1, column 11",
        "line 3, column 13",
        "line 4, column 10",
    ]
    assert "take !!int out" in found[1].remedy


def test_a_type_as_a_name_and_of_the_whole_file() -> None:
    for text in ("!!omap\ncampaign: 1", "? !!merge <<\n: {a: b}", "!!int abc", "- !!binary aGVsbG8="):
        (problem,) = told(text)
        assert "! means a type in YAML" in problem.reason


def test_an_exclamation_mark_in_a_text_is_no_type() -> None:
    load_campaign(TEXTS + "[好!, 'a !!int b', \"!x\", 好 !! 很, 好！]\n", "day.yaml")


@pytest.mark.parametrize(
    ("text", "place", "reason", "remedy"),
    [
        ("nurture:\n  comments:2\n  texts: [a, b]\n", "line 2, column 12", "no blank", "write comments: 2"),
        ("nurture:\n  video_loop: 8\n  comments:2\n  texts: [a]\n", "line 3, column 12", "no blank", "comments: 2"),
        ("nurture:\n  video_loop: 8\n  comments:2\ncollect:\n  videos: 2\n", "line 3", "no blank", "comments: 2"),
        ("nurture:\n  comments:2   # few\n  texts: [a, b]\n", "line 2, column 12", "no blank", "write comments: 2"),
        ("nurture:\n  comments:2\n  replies:3\n\n  # x\n  texts: [a]\n", "line 2", "no blank", "comments: 2"),
        ("nurture:\n  video_loop: 8\n  comments:2\n", "line 3, column 12", "no blank", "comments: 2"),
        ("nurture:\n  comments:2\n", "line 2", "no blank", "write comments: 2"),
        ("accounts:[a, b]\nnurture:\n", "line 1", "no blank", "write accounts: [a, b]"),
        ('"campaign":日\nnurture:\n', "line 1, column 12", "no blank", "write campaign: 日"),
        ("directed:\n  per_account: {comments:2, replies: 3}\n", "line 2", "no blank", "write comments: 2"),
        ("campaign：日\nnurture:\n  video_loop: 8\n", "line 1, column 9", "colon ：", "write campaign: 日"),
        ("accounts: all\ncampaign： 日\nnurture:\n", "line 2, column 9", "colon ：", "write campaign: 日"),
        ("campaign：日\n\n# all\naccounts: all\n", "line 1, column 9", "colon ：", "write campaign: 日"),
        ("campaign：日\n", "line 1, column 9", "colon ：", "write campaign: 日"),
        ("campaign: 日\nnurture：\n  video_loop: 8\n", "line 2, column 8", "colon ：", "write nurture:"),
        ("directed:\n  per_account: {comments：2}\n", "line 2", "colon ：", "write comments: 2"),
        ("campaign: 日\nnurture\n  video_loop: 8\n", "line 2, column 1", "no colon", "write nurture:"),
        ("nurture:\n  video_loop 8\n  texts: [a]\n", "line 2, column 3", "no colon", "write video_loop: 8"),
        ("nurture:\n  replies: 1\n  video_loop 8\n  texts: [a]\n", "line 3", "no colon", "write video_loop: 8"),
        ("campaign: 日\n  accounts: all\n", "line 2, column 3", "further in than line 1", "column"),
        (ENTRIES + "    -好看\n  video_loop: 3\n", "line 5, column 5", "after the dash", "write - 好看"),
        (ENTRIES.replace("- 很", "-很") + "    - 好看\n", "line 4, column 5", "after the dash", "write - 很好"),
        (ENTRIES + "    －好看\n  video_loop: 3\n", "line 5, column 5", "－ is not the plain dash", "write - 好看"),
        (ENTRIES + "    好看\n  video_loop: 3\n", "line 5, column 5", "no dash", "write - 好看"),
        ("nurture:\n\u3000\u3000comments: 2\n", "line 2, column 1", "blank U+3000", "plain blanks"),
        ("nurture:\n  video_loop: 3\n\u00a0 comments: 2\n", "line 3, column 1", "blank U+00A0", "plain blanks"),
        (TEXTS + "[好看 #新能源, 很好]\n", "line 4, column 14", "'#新能源, 很好]' would be lost", "in quotes"),
        (TEXTS + "[好看 #新能源, 很好]\ncollect:\n  authors: [a]\n", "line 4, column 14", "#新能源", "in quotes"),
        (TEXTS + "[好看, #新能源]\n  comments: 2\n", "line 4, column 15", "#新能源", "in quotes"),
        (TEXTS + '["好 #1", "很好" #新能源, 很好]\n  comments: 2\n', "line 4, column 24", "'#新能源", "in quotes"),
        (TEXTS + "[好看,\n    很好 #新能源]\n  comments: 2\n", "line 5, column 8", "'#新能源]", "in quotes"),
        (TEXTS + "[好看, #新能源,\n    很好]\n", "line 4", "'#新能源,' would be lost", 'in quotes, "#新能源'),
        ("nurture: {video_loop: 3 #x, comments: 2}\ncollect:\n", "line 1, column 25", "'#x", "in quotes"),
        (TEXTS + "[好看, 很好\ncollect:\n  authors: [a, b]\n", "line 4, column 10", "does not end", "close it"),
        (TEXTS + '["好看", "很好]\ncollect:\n  authors: ["a"]\n', "line 4, column 10", "does not end", "close it"),
        (ENTRIES + "    - 好看 #新能源\n      很好\n", "line 5, column 10", "'#新能源' would be lost", "in quotes"),
        (ENTRIES + "    - #新能源\n", "line 5", "'#新能源' would be lost", 'in quotes, "#新能源"'),
        (ENTRIES + "    - 7 #新能源\n", "line 5", "'#新能源' would be lost", 'in quotes, "7 #新能源"'),
        (ENTRIES + '    - "\\d"\n', "line 5", "a backslash", "single quotes"),
        ("%FOO\ncampaign: x\n", "line 1", "% begins an instruction", "take the line out"),
        ("campaign: - a\n", "line 1, column 11", "a list begins inside a line", "in quotes"),
    ],
)
def test_a_slip_is_told_at_its_own_line(text: str, place: str, reason: str, remedy: str) -> None:
    problem = told(text)[0]
    others = [one for one in told(text) if place in one.reason and reason in one.reason and remedy in one.remedy]
    assert others, told(text)
    assert "no text" not in problem.reason
    assert "group of fields" not in problem.reason


def test_what_only_looks_like_a_slip_is_taken() -> None:
    text = (
        "campaign: a:b\nnurture:\n  video_loop: 3  #视频循环数\n  texts: # of the operator\n"
        '    - "好看 #1" # a remark\n    #- 不好\n    - 见http://x:1\n    - 好：看\n    - 好#看\n    - 好\n'
    )
    day = parse_campaign(text, "day.yaml")
    assert day.nurture is not None
    assert day.nurture.texts == ("好看 #1", "见http://x:1", "好：看", "好#看", "好")


def test_lines_are_counted_as_yaml_counts_them() -> None:
    (problem,) = told("# a\u2028# b\rcampaign: !!int x\n")
    assert problem.reason.startswith("line 3, column 11: ! means a type in YAML")
    assert "campaign: !!int x" in problem.reason


def test_every_bad_text_is_told_at_its_own_line() -> None:
    bad = ["' '", "'好 '", f"'{'好' * 201}'", '"好\\n好"', "5"]
    found = told("campaign: 日\nnurture:\n  video_loop: 3\n  texts:\n    - 好\n" + "".join(f"    - {x}\n" for x in bad))
    assert {problem.field: problem.reason.partition(":")[0] for problem in found} == {
        f"nurture.texts.{number}": f"line {number + 5}, column 7" for number in range(1, 6)
    }
    reasons = "\n".join(problem.reason for problem in found)
    assert all(said in reasons for said in ("'好 '", "'好好", "'好\\n好'", "5 is no text"))
    assert max(len(problem.reason) for problem in found) < 150
