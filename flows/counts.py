"""Reads counts as apps write them: 999, 1,024, 1.2万, 1.2萬, 3k, 1百万, 10万+, 评论 1.2万, 展开3条回复."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

LONGEST = 100  # characters; a longer text is no count
MOST = 10**15  # more than any app counts; a longer number is no count

# 1,024 is grouped in threes; 12,3万 might be 12.3万 or 123万 and is no count, as 1.2 without a unit is none
_COUNT = re.compile(
    r"(?P<about>[约超近逾>≈~]?)"
    r"(?P<whole>[0-9]{1,3}(?:[,\u00a0\u2009\u202f][0-9]{3})+|[0-9]+)(?:\.(?P<part>[0-9]{1,6}))?"
    r"\s?(?P<over>[多余]?)(?P<unit>(?:[十百千]?[万亿]?亿?|[kwmb]))"
    r"\s?(?P<more>(?:\+|多|余|以上)?)",
    re.IGNORECASE,
)
_SIGNS = r"[0-9a-z.,:/%+'’٬·\-−十百千万亿多余约超近逾>≈~\u00a0\u2009\u202f]"
# the text around the first digit without a blank, and a unit after a blank
_TOKEN = re.compile(rf"{_SIGNS}*[0-9]{_SIGNS}*(?:\s(?:[十百千万亿]+|[kwmb](?![a-z]))\s?\+?)?", re.IGNORECASE)
_MORE_DIGITS = re.compile(r"\s+[0-9]")
_UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 10**8, "k": 1_000, "w": 10_000, "m": 10**6, "b": 10**9}
# full-width signs, traditional characters
_PLAIN = str.maketrans("，．＋：／％－萬億餘約", ",.+:/%-万亿余约")


@dataclass(frozen=True, slots=True)
class Count:
    """A shown number. `exact` is false when the app rounded it (1.2万) or cut it off (10万+)."""

    value: int
    exact: bool
    step: int = field(default=0, compare=False, repr=False)  # the value of the last digit shown, when not exact
    open: bool = field(default=False, compare=False, repr=False)  # the app says "or more"

    @property
    def least(self) -> int:
        """Returns the least possible real number: a number that is not exact may have been rounded up."""
        return self.value if self.exact or self.open else max(0, self.value - self.step // 2)

    @property
    def most(self) -> int:
        """Returns the greatest possible real number: a number that is not exact may have been cut."""
        return MOST if self.open else self.value + max(0, self.step - 1)


def read_count(text: str) -> Count | None:
    """Returns the first count in a text; None without one. 1.2, 12:30, 50% and 12,3万 are no counts.

    >>> read_count("评论 1.2万")
    Count(value=12000, exact=False)
    """
    if len(text) > LONGEST:
        return None
    plain = _plain(text)
    token = _TOKEN.search(plain)
    if token is None or _MORE_DIGITS.match(plain, token.end()):  # 1 234 may be one number or two
        return None
    match = _COUNT.fullmatch(token[0].lstrip(":·'’").rstrip(":,.·'’"))
    if match is None:
        return None
    digits, part, unit = re.sub("[^0-9]", "", match["whole"]), match["part"] or "", match["unit"].lower()
    if len(digits) > len(str(MOST)) or (part and not unit):
        return None
    factor = 1
    for sign in unit:
        factor *= _UNITS[sign]
    # computed with integers, because 1.2 × 10000 in floating point is not always 12000
    value = int(digits) * factor + (int(part) * factor // 10 ** len(part) if part else 0)
    if value > MOST:
        return None
    step = max(1, factor // 10 ** len(part))
    over = bool(match["more"] or match["over"])
    exact = not (unit or over or match["about"])
    return Count(value, exact, step=0 if exact else step, open=over)


def count_or_zero(text: str) -> int:
    """Returns the count in a text; 0 without one, because apps show no number for 0 likes or replies."""
    count = read_count(text)
    return count.value if count else 0


def margin(asked: int) -> int:
    """Returns the shown count from which a video is preferred: 1.1 × asked, because shown counts include replies."""
    return -(-asked * 11 // 10)


def _plain(text: str) -> str:
    """Returns the text with the decimal digits of every script as 0 to 9, and full-width signs as plain ones."""
    plain = text.translate(_PLAIN)
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in plain)
