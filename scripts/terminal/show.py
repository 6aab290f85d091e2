"""What the commands print: progress of a campaign, plain tables."""

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
    """One line a flow: how far it is, and in which states its tasks are."""
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
    """41 s, 12 min, 3 h 05 min."""
    minutes = int(seconds // 60)
    if minutes < 3:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plain table: its title, its headings, its rows of text, and what to do when it is empty.

    The first `whole` columns are never broken, and nowhere a name or a path: it is copied into the next command, and a
    terminal that is too narrow breaks the line of the table. One that is `timed`
    holds moments, in the operator's zone, which its title names.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    when_empty: str = ""
    whole: int = 0
    timed: bool = False


def print_sheet(console: Console, sheet: Sheet) -> None:
    """Print a table; an empty one says so. Cells are text, whatever brackets they hold."""
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
    """What is told of one thing in running text, too long for the cells of a table: a head, lines, what to do."""

    head: str
    lines: Sequence[str] = ()
    remedy: str = ""


def print_blocks(console: Console, title: str, blocks: Sequence[Block]) -> None:
    """Print a title, and under it each block, indented; broken at words in a terminal, left whole in a pipe."""
    say(console, title)
    for block in blocks:
        say(console, block.head, 2)
        for line in block.lines:
            say(console, line, 6)
        if block.remedy:
            say(console, f"-> {block.remedy}", 6)


def list_blocks(console: Console, title: str, blocks: Sequence[Block], when_empty: str = "") -> None:
    """The same for a list that holds moments, whose zone the title names; an empty one says so."""
    if blocks:
        print_blocks(console, f"{title} (times: {zone()})", blocks)
    else:
        say(console, f"{title}: none" + (f"; {when_empty}" if when_empty else ""))


def say(console: Console, line: str, by: int = 0, *, whole: bool = False) -> None:
    """One line as it is, `by` columns from the left: no markup, no colours of rich's own choice.

    A terminal gets it broken at words, with paths and commands whole (see `wrapped`); a pipe gets it unbroken. What is
    `whole` is broken nowhere.
    """
    lines = on_screen(line).split("\n")
    if console.is_terminal and not whole:
        lines = [piece for one in lines for piece in wrapped(one, console.width - by)]
    for one in lines:
        console.print(" " * by + one, markup=False, highlight=False, soft_wrap=True)


def _text(words: str) -> Text:
    return Text(on_screen(words))
