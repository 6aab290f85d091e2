"""Puts validation errors into words: the field, the given value, the expected value and an example. Pure.

Pydantic's own messages speak of Python ("Input should be a valid tuple"); who edits a campaign file or
calls the interface reads these instead.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, get_args

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from flows.checks import Several
from models.values.refused import Problem

MISSING = "is missing"
NO_SUCH_FIELD = "there is no such field"
MOST_SHOWN = 40  # characters of what was written
Loc = tuple[int | str, ...]


def problems_of(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Loc, Problem]]:
    """Returns each mistake with its place in the input; the place is empty for the input as a whole."""
    for one in error.errors(include_url=False):
        loc = tuple(part for part in one["loc"] if not _is_branch(part))
        if one["type"] == "literal_error" and isinstance(one["input"], list | tuple):
            continue  # the other branch of a union tells what is wrong in the list
        if one["type"] == "value_error":
            yield from _own_checks(one, loc, model)
        else:
            yield loc, Problem(path(loc), *_words(one, loc, model))


def first_problems(
    error: ValidationError, model: type[BaseModel], most: int
) -> tuple[Sequence[tuple[Loc, Problem]], int]:
    """Returns the first `most` mistakes as `problems_of` does, and the number of the others.

    To put a mistake into words costs far more than to count it.
    """
    found = list(islice(problems_of(error, model), most + 1))
    if len(found) <= most:
        return found, 0
    mistakes = (_count(one) for one in error.errors(include_url=False, include_input=False))
    return found[:most], max(1, sum(mistakes) - most)


def _count(one: Mapping[str, Any]) -> int:
    error = one.get("ctx", {}).get("error")
    return len(error.mistakes) if isinstance(error, Several) else 1


def _own_checks(one: Mapping[str, Any], loc: Loc, model: type[BaseModel]) -> Iterator[tuple[Loc, Problem]]:
    """Returns the problems that a model's own check reports: one, or several at once."""
    error = one.get("ctx", {}).get("error")
    said = str(one["msg"]).removeprefix("Value error, ")
    for message in error.mistakes if isinstance(error, Several) else (said,):
        reason, _, remedy = message.rpartition("; ")
        reason, remedy = (reason, remedy) if reason else (remedy, "correct the value")
        place, reason = _named_in(reason, loc, model) or (loc, reason)
        yield place, Problem(path(place), reason, remedy)


def path(loc: Loc) -> str:
    """Formats a place in an input, with list entries counted from 0: `directed.reply_texts.2`."""
    return ".".join(str(part) for part in loc)


def written(value: Any) -> str:
    """Formats a value as JSON, cut short."""
    if value is None:
        return "nothing"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def _is_branch(part: int | str) -> bool:
    """True for a union's branch, which Pydantic puts into the place: `tuple[str, ...]`, `literal['all']`."""
    return isinstance(part, str) and "[" in part


def _words(one: Mapping[str, Any], loc: Loc, model: type[BaseModel]) -> tuple[str, str]:
    kind, field = one["type"], field_at(model, loc)
    if kind == "missing":
        return MISSING, f"add it{_example(field)}"
    if kind == "extra_forbidden":
        return NO_SUCH_FIELD, _other_name(loc, model)
    return value_words(one, field) or (
        f"{written(one['input'])} does not fit: {one['msg']}",
        f"correct the value{_example(field)}",
    )


def value_words(one: Mapping[str, Any], field: FieldInfo | None = None) -> tuple[str, str] | None:
    """Returns the reason and the remedy of a value that its field does not take; None for any other mistake."""
    told = _TOLD.get(one["type"])
    return None if told is None else told(one, field)


def _other_name(loc: Loc, model: type[BaseModel]) -> str:
    owner = _model_at(model, loc[:-1])
    names = list(owner.model_fields) if owner is not None else []
    close = difflib.get_close_matches(str(loc[-1]), names, n=1) if loc else []
    if close:
        return f"correct the name ({close[0]}?), or leave it out"
    return f"use one of {', '.join(names)}, or leave it out" if names else "leave it out"


def _named_in(reason: str, loc: Loc, model: type[BaseModel]) -> tuple[Loc, str] | None:
    """A model's own check begins with the field it speaks of: `texts: …` or `texts[2]: …`."""
    match = re.match(r"(\w+)(?:\[(\d+)\])?: ", reason)
    owner = _model_at(model, loc)
    if match is None or owner is None or match[1] not in owner.model_fields:
        return None
    place: Loc = (*loc, match[1]) if match[2] is None else (*loc, match[1], int(match[2]))
    return place, reason[match.end() :]


def field_at(model: type[BaseModel], loc: Loc) -> FieldInfo | None:
    """Returns the field that a place in the input lies in, if the model has it."""
    names = [part for part in loc if isinstance(part, str)]
    owner = _model_at(model, tuple(names[:-1]))
    return owner.model_fields.get(names[-1]) if owner is not None and names else None


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    for part in loc:
        if isinstance(part, int):
            continue
        inner = _model_in(model.model_fields.get(part))
        if inner is None:
            return None
        model = inner
    return model


