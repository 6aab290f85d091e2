"""Cells as the XML of a sheet. Pure, and made for speed: an export has millions of them.

A cell's type is that of its value, never what its text looks like: text is written as a string, and no string is ever
read as a formula, a number, a date or a link.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TypeAlias

from gateway.exports.workbook.text import escaped, maybe_not_plain

_DAY_ZERO = datetime.fromisoformat("1899-12-30")  # as spreadsheets count days, from March 1900 on
_FIRST = datetime.fromisoformat("1900-03-01")
MOST_DIGITS = 10**15  # a spreadsheet's numbers are doubles with 15 digits


class Style(IntEnum):
    """The number of a format in the workbook, in the order in which `package.py` adds the formats."""

    TEXT = 1
    NUMBER = 2
    MOMENT = 3
    LINK = 4


@dataclass(frozen=True, slots=True)
class Link:
    """A cell's text that leads somewhere: to an address, or (`inside`) to a place in this workbook."""

    text: str
    target: str
    inside: bool = False


# Moments have no zone: they are the wall clock of the zone that the workbook names.
Value: TypeAlias = str | int | float | datetime | Link | None


def letters(column: int) -> str:
    """Returns the name of the column with this number, from 0: A, B, …, Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


class RowWriter:
    """Writes rows of one width. What their cells have in common is made once."""

    def __init__(self, width: int) -> None:
        self._opened = [f'<c r="{letters(at)}' for at in range(width)]

    def xml(self, number: int, values: Sequence[Value]) -> str:
        """Returns a row's XML. `number` counts from 1."""
        parts = [f'<row r="{number}">']
        for opened, value in zip(self._opened, values, strict=True):
            if type(value) is str:
                if value:
                    if maybe_not_plain(value) is not None:
                        value = escaped(value)  # noqa: PLW2901 - the same text
                    space = _SPACE if value[0] <= " " or value[-1] <= " " else ""
                    parts.append(f'{opened}{number}" s="{_TEXT}" t="inlineStr"><is><t{space}>{value}</t></is></c>')
            elif value is not None:
                parts.append(_other(f'{opened}{number}"', value))
        parts.append("</row>")
        return "".join(parts)


_TEXT, _NUMBER, _MOMENT, _LINK = (int(style) for style in Style)
_SPACE = ' xml:space="preserve"'


def _text(opened: str, text: str, style: int) -> str:
    return f'{opened} s="{style}" t="inlineStr"><is><t{_SPACE}>{escaped(text)}</t></is></c>'


def _other(opened: str, value: Value) -> str:
    if type(value) is int and -MOST_DIGITS < value < MOST_DIGITS:
        return f'{opened} s="{_NUMBER}"><v>{value}</v></c>'
    if isinstance(value, datetime):
        if value < _FIRST:  # before it, spreadsheets disagree about the day
            return _text(opened, value.isoformat(" "), _TEXT)
        since = value - _DAY_ZERO
        days = since.days + (since.seconds + since.microseconds / 1e6) / 86_400
        return f'{opened} s="{_MOMENT}"><v>{days:.11f}</v></c>'
    if isinstance(value, Link):
        return _text(opened, value.text, _LINK)
    if isinstance(value, float) and math.isfinite(value):
        return f'{opened} s="{_NUMBER}"><v>{value!r}</v></c>'
    return _text(opened, str(value), _TEXT)
