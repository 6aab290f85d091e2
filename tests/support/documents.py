"""What the documents say: their pages, code blocks, commands and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language ('' for none) and its text."""

    language: str
    text: str


def read(name: str) -> str:
    """A page's text; `name` is its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(*found) for found in _FENCE.findall(read(name))]


def prose(name: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", read(name))


def spans(name: str) -> list[str]:
    """The inline code of a page."""
    return _SPAN.findall(prose(name))


def links(name: str) -> list[str]:
    """Where the links of a page lead, as they are written."""
    return _LINK.findall(prose(name))


def command_lines(name: str) -> list[str]:
    """Every line of a page that may hold a command: inline code, and lines of blocks that are no Python."""
    lines = [line for block in blocks(name) if block.language != "python" for line in block.text.splitlines()]
    return [*spans(name), *lines]


def headings(name: str) -> list[int]:
    """The levels of a page's headings, in order."""
    return [len(line.split(" ", 1)[0]) for line in prose(name).splitlines() if re.match(r"#+ ", line)]


def rows(name: str, heading: str) -> Iterator[list[str]]:
    """The cells of the table below a heading, without its two head lines."""
    after = prose(name).split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    table = [line for line in after.splitlines() if line.startswith("|")]
    for line in table[2:]:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]
