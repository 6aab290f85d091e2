"""Every flow says which of its parameters make it run longer, and what is usual: more explains a time limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flows.registry import FLOWS
from workers.policy.blame import looks_further

COMMENT = {"author_id": "a", "title": "t", "target_commenter": "小红", "target_comment": "好看"}
LEAST: dict[str, dict[str, Any]] = {
    "nurture": {"video_loop": 1, "texts": ["一", "二", "三", "四", "五", "六"]},
    "collect_titles": {"author_id": "a", "count": 1},
    "collect_comments": {"author_id": "a", "title": "t"},
    "directed": {"kind": "comment", "author_id": "a", "title": "t", "text": "好"},
    "dislike_comment": COMMENT,
    "report_comment": COMMENT | {"reason": "其他"},
    "monitor_post": {"author_id": "a", "title": "t"},
    "monitor_account": {"author_id": "a"},
    "monitor_keyword": {"keyword": "刹车"},
}


def numbers() -> Iterator[tuple[str, str]]:
    """Every parameter of every flow that is a number."""
    for flow in FLOWS.values():
        for name, field in flow.params_model.model_fields.items():
            if field.annotation is int:
                yield flow.name, name


def most_of(flow: str, name: str) -> int:
    return max(getattr(one, "le", 0) for one in FLOWS[flow].params_model.model_fields[name].metadata)


def with_room(flow: str, name: str, value: int) -> dict[str, Any]:
    """These parameters, with loops as long as their counts need them, as far as that is usual."""
    params = LEAST[flow] | {name: value}
    if name in ("comments", "video_likes", "count"):
        params |= {"video_loop": max(value, FLOWS[flow].usual["video_loop"])}
    if name == "replies":
        params |= {"comment_loop": max(value, FLOWS[flow].usual["comment_loop"])}
    return params


def test_there_is_a_sample_of_every_flow() -> None:
    assert set(LEAST) == set(FLOWS)


@pytest.mark.parametrize(("flow", "name"), list(numbers()))
def test_every_number_that_a_flow_takes_has_a_usual_value(flow: str, name: str) -> None:
    assert name in FLOWS[flow].usual, "a number that makes no flow longer is new: say so here"
    field = FLOWS[flow].params_model.model_fields[name]
    assert 0 < FLOWS[flow].usual[name] <= most_of(flow, name)
    assert field.is_required() or field.default <= FLOWS[flow].usual[name]


@pytest.mark.parametrize("flow", FLOWS)
def test_usual_names_nothing_else(flow: str) -> None:
    assert set(FLOWS[flow].usual) == {name for of, name in numbers() if of == flow}
    assert not looks_further(flow, LEAST[flow])


@pytest.mark.parametrize(("flow", "name"), list(numbers()))
def test_more_than_usual_explains_and_as_much_does_not(flow: str, name: str) -> None:
    usual = FLOWS[flow].usual[name]
    assert not looks_further(flow, with_room(flow, name, usual))
    for more in {usual + 1, most_of(flow, name)}:
        params = with_room(flow, name, more)
        assert looks_further(flow, params)
        assert looks_further(flow, params | {name: str(more)}), "the flow reads a text of digits as a number"
        assert looks_further(flow, params | {name: float(more)})


@pytest.mark.parametrize("params", [{}, {"nothing": 1}, {"author_id": 7}])
@pytest.mark.parametrize("flow", FLOWS)
def test_what_the_flow_would_refuse_is_not_usual(flow: str, params: dict[str, Any]) -> None:
    assert looks_further(flow, params)
