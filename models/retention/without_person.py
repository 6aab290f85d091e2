"""Takes one person's words out of a JSON value or a text. Reads and writes nothing."""

from __future__ import annotations

from typing import Any

ERASED = "[erased]"
_TARGET = "target_commenter"
_OF_TARGET = (_TARGET, "target_comment")
_BY = "commenter"
_OF_COMMENT = (_BY, "text")


def without_person(value: Any, name: str) -> Any:
    """Returns a JSON value without what a person wrote: their comments, and their name and words as a target.

    A list loses the comments that they wrote; a dictionary that names them as a target keeps its other fields. Each
    other text that is exactly their name is replaced. Texts of others that mention them stay.
    """
    if isinstance(value, list):
        return [without_person(one, name) for one in value if not (isinstance(one, dict) and one.get(_BY) == name)]
    if isinstance(value, dict):
        # the text of a reply is the operator's own; the text of a comment is its commenter's
        theirs = _OF_TARGET if value.get(_TARGET) == name else _OF_COMMENT if value.get(_BY) == name else ()
        return {key: ERASED if key in theirs else without_person(one, name) for key, one in value.items()}
    return ERASED if value == name else value


def text_without(text: str | None, name: str) -> str | None:
    """Returns a text in which each occurrence of a name is replaced."""
    return text if text is None else text.replace(name, ERASED)
