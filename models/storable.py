"""What the ledger can hold: text and JSON as they come from apps and tasks, made fit to be written.

A record must not fail because of what an app showed. Text keeps every character but those that no
database takes: lone halves of surrogate pairs and NUL become U+FFFD.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

MOST_DEPTH = 64
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str, most: int | None = None) -> str:
    """The text as any database holds it; cut to `most` characters, the last one then being an ellipsis."""
    clean = UNSTORABLE.sub("\ufffd", text)
    return clean if most is None or len(clean) <= most else clean[: most - 1] + "…"


def storable_json(value: Any, depth: int = 0) -> Any:
    """A copy of a value as JSON holds it: tuples become lists. Raises ValueError for what JSON cannot hold."""
    if depth > MOST_DEPTH:
        raise ValueError(f"it is nested more than {MOST_DEPTH} deep")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not JSON")
        return value
    if isinstance(value, Mapping):
        return {_key(key): storable_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item, depth + 1) for item in value]
    raise ValueError(f"a {type(value).__name__} is not JSON")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return storable_text(key)
    raise ValueError(f"the key {key!r} is not text")
