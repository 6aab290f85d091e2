"""Which texts count: all, any and none of a watch's words, the longest at each place."""

from __future__ import annotations

import pytest

from models.values.refused import Refused
from workers.policy.monitoring.words import WordList, WordRule, check_words


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (("刹车", "刹车失灵"), "刹车失灵了", ["刹车失灵"]),
        (("失灵", "刹车失灵"), "刹车失灵了", ["刹车失灵"]),
        (("刹车", "车失灵"), "刹车失灵了", ["刹车"]),
        (("退车",), "退 车", []),
        (("xpeng",), "XPENG 好", ["xpeng"]),
        (("ｘ９",), "X9 和 Ｘ９", ["x9"]),
        (("😀",), "好😀", ["😀"]),
        (("好", "差"), "差的好的差的", ["差", "好"]),
        ((), "什么都没有", []),
        (("a",), "", []),
    ],
)
def test_the_leftmost_and_longest_word_counts(words: tuple[str, ...], text: str, found: list[str]) -> None:
    assert WordList(words).found(text) == found


@pytest.mark.parametrize(
    ("rule", "text", "matched"),
    [
        (WordRule(), "随便什么", []),
        (WordRule(any=("退车", "维权")), "我要维权", ["维权"]),
        (WordRule(any=("退车", "维权")), "真不错", None),
        (WordRule(all=("刹车", "失灵")), "刹车又失灵", ["刹车", "失灵"]),
        (WordRule(all=("刹车", "刹车失灵")), "刹车失灵", ["刹车", "刹车失灵"]),
        (WordRule(all=("刹车", "失灵")), "刹车很好", None),
        (WordRule(any=("退车",), none=("不退车",)), "我不退车", None),
        (WordRule(any=("退车",), none=("不退车",)), "我退车", ["退车"]),
        (WordRule(all=("P7",), any=("漏水", "异响"), none=("广告",)), "p7异响严重", ["p7", "异响"]),
        (WordRule(all=("P7",), any=("漏水", "异响"), none=("广告",)), "p7异响严重，广告勿扰", None),
        (WordRule(any=("(a+)+$", "\\d")), "12345 aaaaaaaa", None),
    ],
)
def test_all_any_and_none(rule: WordRule, text: str, matched: list[str] | None) -> None:
    assert rule.matches(text) == matched
    assert WordRule.of(rule.as_json()).matches(text) == matched


def test_thousands_of_words_are_found_in_one_pass() -> None:
    words = [f"词{number:04d}" for number in range(5000)]
    rule = WordRule(any=words)
    assert rule.matches("前面词4999后面词0001") == ["词4999", "词0001"]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (WordRule(any=("",)), "any"),
        (WordRule(all=("  ",)), "all"),
        (WordRule(none=("长" * 192,)), "none"),
        (WordRule(any=tuple(str(number) for number in range(10_001))), "any"),
        (WordRule(any=("退车",), none=("退车",)), "none"),
        (WordRule(all=("P7",), none=("p7",)), "none"),
    ],
)
def test_word_lists_that_cannot_be_meant_are_refused(rule: WordRule, field: str) -> None:
    with pytest.raises(Refused) as refused:
        check_words(rule)
    assert refused.value.problems[0].field == field
