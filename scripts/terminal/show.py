"""Prints for the commands: tables, blocks and lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from models.database.terminal_safe import on_screen
from scripts.terminal.language import cell, heading, put, said
from scripts.terminal.moments import zone

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


class Screen(Protocol):
    """Prints lines: a `Lines`, or a console of rich."""

    @property
    def is_terminal(self) -> bool: ...

    @property
    def width(self) -> int: ...

    def print(self, line: str, /, *, markup: bool, emoji: bool, highlight: bool, soft_wrap: bool) -> None: ...


class Lines:
    """Prints lines as they are, to stdout or stderr; a command that prints no more needs no rich: 30 ms of CPU."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._out = sys.stderr if stderr else sys.stdout

    @property
    def is_terminal(self) -> bool:
        """Returns whether a person looks at it."""
        return self._out.isatty()

    @property
    def width(self) -> int:
        """Returns how many columns a line may have."""
        told = os.environ.get("COLUMNS", "")
        if told.isdecimal() and int(told):
            return int(told)
        try:
            return os.get_terminal_size(self._out.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def print(self, line: str, /, **_: bool) -> None:
        """Prints one line; the options of rich's print change nothing."""
        print(line, file=self._out)


def duration(seconds: float) -> str:
    """Returns a duration in words: 41 s, 12 min, 3 h 05 min."""
    minutes = int(seconds // 60)
    if minutes < 3:
        return put("{count} s", count=f"{seconds:.0f}")
    if minutes < 60:
        return put("{count} min", count=minutes)
    return put("{hours} h {minutes} min", hours=minutes // 60, minutes=f"{minutes % 60:02d}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plain table: its title, headings, rows of text, and the hint when it is empty.

    The first `whole` columns are never broken, and neither are names and paths anywhere, because people copy them
    into the next command; a terminal that is too narrow breaks the table's line instead. A `timed` table contains
    times, in the operator's zone, which its title names. Title, headings and hint are said in the language that is
    spoken, and so are cells that are words of phonefleet by their heading (`cell`); other cells are data.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    when_empty: str = ""
    whole: int = 0
    timed: bool = False


def print_sheet(console: Console, sheet: Sheet) -> None:
    """Prints a table, or that it is empty. Cells are plain text: brackets are no markup."""
    if not sheet.rows:
        _say_none(console, sheet.title, sheet.when_empty)
        return
    from rich.cells import cell_len  # noqa: PLC0415 - who prints lines alone needs nothing of rich
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from scripts.terminal.wrapping import longest_whole  # noqa: PLC0415

    title = timed(sheet.title) if sheet.timed else heading(sheet.title)
    table = Table(title=plain(title), title_justify="left")
    shown = [[on_screen(cell(*one)) for one in zip(sheet.headings, row, strict=True)] for row in sheet.rows]
    widths = []
    for index, name in enumerate(map(heading, sheet.headings)):
        whole = index < sheet.whole
        cells = [name, *(row[index] for row in shown)]
        widths.append(max(cell_len(cell) if whole else longest_whole(cell) for cell in cells))
        table.add_column(name, overflow="fold", no_wrap=whole, min_width=widths[-1])
    for row in shown:
        table.add_row(*map(Text, row))
    least = sum(widths) + 3 * len(widths) + 1
    if least > console.width:
        table.width = least
    console.print(table, crop=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A text about one thing, too long for a table's cells: a head, lines, and the remedy."""

    head: str
    lines: Sequence[str] = ()
    remedy: str = ""


def print_blocks(console: Screen, title: str, blocks: Sequence[Block]) -> None:
    """Prints a title and the blocks below it, indented; breaks lines at words in a terminal, not in a pipe."""
    say(console, title)
    for block in blocks:
        say(console, block.head, 2)
        for line in block.lines:
            say(console, line, 6)
        if block.remedy:
            print_lines(console, [f"-> {said(one)}" for one in on_screen(block.remedy).split("\n")], 6)


def list_blocks(console: Screen, title: str, blocks: Sequence[Block], when_empty: str = "") -> None:
    """Prints a list of blocks with times, whose zone the title names; or that the list is empty."""
    if blocks:
        print_blocks(console, timed(title), blocks)
    else:
        _say_none(console, title, when_empty)


def say_others(console: Screen, shown: int, count: int) -> None:
    """Says below a list that waits for people that there are more than it shows, if so."""
    if count > shown:
        line = put("the {shown} oldest of {count}; the others follow as these are settled", shown=shown, count=count)
        say(console, line)


def timed(title: str) -> str:
    """Returns the title of what has times in it, with the zone that they are in."""
    return put("{title} (times: {zone})", title=heading(title), zone=zone())


def _say_none(console: Screen, title: str, hint: str) -> None:
    line = put("{title}: none", title=heading(title))
    say(console, f"{line}; {said(hint)}" if hint else line)


def say(console: Screen, line: str, by: int = 0, *, whole: bool = False) -> None:
    """Prints one line, `by` columns from the left, in the language that is spoken, without markup, emoji and colours.

    In a terminal it is broken at words, but not within paths and commands (see `wrapped`). In a pipe, or with
    `whole`, it is not broken; `whole` is for data, which is never translated.
    """
    lines = on_screen(line).split("\n")
    print_lines(console, lines if whole else [indented(one) for one in lines], by, whole=whole)


def print_lines(console: Screen, lines: Sequence[str], by: int = 0, *, whole: bool = False) -> None:
    """Prints lines as `say` does that are said already: what is said twice may come out wrong."""
    if console.is_terminal and not whole:
        from scripts.terminal.wrapping import wrapped  # noqa: PLC0415 - a pipe needs nothing of rich

        lines = [piece for one in lines for piece in wrapped(one, console.width - by)]
    for one in lines:
        console.print(" " * by + one, markup=False, emoji=False, highlight=False, soft_wrap=True)


def indented(line: str) -> str:
    """Returns a line in the language that is spoken, with the blanks before it."""
    text = line.lstrip(" ")
    return line[: len(line) - len(text)] + said(text)


def say_json(console: Screen, value: Any) -> None:
    """Prints a JSON value on one line. Characters that a terminal would obey are escaped, so no text is changed."""
    line = json.dumps(value, ensure_ascii=False)
    say(console, line if on_screen(line) == line else json.dumps(value), whole=True)


def plain(words: str) -> Text:
    """Returns a text without markup that a terminal may show."""
    from rich.text import Text  # noqa: PLC0415 - who prints lines alone needs nothing of rich

    return Text(on_screen(words))
