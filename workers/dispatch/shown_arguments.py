"""Formats the arguments that Flower shows for a ticket: account, author and title.

The message's own arguments are empty. These words are for people alone: no worker reads them, and whatever text of
others is in them is cut and stands as a Python literal, so that nothing in it steers a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_TEXT = 60  # characters of an id or a title


def shown(account: str | None, params: Mapping[str, Any]) -> str:
    """Returns account, author and title, as far as known, in the form of keyword arguments."""
    known = {"account": account, "author": params.get("author_id"), "title": params.get("title")}
    return repr({name: _cut(value) for name, value in known.items() if isinstance(value, str) and value})


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"
