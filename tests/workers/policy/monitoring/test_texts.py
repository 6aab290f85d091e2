"""What many texts have in common: words that trend, and texts that say nearly the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workers.policy.monitoring.texts import near_duplicates, trends


def test_the_dictionary_is_made_by_who_cuts_words_alone() -> None:
    """Each gateway, console and coordinator imports this module."""
    program = "import sys, workers.policy.monitoring.texts as texts; print('rjieba' in sys.modules);"
    program += "texts.trends(['刹车'], []); print('rjieba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "True"]


def test_words_that_more_texts_hold_than_before_trend() -> None:
    before = ["这车不错", "颜值很高", "刹车还行", "空间很大"]
    now = ["刹车失灵了", "刹车又失灵", "我的刹车也失灵", "颜值很高"]
    found = dict(trends(now, before))
    assert found["刹车"] == 3
    assert found["失灵"] == 3
    assert "颜值" not in found


@pytest.mark.parametrize("texts", [[], ["!!!", "😀"], ["的", "了"]])
def test_signs_and_single_characters_trend_never(texts: list[str]) -> None:
    assert trends(texts, []) == []


@pytest.mark.parametrize(
    ("texts", "groups"),
    [
        (["这款车的刹车真的失灵了大家小心", "完全不同的话题聊聊天气", "这款车的刹车真的失灵了，大家小心！"], [[0, 2]]),
        (["支持国产新能源汽车", "支持国产新能源汽车", "支持国产新能源汽车👍"], [[0, 1, 2]]),
        (["好", "好", "好"], []),
        (["一", ""], []),
        ([], []),
        (["今天下雨了没有带伞", "明天出门看看新的电车"], []),
    ],
)
def test_texts_that_say_nearly_the_same_are_grouped(texts: list[str], groups: list[list[int]]) -> None:
    assert near_duplicates(texts) == groups
