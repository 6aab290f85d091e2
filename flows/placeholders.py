"""Recognises placeholders, which an app shows until a value has loaded: 加载中..., --, an ellipsis, nothing."""

from __future__ import annotations

import re

from flows.checks import UNSEEN

# A dump writes dots for emoji, so two or four dots are never taken for a placeholder.
_LOADS = "加载|载入|获取|刷新|查询"
_WORKS = "读取|同步|登录|连接|请求|缓冲|更新"  # alone, each may be somebody's name
_HARD = "(?:正在|努力|拼命|玩命|全力)"
_SOON = r"(?:请稍[候后等](?:片刻|一下)?|请等待|稍[候后等]|(?:please\s+)?wait)\W*"
_WAITING = re.compile(
    rf"(?:{_HARD}*(?:{_LOADS})中?|{_HARD}+(?:{_WORKS})中?|(?:{_WORKS})中|loading)\W*(?:{_SOON})?|{_SOON}"
    r"|[-\u2010-\u2015\u2212_*~\s]+|[…。·•・]+|\.|\.\.\.|[⏳⌛]\ufe0f?",
    re.IGNORECASE,
)
_PLAIN = str.maketrans("載獲詢讀錄請連緩衝－＿＊～", "载获询读录请连缓冲-_*~")
_BRACKETS = "[]()（）【】<>〈〉《》「」"
_DIGIT, _BLANK_OR_COLON = re.compile(r"\d"), re.compile(r"[\s:：]")


def is_placeholder(text: str) -> bool:
    """Returns whether a text is a placeholder. Flows look again a bounded number of times, and never store one.

    For names, ids, titles, counts and times; a comment's text may really be an ellipsis.
    """
    told = text.translate(UNSEEN).translate(_PLAIN).strip().strip(_BRACKETS).strip()
    return not told or _WAITING.fullmatch(told) is not None


def is_waiting_count(text: str) -> bool:
    """Returns whether the text of a count, like 评论 --, is a placeholder. A count that is not shown is none."""
    told = text.strip()
    return bool(told) and not _DIGIT.search(told) and is_placeholder(_BLANK_OR_COLON.split(told, maxsplit=1)[-1])
