"""Reads gettext's .po files, of the plain form that the catalogues have: msgid and msgstr, each on lines of its own.

Not Babel: it takes 0.1 s of CPU to import, which each command would pay. tests/gateway/words compares both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_ENTRY = re.compile(r'^msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"\n?)+)', re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)")
_SIGNS = {"n": "\n", "t": "\t", "r": "\r"}


def read_texts(file: Path) -> Iterator[tuple[str, str]]:
    """Yields key and words of each translated message of a catalogue file."""
    for entry in _ENTRY.finditer(file.read_text(encoding="utf-8")):
        key, words = _text(entry[1]), _text(entry[2])
        if key and words:
            yield key, words


def _text(quoted: str) -> str:
    text = quoted.strip()[1:-1]
    if "\n" in text:
        text = "".join(line.strip()[1:-1] for line in quoted.strip().split("\n"))
    return _ESCAPED.sub(lambda one: _SIGNS.get(one[1], one[1]), text) if "\\" in text else text
