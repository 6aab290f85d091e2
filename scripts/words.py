"""Errors that a person can mend, told in words."""

from __future__ import annotations

import sys
from collections.abc import Callable

from models.visible import on_screen


def in_words(command: Callable[[], object]) -> None:
    """Run a command. What it refuses goes to stderr without a traceback, and the process ends with 2."""
    try:
        command()
    except Exception as error:
        from scripts.told import lines_of  # noqa: PLC0415 - knows the errors of every library that a command uses

        lines = lines_of(error)
        if lines is None:
            raise
        for line in lines:
            print(on_screen(line), file=sys.stderr)
        sys.exit(2)
