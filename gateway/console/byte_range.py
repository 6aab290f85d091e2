"""The part of a file that a request asks for, as a browser does to jump within a video (RFC 9110, section 14). Pure.

Several parts at once, other units and what is malformed are answered with the whole file, as the standard allows.
"""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.IGNORECASE)


class NoSuchPart(Exception):
    """The part lies behind the end of the file."""


def asked_part(header: str, size: int) -> tuple[int, int] | None:
    """Returns the first byte and the one behind the last one; None for the whole. Raises NoSuchPart."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise NoSuchPart
    return start, end
