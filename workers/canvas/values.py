"""Checks the contents of a signature: JSON values and execution options."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from models.values.calendar import in_calendar
from workers.canvas.errors import CanvasRefused
from workers.canvas.rows import Join

MAX_VALUE_DEPTH = 64
MAX_SECONDS = 366 * 24 * 3600  # a year: longer waits are a schedule, not a canvas
MAX_QUEUE_CHARS = 255  # AMQP's longest queue name, for every broker

OPTIONS = ("priority", "queue", "countdown", "eta", "expires", "time_limit", "soft_time_limit")
DELAYS = frozenset({"countdown", "eta"})
# Options that Signature.freeze() adds. The ledger assigns its own ids.
BOOKKEEPING = frozenset(
    {"task_id", "reply_to", "root_id", "parent_id", "group_id", "group_index", "chord", "replaced_task_nesting"}
)
STRUCTURAL = frozenset({"link", "link_error", "join"})
SMALLER = "give a smaller number, or text where the field takes text"
STAMPS = frozenset({"stamped_headers", "stamps"})


def plain(value: Any, field: str, depth: int = 0) -> Any:
    """Returns a copy of a value as JSON represents it: tuples become lists. Raises CanvasRefused for other types."""
    if depth > MAX_VALUE_DEPTH:
        raise CanvasRefused(field, f"nested more than {MAX_VALUE_DEPTH} deep", "flatten the value")
    if value is None or isinstance(value, bool) or _is_simple(value):
        return value
    if isinstance(value, str):
        return _text(value, field)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise CanvasRefused(field, "a whole number beyond 64 bits", SMALLER)
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CanvasRefused(field, f"{value} is not JSON", "give null or a finite number")
        return value
    if isinstance(value, Mapping):
        return {
            _key(key, field): item if _is_simple(item) else plain(item, f"{field}.{key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            item if _is_simple(item) else plain(item, f"{field}[{index}]", depth + 1)
            for index, item in enumerate(value)
        ]
    raise CanvasRefused(field, f"a {type(value).__name__} is not JSON", "give text, numbers, lists and objects")


def _is_simple(value: Any) -> bool:
    """True for most of what a canvas holds: its place is put into words for nothing."""
    form = type(value)
    return (form is str and value.isascii()) or (form is int and -(2**63) <= value < 2**63)


def _text(value: str, field: str) -> str:
    if value.isascii():
        return str(value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise CanvasRefused(field, "half of a surrogate pair is no text", "give well-formed Unicode") from error
    return str(value)


def _key(key: Any, field: str) -> str:
    if not isinstance(key, str):
        raise CanvasRefused(field, f"the key {key!r} is not text", "give objects with text keys only")
    return _text(key, field)


def checked_options(options: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Returns the allowed options of a signature, as JSON. Raises CanvasRefused for others, and for bad values."""
    checked: dict[str, Any] = {}
    if not options:
        return checked
    for name, value in options.items():
        if value is None or name in BOOKKEEPING or name in STRUCTURAL:
            continue
        place = f"{field}.options.{name}"
        _refuse_unknown(name, place)
        checked[name] = _checked_option(name, value, place)
    if checked.keys() >= DELAYS:
        raise CanvasRefused(f"{field}.options", "countdown and eta are both given", "give one of them")
    return checked


def _refuse_unknown(name: str, place: str) -> None:
    if name in OPTIONS:
        return
    if name in STAMPS:
        raise CanvasRefused(place, "stamping is not supported", "give the task a parameter of its own")
    if name == "use_link":
        raise CanvasRefused(place, "message protocol 1 is retired", "leave use_link out")
    raise CanvasRefused(place, "this option is not supported", f"use only {', '.join(OPTIONS)}, link, link_error, join")


def _checked_option(name: str, value: Any, place: str) -> Any:
    if name == "priority":
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9:
            return int(value)
        raise CanvasRefused(place, f"{value!r} is no priority", "give a whole number from 0 (urgent) to 9 (low)")
    if name == "queue":
        if isinstance(value, str) and 0 < len(value) <= MAX_QUEUE_CHARS:
            return _text(value, place)
        raise CanvasRefused(place, "a queue is named by text", f"give 1 to {MAX_QUEUE_CHARS} characters")
    if name == "eta" or (name == "expires" and isinstance(value, str | datetime)):
        return _moment(value, place)
    least_open = name != "countdown"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= MAX_SECONDS or (least_open and value == 0):
        remedy = f"give {'more than 0' if least_open else '0'} to {MAX_SECONDS} seconds"
        raise CanvasRefused(place, f"{value!r} is no number of seconds", remedy)
    return value


def _moment(value: Any, place: str) -> str:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise CanvasRefused(place, "not a time", "give ISO 8601, such as 2030-01-31T08:00:00+08:00") from error
    if moment.tzinfo is None:
        raise CanvasRefused(place, "a time without a zone", "add the offset, such as +08:00")
    if not in_calendar(moment):
        raise CanvasRefused(place, "a time outside the calendar", "give a time within a year")
    return moment.astimezone(UTC).isoformat()


def checked_join(options: Mapping[str, Any], field: str) -> Join | None:
    """Returns a signature's join of the list before it, or None if it has none."""
    join = options.get("join")
    if join is None or join in ("all", "settled"):
        return join
    raise CanvasRefused(f"{field}.options.join", f"{join!r} is no join", 'give "all" or "settled"')