def _model_in(field: FieldInfo | None) -> type[BaseModel] | None:
    types = _types_of(field.annotation) if field is not None else iter(())
    return next((one for one in types if issubclass(one, BaseModel)), None)


def _types_of(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _types_of(part)


def _example(field: FieldInfo | None, *, entry: bool = False) -> str:
    """Returns the field's example; `entry`: the first item of an example list."""
    examples = (field.examples or []) if field is not None else []
    if entry and examples and isinstance(examples[0], list):
        examples = examples[0]
    return f", for example {written(examples[0])}" if examples else ""


MOST_DIGITS = 4000  # a longer number is read as text: Python converts 4300 digits at most

_LIMIT: Mapping[type, str] = {Ge: "ge", Le: "le", MinLen: "min_length", MaxLen: "max_length"}


def _bounds(field: FieldInfo | None, least: type, most: type) -> tuple[Any, Any]:
    metadata = field.metadata if field is not None else ()
    found = {type(one): getattr(one, _LIMIT[type(one)]) for one in metadata if type(one) in _LIMIT}
    return found.get(least), found.get(most)


def _whole_number(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    given = one["input"]
    if isinstance(given, str) and len(given) > MOST_DIGITS and given.removeprefix("-").isdecimal():
        return f"a number of {len(given.removeprefix('-'))} digits is out of all bounds", _number_wanted(field)
    return f"{written(given)} is no whole number", _number_wanted(field)


def _number(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    return f"{written(one['input'])} is no number", _number_wanted(field, "number")


def _number_wanted(field: FieldInfo | None, word: str = "whole number") -> str:
    least, most = _bounds(field, Ge, Le)
    span = f" from {least} to {most}" if least is not None and most is not None else ""
    return f"write a {word}{span}{_example(field)}"


def _too_small(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    least = next(value for value in one["ctx"].values())
    above = "more than " if one["type"] == "greater_than" else ""
    return f"{written(one['input'])} is too small, it must be {above or 'at least '}{least}", _number_wanted(field)


def _too_large(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    most = next(value for value in one["ctx"].values())
    below = "less than " if one["type"] == "less_than" else ""
    return f"{written(one['input'])} is too large, it must be {below or 'at most '}{most}", _number_wanted(field)


def _text(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    return (
        f"{written(one['input'])} is no text",
        f"write a text in quotes{_example(field, entry=isinstance(one['loc'][-1], int))}",
    )


def _text_length(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    least, most = _bounds(field, MinLen, MaxLen)
    least, most = one["ctx"].get("min_length", least), one["ctx"].get("max_length", most)
    value = one["input"]
    reason = "is empty" if not value else f"has {len(value)} characters"
    span = f"{least or 0} to {most}" if most is not None else f"at least {least}"
    return reason, f"give it {span} characters{_example(field)}"


def _text_form(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    return f"{written(one['input'])} has characters that may not stand here", f"correct it{_example(field)}"


def _list(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    return f"{written(one['input'])} is no list", f"write a list{_example(field)}"


def _list_length(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    context = one["ctx"]
    if "min_length" in context and context["actual_length"] < context["min_length"]:
        reason = "is empty" if not context["actual_length"] else f"has {context['actual_length']} entries"
        return f"{reason}, it needs at least {context['min_length']}", f"add one{_example(field)}"
    return f"has too many entries, it takes at most {context['max_length']}", "take some out"


def _choice(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    wanted = str(one["ctx"]["expected"]).replace("'", "")
    return f"{written(one['input'])} is not {wanted}", f"write {wanted}"


def _yes_or_no(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    return f"{written(one['input'])} is neither true nor false", "write true or false"


def _moment(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    example = _example(field) or ', for example "2026-11-29T08:00:00+08:00"'
    return f"{written(one['input'])} is no moment with a zone", f"write it as ISO 8601{example}"


def _identifier(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    return f"{written(one['input'])} is no id", "write the id as it was given, 36 characters"


def _field_name(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    return f"{written(one['input'])} is no field name", "write the name in quotes, or correct it"


def _group(one: Mapping[str, Any], field: FieldInfo | None) -> tuple[str, str]:
    inner = _model_in(field)
    fields = f" with fields of {', '.join(inner.model_fields)}" if inner is not None else " of named fields"
    return f"{written(one['input'])} is no group of fields", f"write a group{fields}"


_Told = Callable[[Mapping[str, Any], FieldInfo | None], tuple[str, str]]
_TOLD: Mapping[str, _Told] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _whole_number),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number", "decimal_type"), _number),
    **dict.fromkeys(("greater_than_equal", "greater_than"), _too_small),
    **dict.fromkeys(("less_than_equal", "less_than"), _too_large),
    "string_type": _text,
    **dict.fromkeys(("string_too_short", "string_too_long"), _text_length),
    **dict.fromkeys(("string_pattern_mismatch", "string_unicode"), _text_form),
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type", "iterable_type"), _list),
    **dict.fromkeys(("too_short", "too_long"), _list_length),
    **dict.fromkeys(("literal_error", "enum"), _choice),
    **dict.fromkeys(("bool_type", "bool_parsing"), _yes_or_no),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"), _moment),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), _identifier),
    "invalid_key": _field_name,
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), _group),
}
