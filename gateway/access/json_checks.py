"""Checks JSON from outside: every text, number and depth, with an explicit stack instead of recursion."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from models.database.storable import MOST_DEPTH, UNSTORABLE, storable_text
from models.values.refused import Problem, Refused, refuse

MOST_PROBLEMS = 20  # named in one refusal
_MOST_PATH = 200


def parse_object(body: bytes, field: str = "body") -> dict[str, Any]:
    """Parses the JSON object in a body and checks it as `check_values` does. Raises Refused."""
    try:
        data = json.loads(body)
    except RecursionError:
        raise refuse(field, f"it is nested more than {MOST_DEPTH} deep", "flatten it") from None
    except ValueError:  # of UTF-8 as well
        raise refuse(field, "it is no JSON in UTF-8", "send one JSON object") from None
    if not isinstance(data, dict):
        raise refuse(field, "it is no JSON object", "send one JSON object")
    check_values(data)
    return data


def check_values(data: Mapping[str, Any]) -> None:
    """Raises Refused with the first 20 texts, numbers and depths that no ledger can store."""
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
    pending: list[tuple[Any, str, int]] = [(data, "", 0)]
    while pending:
        value, path, depth = pending.pop()
        problem = _value_problem(value, path, depth)
        if problem is not None:
            yield problem
        elif isinstance(value, dict):
            pending.extend((item, _inside(path, key), depth + 1) for key, item in value.items())
            yield from filter(None, (_text_problem(key, _inside(path, key)) for key in value))
        elif isinstance(value, list):
            pending.extend((item, f"{path}[{index}]"[:_MOST_PATH], depth + 1) for index, item in enumerate(value))


def _value_problem(value: Any, path: str, depth: int) -> Problem | None:
    if depth > MOST_DEPTH:
        return Problem(path, f"it is nested more than {MOST_DEPTH} deep", "flatten it")
    if isinstance(value, str):
        return _text_problem(value, path)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return Problem(path, "it is a whole number beyond 64 bits", "give it as text")
    if isinstance(value, float) and not math.isfinite(value):
        return Problem(path, "it is no finite number", "give a finite number or null")
    return None


def _text_problem(value: str, field: str) -> Problem | None:
    found = UNSTORABLE.search(value)
    if found is None:
        return None
    what = "the character NUL" if found[0] == "\x00" else "half of a surrogate pair"
    return Problem(field, f"it holds {what}, at place {found.start()}", "take it out")


def _inside(path: str, key: str) -> str:
    return storable_text(f"{path}.{key}" if path else key, _MOST_PATH)
