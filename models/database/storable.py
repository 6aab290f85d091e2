"""Makes text and JSON from apps and tasks storable in the ledger.

Recording an outcome must not fail because of a text that an app showed. Text keeps every character except those that
no database takes: lone halves of surrogate pairs and NUL become U+FFFD.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

MOST_DEPTH = 64
MOST_BITS = 10_000  # of a whole number: Python converts at most 4300 digits to text
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str, most: int | None = None) -> str:
    """Returns the text in a form that any database stores; cut to `most` characters, the last of them an ellipsis."""
    clean = UNSTORABLE.sub("\ufffd", text)
    return clean if most is None or len(clean) <= most else clean[: most - 1] + "…"


class TooLong(ValueError):
    """The JSON of a value has too many bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"it is larger than {most} bytes as JSON")


def storable_json(value: Any, most: int | None = None) -> Any:
    """Returns a copy of a value as JSON represents it: tuples become lists.

    Raises ValueError for values that are not JSON or are nested deeper than MOST_DEPTH, and TooLong once the copy has
    more than `most` bytes, without reading the rest of the value.
    """
    return _Copy(most).of(value, 0)


class _Copy:
    """Copies one value, and counts the copy's bytes as JSON in UTF-8 meanwhile."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._bytes = 0

    def of(self, value: Any, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested more than {MOST_DEPTH} deep")
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | int | float):
            return self._number(value)
        self._count(3)
        if isinstance(value, Mapping):
            return {self._key(key): self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(item, depth + 1) for item in value]
        raise ValueError(f"a {type(value).__name__} is not JSON")

    def _text(self, text: str) -> str:
        if self._most is not None and len(text) > self._most:
            raise TooLong(self._most)
        clean = storable_text(text)
        self._count(len(json.dumps(clean, ensure_ascii=False).encode()) + 1)
        return clean

    def _number(self, value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value} is not JSON")
        if isinstance(value, int) and value.bit_length() > MOST_BITS:
            raise ValueError(f"a whole number of {value.bit_length()} bits is not JSON that others read")
        self._count(len(json.dumps(value)) + 1)
        return value

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return self._text(key)
        raise ValueError(f"the key {key!r} is not text")

    def _count(self, more: int) -> None:
        self._bytes += more
        if self._most is not None and self._bytes > self._most:
            raise TooLong(self._most)
