"""Prints errors that a person can mend as text, without a traceback."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from models.values.spoken import speakers
from scripts.terminal.language import said, words

# Errors that are no refusals, but failures. By name, so that their modules need not be imported.
NOT_DONE = frozenset({"CampaignFailed", "NotEnded"})
INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Wraps a command or a script: prints a refusal to stderr without a traceback, and exits with 2.

    Exits with 1 when a campaign that was waited for failed or has not ended, and with 130 after Ctrl-C. A campaign's
    progress that is printed meanwhile is said in the language of the terminal.
    """
    if words() is not None:
        speakers["progress"] = _progress
    try:
        yield
    except KeyboardInterrupt:
        print(said("ended by Ctrl-C; what was planted goes on: phonefleet status"), file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:
        from scripts.terminal.told import lines_of, say_lines  # noqa: PLC0415 - it imports the libraries of all commands

        lines = lines_of(error)
        if lines is None:
            raise
        say_lines(lines)
        sys.exit(1 if type(error).__name__ in NOT_DONE else 2)
    finally:
        speakers.pop("progress", None)


def _progress(progress: Any) -> str:
    from scripts.terminal.progress_line import progress_line  # noqa: PLC0415 - most scripts print none

    return progress_line(progress)
