"""Cursors: encode where a page of a list ends, as opaque text for the caller."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.values.calendar import in_calendar
from models.values.refused import Refused, refuse

_TEXT = re.compile(r"[A-Za-z0-9_-]{1,400}")
_ID = re.compile(r"[0-9A-Za-z._:-]{1,191}")
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PagePosition:
    """The sort key of a page's last row: its creation time, then its id."""

    at: datetime
    id: str


def to_cursor(kind: str, place: PagePosition) -> str:
    """Encodes the cursor of a list of this kind."""
    return _to_text(kind, place.at.isoformat(), place.id)


def from_cursor(kind: str, cursor: str) -> PagePosition:
    """Decodes the position in a list of this kind. Raises Refused for text that `to_cursor` did not make.

    A cursor only says where to continue; the query decides what the caller may see, so a forged
    cursor reveals nothing.
    """
    try:
        at, row_id = _from_text(kind, cursor)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not in_calendar(moment) or not _ID.fullmatch(row_id):
            raise _no_cursor()
        return PagePosition(moment.astimezone(UTC), row_id)
    except (ValueError, TypeError):
        raise _no_cursor() from None


def to_numbers(kind: str, *numbers: int) -> str:
    """Encodes the cursor of a list that is ordered by numbers of its rows."""
    return _to_text(kind, *numbers)


def from_numbers(kind: str, cursor: str, count: int = 1) -> Sequence[int]:
    """Decodes the `count` numbers that `to_numbers` encoded. Raises Refused."""
    numbers = _from_text(kind, cursor)
    if len(numbers) != count or not all(type(one) is int and 0 <= one <= _MOST for one in numbers):
        raise _no_cursor()
    return numbers


def _to_text(kind: str, *parts: str | int) -> str:
    raw = json.dumps([kind, *parts], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _from_text(kind: str, cursor: str) -> list[Any]:
    try:
        if not _TEXT.fullmatch(cursor):
            raise _no_cursor()
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise _no_cursor() from None
    if not isinstance(found, list) or found[:1] != [kind]:
        raise _no_cursor()
    return found[1:]


def _no_cursor() -> Refused:
    return refuse("cursor", "it is no cursor of this list", "give `next` of the page before as it is, or leave it out")
