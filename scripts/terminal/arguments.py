"""What a shell may hand over and no command can use."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import typer

from models.values.refused import refuse

MOST_SENTENCE = 500  # characters, as many as the console's forms take


def check_arguments(given: Sequence[str]) -> None:
    """Raises Refused for an argument that is not UTF-8: no ledger, message or file of ours could hold it."""
    for number, argument in enumerate(given, 1):
        try:
            os.fsencode(argument).decode()
        except UnicodeDecodeError as error:
            reason = f"byte {error.start + 1} is not UTF-8"
            raise refuse(f"argument {number}", reason, "give it in UTF-8; rename a file whose name is not") from None


def finite(value: float | None) -> float | None:
    """Returns an option's number. Raises BadParameter for nan and inf, which no bound of typer's keeps out."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number that one can count to.")
    return value


def sentence(value: str) -> str:
    """Returns an option's reason or note. Raises BadParameter for one that no list could show."""
    if len(value) > MOST_SENTENCE:
        raise typer.BadParameter(f"it has {len(value)} characters, of at most {MOST_SENTENCE}: write it shorter.")
    return value
