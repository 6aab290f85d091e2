"""What an app shows until it knows better: 加载中..., --, an ellipsis, nothing. One rule for all fields."""

from __future__ import annotations

import re

# One or two dots of emoji are what a dump writes for characters that it cannot hold: never taken for waiting.
_WAITING = re.compile(
    r"(?:正在)?(?:加载|载入|获取|刷新|查询)中?\W*|请稍[候后等]\W*|loading\W*|[-\u2010-\u2015_*~]+|[…。·]+|\.|\.\.\.",
    re.IGNORECASE,
)
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"


def is_placeholder(text: str) -> bool:
    """Is this no value yet? Looked at again, a bounded number of times, and never stored as one.

    For names, ids, titles, counts and moments; a comment's text may well be an ellipsis.
    """
    told = text.translate(dict.fromkeys(map(ord, _UNSEEN))).strip()
    return not told or _WAITING.fullmatch(told) is not None


def is_waiting_count(text: str) -> bool:
    """Does the text of a count, 评论 --, say that the count is still to come? One that is not shown is none."""
    told = text.strip()
    return bool(told) and not re.search(r"\d", told) and is_placeholder(re.split(r"[\s:：]", told, maxsplit=1)[-1])
