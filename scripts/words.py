"""Errors that a person can mend, told in words."""

from __future__ import annotations

import sys
from collections.abc import Callable

from sqlalchemy.exc import DatabaseError

from models.refused import Refused
from models.visible import on_screen
from scripts.embedded import NoRedis, RedisDidNotStart
from scripts.ground import unreachable
from scripts.processes import PartDied
from scripts.show import refusal_lines
from workers.settings import SettingsError


def in_words(command: Callable[[], object]) -> None:
    """Run a command. What it refuses goes to stderr without a traceback, and the process ends with 2."""
    try:
        command()
    except Refused as refused:
        _say(*refusal_lines(refused.problems))
    except DatabaseError as error:
        _say(*refusal_lines(unreachable(error).problems))
    except (SettingsError, NoRedis, RedisDidNotStart, PartDied, TimeoutError) as error:
        _say(str(error))


def _say(*lines: str) -> None:
    for line in lines:
        print(on_screen(line), file=sys.stderr)
    sys.exit(2)
