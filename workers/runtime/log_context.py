"""What a process works on at the moment: fields that stand in each line of its log until the block ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

# The fields, in the order in which a line shows them.
FIELDS = ("task", "attempt", "flow", "campaign", "phone", "account", "step")

_NOTHING: Mapping[str, str | int] = {}
_context: ContextVar[Mapping[str, str | int]] = ContextVar("log_context", default=_NOTHING)


@contextmanager
def logged_with(**fields: str | int | None) -> Iterator[None]:
    """Adds fields of FIELDS to each line that this thread logs inside the block; leaves out those that are None."""
    present = {name: value for name, value in fields.items() if value is not None}
    token = _context.set({**_context.get(), **present})
    try:
        yield
    finally:
        _context.reset(token)


def log_context() -> Mapping[str, str | int]:
    """Returns the fields that hold at the moment."""
    return _context.get()
