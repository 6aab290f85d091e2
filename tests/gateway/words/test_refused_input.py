"""What a form or a campaign file refuses is told in Chinese: each reason, and each remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from flows.checks import check_name, check_text
from flows.specs.catalogue import SPECS
from gateway.exports.asked import checked_filters
from gateway.words.catalogue import LOCALE, all_texts, catalogue
from models.values.refused import Problem, Refused
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.watches.watch_spec import WatchSpec, check_watch
from workers.planting.validation_errors import problems_of

DOCS = LOCALE.parents[2] / "docs"
CHINESE = re.compile("[一-鿿]")
ENGLISH = re.compile(r"(?!for )[a-z]{2,} [a-z]{2,}")
DATA = re.compile(r"(['\"\[{]).*")  # what was given, or an example
PER = {"comments": 3, "replies": 3}
COLLECT = {"authors": ["x"], "videos": 1, "comments": 1}
FILES: Mapping[str, Any] = {
    "empty": {},
    "without anything to do": {"campaign": "a"},
    "other types": {"campaign": 3, "accounts": "acc1", "nurture": 3, "collect": [], "seed": "x", "without_basis": "no"},
    "empty values": {"campaign": "", "accounts": [], "collect": {"authors": [], "videos": 0, "comments": 9999}},
    "too few": {"campaign": "a" * 192, "accounts": [3], "seed": -1, "collect": {}, "nurture": {}, "other": 1},
    "no texts": {"campaign": "a", "collect": COLLECT, "directed": {"per_account": PER}},
    "no collection": {"campaign": "a", "directed": {"per_account": PER, "comment_texts": [" a", "a\nb"]}},
    "twice": {"campaign": "a", "accounts": ["b", "b"], "collect": {**COLLECT, "authors": ["x", "x"]}},
    "pairs": {"campaign": "a", "collect": {**COLLECT, "pairs": [{"account": "a", "author": "x"}]}},
    "neither": {"campaign": "a", "collect": {"videos": 1, "comments": 1}, "sceme": {}, "quotas": []},
}
PARAMS = [
    ("nurture", {"comments": 3, "video_loop": 9}),
    ("nurture", {"comments": 3, "video_loop": 2, "texts": ["a"], "replies": 9, "comment_loop": 1}),
    ("nurture", {"comments": "x", "video_loop": 10**9, "texts": "a"}),
    ("directed", {"kind": "like", "author_id": "", "title": "a", "text": "x" * 5000}),
    ("collect_titles", {"author_id": "x", "count": 9, "video_loop": 1}),
]


def english(problem: Problem) -> list[str]:
    """Returns what of a problem's words a reader of Chinese gets in English."""
    zh = catalogue("zh")
    told = [zh.said(problem.reason), zh.said(problem.remedy)]
    return [one for one in told if not CHINESE.search(one) or ENGLISH.search(DATA.sub("", one))]


def problems(model: type[BaseModel], given: Mapping[str, Any]) -> list[Problem]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(given)
    return [problem for _, problem in problems_of(raised.value, model)]


@pytest.mark.parametrize("name", FILES)
def test_a_refused_campaign_file_is_told_in_chinese(name: str) -> None:
    assert [(one, english(one)) for one in problems(CampaignFile, FILES[name]) if english(one)] == []


@pytest.mark.parametrize(("flow", "params"), PARAMS)
def test_refused_parameters_of_a_flow_are_told_in_chinese(flow: str, params: Mapping[str, Any]) -> None:
    model = SPECS[flow].params_model
    assert [(one, english(one)) for one in problems(model, params) if english(one)] == []


@pytest.mark.parametrize("text", ["", " a", "a\nb", "a" * 5000, "\ud800", "\u200ba"])
def test_a_refused_text_is_told_in_chinese_in_one_piece_and_in_two(text: str) -> None:
    for check in (check_text,) if text else (check_text, check_name):
        with pytest.raises(ValueError, match="; ") as raised:
            check(text)
        whole = str(raised.value)
        reason, _, remedy = whole.rpartition("; ")
        assert english(Problem("text", reason, remedy)) == []
        assert english(Problem("text", whole, whole)) == []


@pytest.mark.parametrize("params", [{}, {"author_id": "", "title": "a", "most": 0}, {"author_id": "a", "nothing": 1}])
def test_refused_parameters_of_a_watch_are_told_in_chinese_without_pydantics_own_words(params: dict[str, Any]) -> None:
    with pytest.raises(Refused) as raised:
        check_watch(WatchSpec("a", "monitor_post", params, every=60))
    assert all(one.field.startswith("params.") for one in raised.value.problems)
    assert "Value error" not in str(raised.value)
    assert [(one, english(one)) for one in raised.value.problems if english(one)] == []


def test_an_export_names_the_field_that_it_is_not_filtered_by() -> None:
    with pytest.raises(Refused) as raised:
        checked_filters({"what": "records", "state": "failed"})
    assert raised.value.problems == (Problem("state", "records are not filtered by it", "leave it out"),)
    assert english(raised.value.problems[0]) == []


def test_a_reader_of_chinese_is_pointed_to_a_page_in_chinese() -> None:
    pages = {page.name.removesuffix(".zh-CN.md") for page in DOCS.glob("*.zh-CN.md")}
    named = [(key, page) for key, words in all_texts("zh") for page in re.findall(r"docs/([\w-]+)\.md", words)]
    assert [(key, page) for key, page in named if page in pages] == []


def test_the_first_try_of_a_new_campaign_reads_so_in_chinese() -> None:
    zh = catalogue("zh")
    assert zh.said('add one, for example ["xiaopeng"]') == '请加一个，例如 ["xiaopeng"]'
    assert zh.said("is empty, it needs at least 1") == "是空的，至少要 1 项"
    assert zh.said("3 an account asked for but no texts given") == "每个账号要 3 条，但没有给文字"
    assert zh.said("write a whole number from 1 to 5, for example 3") == "写 1 到 5 的整数，例如 3"
    assert zh.said("the pairs name the authors already") == "pairs 已经写了作者"
