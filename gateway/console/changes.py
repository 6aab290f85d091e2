"""The values of an entry of the audit log in words: what a change was from, and to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.console.moments import day, moment_in
from gateway.words.catalogue import Catalogue

# Fields whose values are codes, with the kind of their words. Others are data: names, titles, ids, numbers.
KINDS = {
    "basis": "basis", "code": "code", "flow": "flow", "held": "flow", "kind": "record", "mood": "mood",
    "outcome": "outcome", "role": "role", "state": "state", "step": "step",
}  # fmt: skip
SAID = frozenset({"not completed", "quarantine", "reason", "resting"})  # fields with phonefleet's own texts
PLAIN = ("state", "patch")  # kinds of a value that is a code without a field
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*(?:Z|[+-]\d\d:\d\d)")


def values_told(words: Catalogue, value: object) -> str:
    """Returns the values of an audit entry for people: `basis: owned, note: –`; empty for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        kind = next((kind for kind in PLAIN if f"{kind}:{value}" in words.texts), None)
        return words.said(value) if kind is None else words.word(kind, value)
    return _told(words, "", value)


def plain_value(words: Catalogue, value: object) -> str | None:
    """Returns yes or no for a truth, and a dash for what is missing; None for any other value."""
    if value in (None, "", []):
        return "–"
    return words.text("yes" if value else "no") if isinstance(value, bool) else None


def _told(words: Catalogue, field: str, value: object) -> str:
    if isinstance(value, Mapping):
        fields = ((_name(words, f"{name}"), _inner(words, f"{name}", one)) for name, one in value.items())
        return _listed(words, [words.text("{name}: {value}", name=name, value=one) for name, one in fields])
    plain = plain_value(words, value)
    if plain is not None:
        return plain
    if isinstance(value, list):
        return _listed(words, [_inner(words, field, one) for one in value])
    if field in KINDS:
        return words.word(KINDS[field], value)
    if field in SAID:
        return words.said(f"{value}")
    moment = moment_in(value) if _MOMENT.fullmatch(f"{value}") else None
    return day(moment) or f"{value}"


def _inner(words: Catalogue, field: str, value: object) -> str:
    """Returns a value within others: values of its own stand in brackets."""
    told = _told(words, field, value)
    return f"({told})" if isinstance(value, Mapping) and value else told


def _name(words: Catalogue, field: str) -> str:
    told = words.word("field", field)
    return field.replace("_", " ") if told == field else told


def _listed(words: Catalogue, parts: list[str]) -> str:
    return ("，" if words.language == "zh" else ", ").join(parts) or "–"
