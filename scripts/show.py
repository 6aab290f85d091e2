"""What the commands print: progress of a campaign, plain tables, refusals."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from models.progress import Progress
from models.refused import Problem
from models.states import ENDED, State
from models.visible import on_screen
from workers.handle import Handle, NotEnded

COLOURS = {
    State.SUCCEEDED: "green",
    State.FAILED: "red",
    State.STOPPED: "yellow",
    State.RUNNING: "cyan",
    State.NEEDS_REVIEW: "magenta",
}
_LINE_EVERY = 5.0  # seconds between plain lines


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
        table.add_row(flow, f"{ended}/{total}", ProgressBar(total=total, completed=ended, width=24), words)
    done = ", ".join(f"{count} {kind}" for kind, count in sorted(progress.actions.items())) or "none yet"
    return Group(table, f"actions done: {done}")


def duration(seconds: float) -> str:
    """41 s, 12 min, 3 h 05 min."""
    minutes = int(seconds // 60)
    if minutes < 3:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def follow(handle: Handle, console: Console, timeout: float) -> str:
    """Show a campaign until it ended: a live table in a terminal, plain lines elsewhere. The outcome.

    Raises NotEnded.
    """
    began = time.monotonic()
    if not console.is_terminal:
        return _follow_in_lines(handle, console, timeout)
    last = handle.progress()
    with Live(progress_table(last, 0.0), console=console, refresh_per_second=4) as live:
        while last.outcome is None:
            for last in handle.follow(timeout - (time.monotonic() - began)):
                live.update(progress_table(last, time.monotonic() - began))
    return last.outcome


def _follow_in_lines(handle: Handle, console: Console, timeout: float) -> str:
    began, said = time.monotonic(), -_LINE_EVERY
    for progress in handle.follow(timeout):
        seconds = time.monotonic() - began
        if progress.outcome is not None or seconds - said >= _LINE_EVERY:
            said = seconds
            say(console, f"{seconds:6.1f} s  {progress}")
        if progress.outcome is not None:
            return progress.outcome
    raise NotEnded(f"campaign {handle.id} has not ended")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plain table: its title, its headings, its rows of text, and what to do when it is empty.

    The first `whole` columns are never broken: what is in them is copied into the next command.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    when_empty: str = ""
    whole: int = 0


def print_sheet(console: Console, sheet: Sheet) -> None:
    """Print a table; an empty one says so. Cells are text, whatever brackets they hold."""
    if not sheet.rows:
        say(console, f"{sheet.title}: none" + (f"; {sheet.when_empty}" if sheet.when_empty else ""))
        return
    table = Table(title=_text(sheet.title), title_justify="left")
    for index, heading in enumerate(sheet.headings):
        table.add_column(heading, overflow="fold", no_wrap=index < sheet.whole)
    for row in sheet.rows:
        table.add_row(*map(_text, row))
    console.print(table)


def say(console: Console, line: str) -> None:
    """One line as it is: no markup, no colours of rich's own choice, wrapped by the terminal alone."""
    console.print(on_screen(line), markup=False, highlight=False, soft_wrap=True)


def _text(words: str) -> Text:
    return Text(on_screen(words))


def refusal_lines(problems: Sequence[Problem]) -> list[str]:
    """Each problem with its field and reason, and under those that share it what to do."""
    lines = ["refused; nothing was changed:"]
    for index, problem in enumerate(problems):
        lines.append(f"  {problem.field}: " + problem.reason.strip().replace("\n", "\n      "))
        following = problems[index + 1] if index + 1 < len(problems) else None
        if following is None or following.remedy != problem.remedy:
            lines.append(f"      -> {problem.remedy}")
    return lines
