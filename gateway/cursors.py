"""Cursors: where a page of a list ends, told to the caller as text that only this module reads."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime

from models.refused import Refused, refuse

_TEXT = re.compile(r"[A-Za-z0-9_-]{1,400}")
_ID = re.compile(r"[0-9A-Za-z._:-]{1,191}")


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page, by what the list is ordered by: when it was made, then its id."""

    at: datetime
    id: str


def to_cursor(kind: str, place: Place) -> str:
    """The cursor of a list of this kind."""
    raw = json.dumps([kind, place.at.isoformat(), place.id], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def from_cursor(kind: str, cursor: str) -> Place:
    """The place in a list of this kind. Raises Refused for what `to_cursor` did not make.

    It only says where to go on: what may be seen is the query's to decide, so a cursor that somebody
    made up shows nothing more.
    """
    try:
        if not _TEXT.fullmatch(cursor):
            raise _no_cursor()
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        said, at, row_id = found
        moment = datetime.fromisoformat(at)
        if said != kind or moment.tzinfo is None or not _ID.fullmatch(row_id):
            raise _no_cursor()
        return Place(moment, row_id)
    except (ValueError, TypeError, RecursionError):
        raise _no_cursor() from None


def _no_cursor() -> Refused:
    return refuse("cursor", "it is no cursor of this list", "give `next` of the page before as it is, or leave it out")
