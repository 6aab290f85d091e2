"""Errors that a person can mend, told in words."""

from __future__ import annotations

import sys
from collections.abc import Callable


def in_words(command: Callable[[], object]) -> None:
    """Run a command. What it refuses goes to stderr without a traceback, and the process ends with 2."""
    try:
        command()
    except Exception as error:
        from scripts.terminal.told import lines_of, say_lines  # noqa: PLC0415 - knows the errors of every library that a command uses

        lines = lines_of(error)
        if lines is None:
            raise
        say_lines(lines)
        sys.exit(2)
