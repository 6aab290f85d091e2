"""How a new version of an app names its ids: as people rename them, or as a build that shortens them does."""

from __future__ import annotations

import zlib

DIGITS = "abcdefghijklmnopqrstuvwxyz"
WORDS = {
    "comment": "cmt", "list": "recycler", "item": "cell", "title": "headline", "name": "nick", "account": "profile",
    "author": "creator", "page": "screen", "video": "clip", "button": "btn", "text": "content", "date": "day",
    "count": "num", "id": "uid", "article": "post", "search": "find", "input": "field", "history": "older",
    "image": "picture", "reads": "views", "likes": "wow", "end": "bottom", "time": "moment", "tab": "nav",
    "like": "heart", "close": "dismiss", "result": "hit", "reply": "answer", "body": "stream", "part": "block",
}  # fmt: skip


def renamed(name: str, style: str, seed: int) -> str:
    """The new name of an id; another one than before in every style."""
    if style == "obfuscated":
        number = zlib.crc32(f"{seed} {name}".encode())
        return "".join(DIGITS[number // 26**place % 26] for place in range(5))
    if style == "prefix":
        return f"v2_{name}"
    if style == "camel":
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest) + ("" if rest else "View")
    if style == "words":
        words = [WORDS.get(word, word) for word in name.split("_")]
        return "_".join(words) if words != name.split("_") else f"{name}_new"
    return f"{name}_v2"
