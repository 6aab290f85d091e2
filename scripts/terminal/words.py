"""Errors that a person can mend, told in words."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

# By name, for what raises them need not be there: nothing was refused, and it did not go well.
NOT_DONE = frozenset({"CampaignFailed", "NotEnded"})


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Around a command or a script: what is refused goes to stderr without a traceback, and the process ends with 2.

    With 1 when a campaign that was waited for failed, or has not ended.
    """
    try:
        yield
    except Exception as error:
        from scripts.terminal.told import lines_of, say_lines  # noqa: PLC0415 - knows the errors of every library that a command uses

        lines = lines_of(error)
        if lines is None:
            raise
        say_lines(lines)
        sys.exit(1 if type(error).__name__ in NOT_DONE else 2)
