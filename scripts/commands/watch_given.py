"""Reads what a person gives for a watch: parameters, words, labelled texts."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.values.bounded_text import TooLarge, text_of
from models.values.refused import refuse
from workers.policy.monitoring.mood import Labelled, Mood
from workers.policy.monitoring.words import WordRule

MOST_BYTES = 8 * 1024 * 1024
NUMBERS = frozenset({"most", "video_loop"})


def read_params(given: Sequence[str]) -> dict[str, str | int]:
    """Returns parameters given as name=value. Raises Refused."""
    found: dict[str, str | int] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:
            raise refuse("params", f"{one!r} has no =", "write them like author_id=xiaopeng")
        if name in found:
            raise refuse("params", f"{name} is given twice", "give it once")
        found[name] = int(value) if name in NUMBERS and value.isascii() and value.isdigit() else value
    return found


def given_words(
    every: Sequence[str] | None, some: Sequence[str] | None, none: Sequence[str] | None, file: Path | None
) -> WordRule:
    """Returns the rule of these words, and of those in a file, one a line. Raises Refused."""
    more = [] if file is None else [line.strip() for line in _text(file, "words").splitlines() if line.strip()]
    return WordRule(tuple(every or ()), (*(some or ()), *more), tuple(none or ()))


def labelled(file: Path) -> Iterator[Labelled]:
    """Yields the texts of a CSV file with their moods and marks. Raises Refused, which names the line."""
    for number, row in enumerate(csv.reader(_text(file, "file").splitlines()), 1):
        mood = row[1].strip() if len(row) in (2, 3) else ""
        if not row or (number == 1 and mood not in tuple(Mood)):
            continue  # the headings
        if mood not in tuple(Mood):
            reason = f"line {number} is no text with a mood"
            remedy = f"write two columns: the text, and one of {', '.join(Mood)}; a third may hold a mark, like irony"
            raise refuse("file", reason, remedy)
        yield Labelled(row[0], Mood(mood), row[2].strip() if len(row) == 3 else "")


def _text(file: Path, field: str) -> str:
    try:
        return text_of(file, MOST_BYTES)
    except TooLarge:
        raise refuse(field, f"{file} has more than {MOST_BYTES} bytes", "give a smaller file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise refuse(field, f"{file} cannot be read: {error}", "give a text file in UTF-8") from None
