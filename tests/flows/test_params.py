"""Parameters that are refused: with the field, the reason and the remedy."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest
from pydantic import ValidationError

from flows.checks import check_name, check_text
from flows.registry import FLOWS, flow_named
from flows.specs.catalogue import SPECS
from flows.specs.flow_spec import Params, as_read, check_given
from flows.specs.nurture import NurtureParams
from workers.planting.validation_errors import problems_of

GOOD: dict[str, dict[str, Any]] = {
    "nurture": {
        "comments": 5,
        "video_likes": 10,
        "replies": 5,
        "video_loop": 60,
        "comment_loop": 100,
        "texts": ("赞", "好"),
    },
    "collect_titles": {"author_id": "xiaopeng", "count": 2, "least_comments": 50},
    "collect_comments": {"author_id": "xiaopeng", "title": "标题", "video_loop": 60, "most": 50},
    "directed": {"kind": "comment", "author_id": "xiaopeng", "title": "标题", "text": "好"},
}
LIKE = {"kind": "like_comment", "author_id": "x", "title": "t", "target_commenter": "c", "target_comment": "y"}
REPLY = LIKE | {"kind": "reply", "text": "好"}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_parameters_pass_and_survive_json(name: str) -> None:
    model = flow_named(name).params_model
    params = model.model_validate(GOOD[name])
    assert model.model_validate_json(params.model_dump_json()) == params


@pytest.mark.parametrize("params", [LIKE, REPLY])
def test_each_directed_kind_passes_with_what_it_needs(params: dict[str, Any]) -> None:
    assert flow_named("directed").params_model.model_validate(params).model_dump()["kind"] == params["kind"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("nurture", {"video_likes": 61}, ["video_likes", "61", "60", "raise video_loop"]),
        ("nurture", {"comments": 5, "video_loop": 4, "video_likes": 0}, ["comments", "raise video_loop"]),
        ("nurture", {"replies": 5, "comment_loop": 4}, ["replies", "raise comment_loop"]),
        ("nurture", {"texts": ("赞",)}, ["texts", "10 comments and replies", "1 text", "at least 2"]),
        ("nurture", {"texts": ("赞", "赞"), "comments": 0, "replies": 2}, ["texts", "1 text", "twice in a row"]),
        ("nurture", {"texts": ()}, ["texts", "give the operator's own texts"]),
        ("nurture", {"texts": (" ",)}, ["texts", "empty"]),
        ("nurture", {"texts": ("好\n好",)}, ["texts", "line break"]),
        ("nurture", {"comments": -1}, ["comments"]),
        ("nurture", {"coments": 1}, ["coments"]),
        ("nurture", {"video_loop": 0}, ["video_loop"]),
        ("collect_titles", {"author_id": ""}, ["author_id", "empty"]),
        ("collect_titles", {"count": 61}, ["count", "raise video_loop"]),
        ("collect_titles", {"count": 0}, ["count"]),
        ("collect_comments", {"title": " "}, ["title", "empty"]),
        ("collect_comments", {"most": 0}, ["most"]),
        ("directed", {"kind": "dance"}, ["kind"]),
        ("directed", {"text": ""}, ["text", "give the text"]),
        ("directed", {"text": "好 "}, ["text", "blank"]),
        ("directed", {"text": "好" * 201}, ["text", "shorten"]),
        ("directed", {"target_comment": "y"}, ["target_comment", "leave it out"]),
        ("directed", LIKE | {"target_comment": ""}, ["target_comment", "empty"]),
        ("directed", LIKE | {"text": "好"}, ["text", "leave it out"]),
        ("directed", REPLY | {"target_commenter": ""}, ["target_commenter"]),
    ],
)
def test_bad_parameters_are_refused_in_words(name: str, change: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        flow_named(name).params_model.model_validate(GOOD[name] | change)
    for word in words:
        assert word in str(refused.value)


class Colour(StrEnum):
    RED = "red"


class OfAPackage(Params):
    """The parameters that a flow package may have."""

    most: int = 1
    share: float = 1.0
    quick: bool = False
    since: datetime | None = None
    colour: Colour = Colour.RED
    names: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "given",
    [
        {"most": True}, {"most": "2"}, {"most": 1.0}, {"share": "1.5"}, {"share": True}, {"quick": "yes"}, {"quick": 1},
        {"names": "one"}, {"names": [1]}, {"since": 12}, {"colour": 1},
    ],
)  # fmt: skip
def test_nothing_that_is_given_is_taken_for_what_it_is_not(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        check_given(OfAPackage, given)
    ((_, problem),) = problems_of(refused.value, OfAPackage)
    assert problem.field.split(".")[0] == next(iter(given))
    assert "Input should" not in problem.reason


def test_what_json_has_no_form_of_its_own_for_is_read_from_its_lists_and_texts() -> None:
    given = {"share": 2, "since": "2030-01-31T08:00:00+08:00", "colour": "red", "names": ["a"], "kinds": ["b"]}
    read = check_given(OfAPackage, given | {"quick": True, "most": 3})
    assert (read.share, read.names, read.kinds, read.colour) == (2.0, ("a",), frozenset({"b"}), Colour.RED)
    assert read.since is not None


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_parameters_may_be_given(name: str) -> None:
    assert check_given(SPECS[name].params_model, GOOD[name]) == SPECS[name].params_model.model_validate(GOOD[name])


def test_what_an_earlier_release_took_can_be_given_again_as_its_flow_read_it() -> None:
    model = SPECS["collect_titles"].params_model
    assert as_read(model, {"author_id": "a", "count": "2"}) == {"author_id": "a", "count": 2}
    assert as_read(model, {"count": "2"}) == {"count": "2"}  # the author came from another task's result


def test_an_unknown_flow_is_named_with_those_that_exist() -> None:
    with pytest.raises(
        KeyError,
        match="collect_comments, collect_titles, directed, dislike_comment, monitor_account, monitor_keyword, "
        "monitor_post, nurture, report_comment",
    ):
        flow_named("dance")


@pytest.mark.parametrize(
    ("name", "identifier", "heading"),
    [
        ("nurture", "YANGHAO_TASK_RESULT_DATA_TITLE", "养号"),
        ("collect_titles", "TITLE_COLLECT_TASK_RESULT_DATA_TITLE", "标题采集"),
        ("collect_comments", "COMMENT_COLLECT_TASK_RESULT_DATA_TITLE", "数据采集"),
        ("directed", "DIRECTED_TASK_RESULT_DATA_TITLE", "定向任务"),
        ("dislike_comment", "COMMENT_DISLIKE_TASK_RESULT_DATA_TITLE", "不喜欢评论"),
        ("report_comment", "COMMENT_REPORT_TASK_RESULT_DATA_TITLE", "举报评论"),
        ("monitor_account", "ACCOUNT_MONITOR_TASK_RESULT_DATA_TITLE", "账号监控"),
        ("monitor_keyword", "KEYWORD_MONITOR_TASK_RESULT_DATA_TITLE", "关键词监控"),
        ("monitor_post", "POST_MONITOR_TASK_RESULT_DATA_TITLE", "指定帖子监控"),
    ],
)
def test_flows_keep_the_operators_identifiers(name: str, identifier: str, heading: str) -> None:
    assert (FLOWS[name].result_title, FLOWS[name].heading) == (identifier, heading)
    assert FLOWS[name].steps[0] == "account"


@pytest.mark.parametrize(
    ("name", "params", "fields"),
    [
        ("directed", {"kind": "reply", "author_id": "a", "title": "t"}, ["target_commenter", "target_comment", "text"]),
        ("directed", {"kind": "like_comment", "author_id": "a", "title": "t"}, ["target_commenter", "target_comment"]),
        (
            "directed",
            {"kind": "comment", "author_id": "a", "title": "t", "target_comment": "x", "target_commenter": "y"},
            ["target_commenter", "target_comment", "text"],
        ),
        (
            "nurture",
            {"video_loop": 1, "comments": 2, "video_likes": 3, "replies": 4, "comment_loop": 1},
            ["comments", "video_likes", "replies", "texts"],
        ),
    ],
)
def test_every_field_that_a_flow_lacks_is_named_at_once(name: str, params: dict[str, Any], fields: list[str]) -> None:
    model = flow_named(name).params_model
    with pytest.raises(ValidationError) as refused:
        model.model_validate(params)
    told = [problem for _, problem in problems_of(refused.value, model)]
    assert [problem.field for problem in told] == fields
    assert all(problem.reason and problem.remedy for problem in told)
    assert not [problem for problem in told if problem.field in problem.reason.split(":")[0]]


UNSEEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u3164", "\u2800", "\u115f"]


@pytest.mark.parametrize("mark", UNSEEN)
def test_what_nobody_sees_stands_at_no_end_of_a_text(mark: str) -> None:
    for text in (f"{mark}好", f"好{mark}", f"{mark}好{mark}"):
        with pytest.raises(ValueError, match=f"begins or ends with U\\+{ord(mark):04X}"):
            check_text(text)
    for check in (check_text, check_name):
        with pytest.raises(ValueError, match="is empty"):
            check(f"{mark} {mark}")


@pytest.mark.parametrize("text", ["好❤️", "👨‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "1️⃣", "a\u200bb"])
def test_what_joins_within_a_text_is_kept(text: str) -> None:
    assert check_text(text) == text


@pytest.mark.parametrize("pair", [("太棒了❤", "太棒了❤\ufe0f"), ("café", "cafe\u0301"), ("☺\ufe0e", "☺\ufe0f")])
def test_texts_that_look_the_same_are_the_same_text(pair: tuple[str, str]) -> None:
    with pytest.raises(ValidationError, match="1 text is given"):
        NurtureParams(comments=2, video_loop=5, texts=pair)


def test_each_flow_is_the_one_that_its_spec_declares() -> None:
    assert FLOWS.keys() == SPECS.keys()
    for name, spec in SPECS.items():
        assert isinstance(FLOWS[name], type(spec))
