"""The text of a file that somebody names: it may be a pipe, or a device that never ends."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path


class TooLarge(Exception):
    """A file has more bytes than may be read; `size`: so many at least."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def text_of(path: Path, most: int) -> str:
    """Returns the text of a UTF-8 file of at most `most` bytes, without a byte order mark; its lines end with "\\n".

    Raises TooLarge, UnicodeDecodeError or OSError.
    """
    with path.open("rb") as file:
        held = file.read(most + 1)
        if len(held) > most:
            raise TooLarge(max(len(held), path.stat().st_size))
    return TextIOWrapper(BytesIO(held), encoding="utf-8-sig").read()
