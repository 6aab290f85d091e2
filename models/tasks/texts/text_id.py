"""Numbers of texts and of their grams. Pure.

A text's id begins with the millisecond at which it was collected: so a range of times is a range of ids, and the ids
of one gram are in the order of the lists. The rest tells a title from a comment, and texts of one moment apart.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

Kind = Literal["comment", "title"]
KINDS: tuple[Kind, ...] = ("comment", "title")

_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)  # earlier moments count as this one
_MILLISECOND = timedelta(milliseconds=1)
_SUBJECT_BITS = 20
_REST_BITS = _SUBJECT_BITS + 1
_GRAM_BITS = 42
MOST_ID = 2**63 - 1


def text_id(kind: Kind, subject: int, collected_at: datetime) -> int:
    """Returns the id of the text of this comment or title."""
    return first_id(collected_at) + (KINDS.index(kind) << _SUBJECT_BITS) + subject % (1 << _SUBJECT_BITS)


def first_id(moment: datetime) -> int:
    """Returns the least id of the texts that were collected in this millisecond or later."""
    return max(0, (moment - _BEGINNING) // _MILLISECOND) << _REST_BITS


def gram_key(gram: int, kind: Kind, *, sandbox: bool) -> int:
    """Returns the number under which the texts of this kind stand that have a gram."""
    return ((KINDS.index(kind) * 2 + sandbox) << _GRAM_BITS) + gram
