"""Prints for the commands: a campaign's progress, tables, blocks and lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from models.database.terminal_safe import on_screen
from models.tasks.progress import Progress
from models.tasks.states import ENDED, State
from scripts.terminal.moments import zone
from scripts.terminal.wrapping import longest_whole, wrapped

COLOURS = {
    State.SUCCEEDED: "green",
    State.FAILED: "red",
    State.STOPPED: "yellow",
    State.RUNNING: "cyan",
    State.NEEDS_REVIEW: "magenta",
}


def progress_table(progress: Progress, seconds: float) -> Group:
    """Returns a table with one line for each flow: its progress and the states of its tasks."""
    table = Table(title=_text(f"{progress.name}  {duration(seconds)}"), title_justify="left")
    for heading in ("flow", "ended", "", "states"):
        table.add_column(heading)
    for flow, states in sorted(progress.tasks.items()):
        total = sum(states.values())
        ended = sum(count for state, count in states.items() if State(state) in ENDED)
        words = " ".join(
            f"[{COLOURS.get(State(state), 'white')}]{count} {state}[/]" for state, count in sorted(states.items())
        )
        table.add_row(_text(flow), f"{ended}/{total}", ProgressBar(total=total, completed=ended, width=12), words)
    done = ", ".join(f"{count} {kind}" for kind, count in sorted(progress.actions.items())) or "none yet"
    return Group(table, f"actions done: {done}")


def duration(seconds: float) -> str:
    """Returns a duration in words: 41 s, 12 min, 3 h 05 min."""
    minutes = int(seconds // 60)
    if minutes < 3:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plain table: its title, headings, rows of text, and the hint when it is empty.

    The first `whole` columns are never broken, and neither are names and paths anywhere, because people copy them
    into the next command; a terminal that is too narrow breaks the table's line instead. A `timed` table contains
    times, in the operator's zone, which its title names.
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
        say(console, f"{sheet.title}: none" + (f"; {sheet.when_empty}" if sheet.when_empty else ""))
        return
    title = f"{sheet.title} (times: {zone()})" if sheet.timed else sheet.title
    table = Table(title=_text(title), title_justify="left")
    shown = [[on_screen(cell) for cell in row] for row in sheet.rows]
    widths = []
    for index, heading in enumerate(sheet.headings):
        whole = index < sheet.whole
        cells = [heading, *(row[index] for row in shown)]
        widths.append(max(cell_len(cell) if whole else longest_whole(cell) for cell in cells))
        table.add_column(heading, overflow="fold", no_wrap=whole, min_width=widths[-1])
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


def print_blocks(console: Console, title: str, blocks: Sequence[Block]) -> None:
    """Prints a title and the blocks below it, indented; breaks lines at words in a terminal, not in a pipe."""
    say(console, title)
    for block in blocks:
        say(console, block.head, 2)
        for line in block.lines:
            say(console, line, 6)
        if block.remedy:
            say(console, f"-> {block.remedy}", 6)


def list_blocks(console: Console, title: str, blocks: Sequence[Block], when_empty: str = "") -> None:
    """Prints a list of blocks with times, whose zone the title names; or that the list is empty."""
    if blocks:
        print_blocks(console, f"{title} (times: {zone()})", blocks)
    else:
        say(console, f"{title}: none" + (f"; {when_empty}" if when_empty else ""))


def say(console: Console, line: str, by: int = 0, *, whole: bool = False) -> None:
    """Prints one line, `by` columns from the left, without markup and colours.

    In a terminal it is broken at words, but not within paths and commands (see `wrapped`). In a pipe, or with
    `whole`, it is not broken.
    """
    lines = on_screen(line).split("\n")
    if console.is_terminal and not whole:
        lines = [piece for one in lines for piece in wrapped(one, console.width - by)]
    for one in lines:
        console.print(" " * by + one, markup=False, highlight=False, soft_wrap=True)


def _text(words: str) -> Text:
    return Text(on_screen(words))
