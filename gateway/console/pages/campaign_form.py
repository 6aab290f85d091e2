"""The form of the standard day: from its fields to the content of a campaign file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.console.view import Form

# field of the form → its place in the file, and what the standard day has there
NUMBERS: Mapping[str, tuple[tuple[str, ...], int]] = {
    "nurture_comments": (("nurture", "comments"), 5),
    "nurture_replies": (("nurture", "replies"), 5),
    "nurture_video_likes": (("nurture", "video_likes"), 10),
    "nurture_video_loop": (("nurture", "video_loop"), 80),
    "nurture_comment_loop": (("nurture", "comment_loop"), 60),
    "collect_videos": (("collect", "videos"), 2),
    "collect_comments": (("collect", "comments"), 50),
    "collect_least": (("collect", "least_comments"), 50),
    "directed_comments": (("directed", "per_account", "comments"), 3),
    "directed_replies": (("directed", "per_account", "replies"), 3),
    "directed_likes": (("directed", "per_account", "comment_likes"), 5),
}
TEXTS: Mapping[str, tuple[str, ...]] = {
    "nurture_texts": ("nurture", "texts"),
    "comment_texts": ("directed", "comment_texts"),
    "reply_texts": ("directed", "reply_texts"),
}
PARTS = ("nurture", "collect", "directed")


def given_by(form: Form) -> dict[str, Any]:
    """Returns the content of a campaign file. A number that is none stays text, so that the check names its field."""
    asked: dict[str, Any] = {"campaign": form.text("campaign", 191), "accounts": _accounts(form)}
    wanted = form.every("part")
    for part in PARTS:
        if part in wanted:
            asked[part] = {}
    for name, (place, _) in NUMBERS.items():
        if place[0] in asked:
            _put(asked, place, _number(form.text(name, 20)))
    for name, place in TEXTS.items():
        if place[0] in asked:
            _put(asked, place, lines(form.raw(name)))
    if "collect" in asked:
        asked["collect"]["authors"] = list(form.every("author"))
    if form.text("without_basis"):
        asked["without_basis"] = form.text("without_basis", 40)
    return asked


def lines(text: str) -> list[str]:
    """Returns the lines of a field that are not blank."""
    return [one.strip() for one in text.splitlines() if one.strip()]


def _accounts(form: Form) -> str | list[str]:
    named = lines(form.raw("accounts").replace(",", "\n").replace("，", "\n"))
    return named or "all"


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _put(asked: dict[str, Any], place: Sequence[str], value: Any) -> None:
    *above, last = place
    for name in above:
        asked = asked.setdefault(name, {})
    asked[last] = value
