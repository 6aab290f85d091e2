"""Puts a campaign file's variables into its texts and numbers: `${day}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from models.values.refused import Problem
from workers.planting.validation_errors import Loc, path

FIELD = "variables"
MOST_VARIABLES = 100
MOST_VALUE = 1_000  # characters
MOST_FILLED = 2_000_000  # characters that variables may add to a file: a short file must not grow without a bound
MOST_NAME = 64
NAME = re.compile(rf"[^\W\d]\w{{0,{MOST_NAME - 1}}}")
_USE = re.compile(rf"\$(\$?)\{{([^{{}}\n]{{0,{MOST_NAME}}})\}}")
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_CONTAINERS = (dict, list, tuple)
_FILLED = (str, *_CONTAINERS)
Found = tuple[Loc, Problem]
Value = str | int | bool


def read_value(text: str) -> Value:
    """Returns the value of a text as a campaign file has it: a whole number, true or false, else the text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text


def fill(data: Mapping[str, Any], given: Mapping[str, str] | None = None) -> tuple[dict[str, Any], list[Found]]:
    """Returns the fields with each `${name}` replaced by its value, and the problems with their places.

    A field that is nothing but a variable takes its value with its type; inside a text, the value's text stands.
    `$${name}` stands for the text `${name}`. `given` replaces values of the file. A variable that is unknown stays.
    """
    filling = _Filling(data.get(FIELD), given or {})
    filled = {name: one if name == FIELD else filling.put(one, (name,)) for name, one in data.items()}
    if filling.given and isinstance(filled.get(FIELD), Mapping):
        filled[FIELD] = {**filled[FIELD], **filling.given}
    return filled, filling.problems


class _Filling:
    """The values, and the problems found so far."""

    def __init__(self, declared: Any, given: Mapping[str, str]) -> None:
        self.problems: list[Found] = []
        self._values: dict[str, Value] = {}
        if isinstance(declared, Mapping) and len(declared) <= MOST_VARIABLES:
            usable = ((name, one) for name, one in declared.items() if mistake_in_variable(name, one) is None)
            self._values.update(usable)
        self.given = {name: read_value(text) for name, text in given.items() if name in self._values}
        self._values |= self.given
        self.problems += self._strangers(given)
        self._declared = set(declared) if isinstance(declared, Mapping) else set()
        self._added = 0
        self._done: dict[int, Any] = {}

    def _strangers(self, given: Mapping[str, str]) -> Iterator[Found]:
        for name, text in given.items():
            if name not in self._values:
                remedy = f"name one of {', '.join(self._values)}" if self._values else "add it to the file's variables"
                yield (FIELD,), Problem(FIELD, f"the file has no variable {name!r}", remedy)
            elif (mistake := mistake_in_variable(name, read_value(text))) is not None:
                yield (FIELD, name), Problem(f"{FIELD}.{name}", *mistake)

    def put(self, value: Any, loc: Loc) -> Any:
        """Returns a part of the file with its variables replaced; a list with several aliases is done once."""
        if isinstance(value, str):
            return self._text(value, loc) if "${" in value else value
        if not value or not isinstance(value, _CONTAINERS):
            return value
        if id(value) not in self._done:
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            # A body holds half a million values: only those that may hold a variable are worth a call.
            filled = ((key, self.put(one, (*loc, key)) if isinstance(one, _FILLED) else one) for key, one in parts)
            self._done[id(value)] = dict(filled) if isinstance(value, dict) else [one for _, one in filled]
        return self._done[id(value)]

    def _text(self, text: str, loc: Loc) -> Any:
        whole = _USE.fullmatch(text)
        if whole is not None and not whole[1]:
            return self._value(whole[2], text, loc)
        return _USE.sub(lambda use: use[0][1:] if use[1] else self._as_text(use[2], use[0], loc), text)

    def _as_text(self, name: str, use: str, loc: Loc) -> str:
        value = self._value(name, use, loc)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _value(self, name: str, use: str, loc: Loc) -> Value:
        value = self._values.get(name)
        if value is None:
            if name not in self._declared:  # a bad declaration is told where it stands
                names = ", ".join(self._values)
                remedy = f"use one of {names}, or write ${use} for the text itself"
                if not names:
                    remedy = f"add it to the file's variables, or write ${use} for the text itself"
                self.problems.append((loc, Problem(path(loc), f"{use!r} names no variable of the file", remedy)))
            return use
        self._added += len(str(value))
        if self._added > MOST_FILLED:
            if self._added - len(str(value)) <= MOST_FILLED:
                reason = f"they make the file longer than {MOST_FILLED} characters"
                self.problems.append(((FIELD,), Problem(FIELD, reason, "use shorter values, or use them less often")))
            return use
        return value


def mistake_in_variable(name: Any, value: Any) -> tuple[str, str] | None:
    """Returns the reason and the remedy for a bad variable; None for a good one."""
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        return "is no name of a variable", f"use letters, digits and _, a letter first, at most {MOST_NAME}"
    if not isinstance(value, str | int):
        return "is neither a text nor a whole number, true or false", "write one of these"
    if len(str(value)) > MOST_VALUE:
        return f"has {len(str(value))} characters and may have {MOST_VALUE}", "shorten it"
    return None
