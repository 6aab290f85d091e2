"""Reads JSON in which no object names a key twice: parsers differ in which of the two values they take."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any


class RepeatedKey(Exception):
    """An object names a key twice; `place` holds the keys and indexes that lead there, the key's own last."""

    def __init__(self, place: Sequence[str | int]) -> None:
        super().__init__(place)
        self.place = tuple(place)


class TooManyDigits(Exception):
    """A whole number has more digits than Python reads, which is 4300."""


class _Repeats(Exception):
    """An object names a key twice; its place is not known yet."""


class _Marked(dict[str, Any]):
    """An object that named `repeated` twice."""

    repeated: str


def read_unique(body: bytes) -> Any:
    """Returns the value of the JSON in a body. Raises as json does, and RepeatedKey or TooManyDigits."""
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    try:
        return _UNIQUE.decode(text)
    except _Repeats:
        raise RepeatedKey(_place_in(_MARKING.decode(text))) from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise TooManyDigits from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Repeats
    return found


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    marked = _Marked(found)
    marked.repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return marked


# Kept: json.loads makes a decoder for each call that has a hook.
_UNIQUE = json.JSONDecoder(object_pairs_hook=_unique)
_MARKING = json.JSONDecoder(object_pairs_hook=_marked)


def _place_in(value: Any) -> list[str | int]:
    """Returns the place of a key that stood twice, the outer before those inside it."""
    keys: list[str | int] = []
    walks: list[Iterator[tuple[str | int, Any]]] = [iter([("", value)])]
    while walks:
        for key, item in walks[-1]:
            if isinstance(item, _Marked):
                return [*keys, key, item.repeated][1:]
            if isinstance(item, dict | list):
                keys.append(key)
                walks.append(iter(item.items()) if isinstance(item, dict) else iter(enumerate(item)))
                break
        else:
            walks.pop()
            del keys[-1:]
    return []
