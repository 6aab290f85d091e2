"""Checks JSON from outside: every text, number and depth, with an explicit stack instead of recursion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from gateway.protocol.unique_keys import RepeatedKey, TooManyDigits, read_unique
from models.database.storable import MOST_DEPTH, UNSTORABLE, storable_text
from models.values.refused import MOST_PROBLEMS, Problem, Refused, refuse
from workers.canvas.values import SMALLER

MOST_FIELDS = 1000  # of one object: each that a model does not know costs it an error
_MOST_PATH = 200


def parse_object(body: bytes, field: str = "body") -> dict[str, Any]:
    """Parses the JSON object in a body and checks it as `check_values` does. Raises Refused."""
    try:
        data = read_unique(body)
    except RepeatedKey as repeated:
        raise Refused([repeated_problem(repeated)]) from None
    except RecursionError:
        raise refuse(field, f"it is nested more than {MOST_DEPTH} deep", "flatten it") from None
    except TooManyDigits:
        raise Refused([digits_problem(field)]) from None
    except ValueError:  # of UTF-8 as well
        raise refuse(field, "it is no JSON in UTF-8", "send one JSON object") from None
    if not isinstance(data, dict):
        raise refuse(field, "it is no JSON object", "send one JSON object")
    check_values(data)
    return data


def repeated_problem(repeated: RepeatedKey) -> Problem:
    """Returns the problem of a field that an object names twice."""
    return Problem(_place(repeated.place), "it is named twice in one object", "name it once")


def digits_problem(field: str = "body") -> Problem:
    """Returns the problem of JSON with a number that is too long to be read, so that its place is not known."""
    return Problem(field, "it holds a number with too many digits", SMALLER)


def check_values(data: Mapping[str, Any]) -> None:
    """Raises Refused with the first 20 texts, numbers, depths and sizes that no ledger can store, or nobody means."""
    problems = []
    for problem in _problems(data):
        problems.append(problem)
        if len(problems) == MOST_PROBLEMS:
            break
    if problems:
        raise Refused(problems)


def check_text(value: str, field: str) -> None:
    """Checks one text, such as a part of a path or a query. Raises Refused."""
    problem = _text_problem(value, field)
    if problem is not None:
        raise Refused([problem])


def _problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yields each problem, in order. A million bytes hold half a million values: places are words only where needed."""
    keys: list[str | int] = []  # of the containers that the walk is in
    if len(data) > MOST_FIELDS:
        yield _too_many_fields(data, keys)
        return
    walks = [_entries(data)]
    while walks:
        for key, item in walks[-1]:
            if isinstance(key, str) and UNSTORABLE.search(key):
                yield from filter(None, (_text_problem(key, _place([*keys, key])),))
            if len(walks) > MOST_DEPTH:
                yield Problem(_place([*keys, key]), f"it is nested more than {MOST_DEPTH} deep", "flatten it")
            elif isinstance(item, dict) and len(item) > MOST_FIELDS:
                yield _too_many_fields(item, [*keys, key])
            elif isinstance(item, dict | list):
                keys.append(key)
                walks.append(_entries(item))
                break
            elif not _is_plain(item):
                yield from filter(None, (_value_problem(item, _place([*keys, key])),))
        else:
            walks.pop()
            del keys[-1:]


def _entries(container: Mapping[str, Any] | list[Any]) -> Iterator[tuple[str | int, Any]]:
    return iter(enumerate(container)) if isinstance(container, list) else iter(container.items())


def _too_many_fields(container: Mapping[str, Any], keys: Sequence[str | int]) -> Problem:
    reason = f"it has {len(container)} fields"
    return Problem(_place(keys) or "body", reason, f"give it {MOST_FIELDS} at most")


def _place(keys: Sequence[str | int]) -> str:
    return reduce(_inside, keys, "")


def _is_plain(value: Any) -> bool:
    """True for a text, number or other single value that a ledger can store."""
    if isinstance(value, str):
        return UNSTORABLE.search(value) is None
    return value is None or _value_problem(value, "") is None


def _value_problem(value: Any, path: str) -> Problem | None:
    if isinstance(value, str):
        return _text_problem(value, path)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return Problem(path, "it is a whole number beyond 64 bits", SMALLER)
    if isinstance(value, float) and not math.isfinite(value):
        return Problem(path, "it is no finite number", "give a finite number or null")
    return None


def _text_problem(value: str, field: str) -> Problem | None:
    found = UNSTORABLE.search(value)
    if found is None:
        return None
    what = "the character NUL" if found[0] == "\x00" else "half of a surrogate pair"
    return Problem(field, f"it holds {what}, at place {found.start()}", "take it out")


def _inside(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"[:_MOST_PATH]
    return storable_text(f"{path}.{key}" if path else key, _MOST_PATH)
