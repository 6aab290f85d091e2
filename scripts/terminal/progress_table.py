"""The table of a campaign's progress."""

from __future__ import annotations

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table

from models.tasks.progress import Progress
from models.tasks.states import ENDED, State
from scripts.terminal.language import heading, put, said, word
from scripts.terminal.show import duration, plain

COLOURS = {
    State.SUCCEEDED: "green",
    State.FAILED: "red",
    State.STOPPED: "yellow",
    State.RUNNING: "cyan",
    State.NEEDS_REVIEW: "magenta",
}


def progress_table(progress: Progress, seconds: float) -> Group:
    """Returns a table with one line for each flow: its progress and the states of its tasks."""
    table = Table(title=plain(f"{progress.name}  {duration(seconds)}"), title_justify="left")
    for name in ("flow", "ended", "", "states"):
        table.add_column(heading(name))
    for flow, states in sorted(progress.tasks.items()):
        total = sum(states.values())
        ended = sum(count for state, count in states.items() if State(state) in ENDED)
        words = " ".join(
            f"[{COLOURS.get(State(state), 'white')}]{count} {word('state', state)}[/]"
            for state, count in sorted(states.items())
        )
        table.add_row(
            plain(word("flow", flow)), f"{ended}/{total}", ProgressBar(total=total, completed=ended, width=12), words
        )
    done = ", ".join(f"{count} {word('action', kind)}" for kind, count in sorted(progress.actions.items()))
    return Group(table, put("actions done: {done}", done=done or said("none yet")))
