"""How much of the world's content holds emoji, and which: made from the content, so that equal seeds are equal."""

from __future__ import annotations

import re
import zlib
from enum import StrEnum

MARKS = (
    "😀", "😂", "👍", "🙏", "🚗", "😺", "🤔", "💯", "🔥", "👍🏽", "👨‍👩‍👧‍👦", "🇨🇳", "❤️‍🔥", "🏳️‍🌈", "🧑🏿‍🔧",
    "😂😂😂", "😀..", "..😀", "🀄", "𠮷", "1️⃣🚀",
)  # fmt: skip
_BEYOND = re.compile("[\U00010000-\U0010ffff]")


class Emoji(StrEnum):
    """How much of titles, names, comments and replies holds characters above U+FFFF."""

    NONE = "none"
    SOME = "some"  # as people write
    EVERY = "every"


def dress(text: str, emoji: Emoji, key: str) -> str:
    """A text of the world with as many emoji as asked for. `key` chooses which, so that texts may differ in one."""
    if emoji is Emoji.SOME:
        return text
    if emoji is Emoji.NONE:
        return _BEYOND.sub("", text).strip() or "好"
    chance = zlib.crc32(key.encode())
    mark = MARKS[chance % len(MARKS)]
    return mark + text if chance >> 8 & 3 == 0 else text + mark
