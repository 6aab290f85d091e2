"""Limits the size of values to what SQLite, MariaDB and MySQL accept with their default settings.

MariaDB accepts statements up to 16 MiB (max_allowed_packet), MySQL up to 64 MiB. They close the connection on a longer
one, as if the server were gone. So a value that is too large is refused before it is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, event

MIB = 1024 * 1024
MOST_RESULT = 4 * MIB  # bytes of JSON in UTF-8: a task's result, or the arguments of one task
# Bytes of one row. In a statement each quote of a JSON text counts twice, and 16 MiB hold the statement.
MOST_ROW = 7 * MIB
_LOOK_CLOSER = MOST_ROW // 4  # characters: each is at most four bytes
_TEXTS = (str, bytes)


class TooLarge(ValueError):
    """The row is too large for the ledger. Nothing of it was sent."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes in one row of the ledger are more than {MOST_ROW}")


def size_of(text: str) -> int:
    """Returns the text's bytes in UTF-8. A lone half of a surrogate pair counts as three bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def check_sizes(engine: Engine) -> None:
    """Makes every statement on this engine raise TooLarge instead of sending a row of more than MOST_ROW bytes."""

    @event.listens_for(engine, "before_cursor_execute")
    def _check(_c: Connection, _cursor: Any, _statement: str, parameters: Any, _context: Any, many: bool) -> None:
        # an INSERT of many rows may be one statement, with the values of all of them in one sequence
        apart = many and parameters and isinstance(parameters[0], Mapping | tuple | list)
        rows = parameters if apart else (parameters,)
        for row in rows:
            if sum([len(value) for value in _values(row) if isinstance(value, _TEXTS)]) > _LOOK_CLOSER:
                _refuse_large(row)


def _refuse_large(row: Any) -> None:
    texts = (value for value in _values(row) if isinstance(value, _TEXTS))
    size = sum(size_of(value) if isinstance(value, str) else len(value) for value in texts)
    if size > MOST_ROW:
        raise TooLarge(size)


def _values(row: Any) -> Collection[Any]:
    return row.values() if isinstance(row, Mapping) else row or ()
