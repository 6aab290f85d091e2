"""Counts as the app writes them: 999, 1,024, 1.2万, 10万+, 评论 1.2万, 展开3条回复."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COUNT = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*([万亿wWkK千]?)\s*(\+?)")
_UNITS = {"": 1, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "亿": 100_000_000}


@dataclass(frozen=True, slots=True)
class Count:
    """A shown number. `exact` is false when the app rounded it (1.2万) or cut it off (10万+)."""

    value: int
    exact: bool


def read_count(text: str) -> Count | None:
    """The first count in a text, or None when it holds none.

    >>> read_count("评论 1.2万")
    Count(value=12000, exact=False)
    """
    match = _COUNT.search(text)
    if match is None:
        return None
    digits, unit, more = match[1].replace(",", ""), match[2].lower(), match[3]
    whole, _, fraction = digits.partition(".")
    factor = _UNITS[unit]
    # in integers: 1.2 × 10000 in floating point is not always 12000
    value = int(whole) * factor + (int(fraction) * factor // 10 ** len(fraction) if fraction else 0)
    return Count(value, exact=not unit and not more)


def count_or_zero(text: str) -> int:
    """The count in a text; 0 when the app shows none, as it does for no likes and no replies."""
    count = read_count(text)
    return count.value if count else 0


def margin(asked: int) -> int:
    """The shown count from which a video is preferred: 1.1 × asked, for shown counts include replies."""
    return -(-asked * 11 // 10)
