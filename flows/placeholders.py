"""Recognises placeholders, which an app shows until a value has loaded: 加载中..., --, an ellipsis, nothing."""

from __future__ import annotations

import re

# A dump writes dots for emoji, so two or four dots are never taken for a placeholder.
_WAITING = re.compile(
    r"(?:正在)?(?:加载|载入|获取|刷新|查询)中?\W*|请稍[候后等]\W*|loading\W*|[-\u2010-\u2015_*~]+|[…。·]+|\.|\.\.\.",
    re.IGNORECASE,
)
_DIGIT, _BLANK_OR_COLON = re.compile(r"\d"), re.compile(r"[\s:：]")
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"


def is_placeholder(text: str) -> bool:
    """Returns whether a text is a placeholder. Flows look again a bounded number of times, and never store one.

    For names, ids, titles, counts and times; a comment's text may really be an ellipsis.
    """
    told = text.translate(dict.fromkeys(map(ord, _UNSEEN))).strip()
    return not told or _WAITING.fullmatch(told) is not None


def is_waiting_count(text: str) -> bool:
    """Returns whether the text of a count, like 评论 --, is a placeholder. A count that is not shown is none."""
    told = text.strip()
    return bool(told) and not _DIGIT.search(told) and is_placeholder(_BLANK_OR_COLON.split(told, maxsplit=1)[-1])
