"""Checks that several flows' parameters share. Each refusal says the reason and the remedy."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from flows.lossy import storable

MOST_TEXT = 200  # characters; the practice app takes no longer comments


def check_text(text: str) -> str:
    """A text that can be written into the app and found again there."""
    if not text.strip():
        raise ValueError("is empty; give the text")
    if text != text.strip():
        raise ValueError(f"{text!r} begins or ends with a blank, which apps cut off; remove it")
    if len(text) > MOST_TEXT:
        raise ValueError(f"has {len(text)} characters, the app takes {MOST_TEXT}; shorten it")
    if any(ord(character) < 32 for character in text):
        raise ValueError(f"{text!r} holds a line break or control character; remove it")
    if not storable(text):
        raise ValueError(f"{text!r} holds a character that no phone shows, such as half of an emoji; remove it")
    return text


def check_name(name: str) -> str:
    """Something that names an author, a title or a commenter: as the app shows it, not empty."""
    if not name.strip():
        raise ValueError("is empty; give it as the app shows it")
    return name


Text = Annotated[str, AfterValidator(check_text)]
Name = Annotated[str, AfterValidator(check_name)]
