"""`phonefleet logs`: shows one task's story, from the ledger and from the logs of this machine's processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.database.terminal_safe import on_one_line
from models.history.task_story import Event, task_story
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger
from scripts.terminal.language import put, said
from scripts.terminal.moments import zone
from scripts.terminal.show import say
from scripts.terminal.what import Kind, find
from workers.runtime.log_files import LogLine, lines_in, lines_of, log_files
from workers.settings import settings

TASKS: tuple[Kind, ...] = ("task",)
LEDGER = "ledger"
MOST_LINES = 5000
BAD = frozenset({"WARNING", "ERROR", "CRITICAL"})


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the story: when, who tells it, in which step, its words; `bad` marks what went wrong."""

    at: datetime
    who: str
    step: str
    text: str
    bad: bool

    def as_json(self) -> str:
        """Returns the line as a JSON object."""
        told = {"at": self.at.isoformat(), "who": self.who, "step": self.step, "text": self.text, "bad": self.bad}
        return json.dumps(told, ensure_ascii=False)


def logs(
    task: Annotated[str, typer.Argument(help="A task's id, or its beginning.")],
    read_also: Annotated[
        list[str] | None,
        typer.Option(
            "--read", metavar="FILE", help="A log of another machine, or - for standard input; may be repeated."
        ),
    ] = None,
    bad_only: Annotated[bool, typer.Option("--bad", help="Only what went wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each line.")] = False,
) -> None:
    """Show one task's story: the ledger's events and the lines of the logs, in order of time."""
    console = Console()
    engine = existing_ledger()
    task_id = read(engine, lambda session: find(session, task, TASKS))[1]
    events = read(engine, lambda session: task_story(session, task_id))
    folder = settings().var / "log"
    lines = [*_lines([str(path) for path in log_files(folder)], task_id), *_lines(read_also or (), task_id)]
    story = sorted([*map(_of_ledger, events), *map(_of_log, lines)], key=lambda told: told.at)
    shown = [told for told in story if told.bad or not bad_only]
    for told in shown[-MOST_LINES:]:
        if as_json:
            print(told.as_json())
        else:
            _print(console, told)
    if not as_json:
        _say_where(console, task_id, folder, len(lines), len(shown))


def _lines(paths: Sequence[str], task_id: str) -> Iterable[LogLine]:
    for path in paths:
        try:
            yield from lines_in(sys.stdin.buffer, task_id) if path == "-" else lines_of([Path(path)], task_id)
        except OSError as error:
            raise refuse("read", f"{path}: {error.strerror}", "name a log that may be read") from error


def _of_ledger(event: Event) -> Told:
    return Told(event.at, f"{LEDGER} {event.phone}".strip(), "", event.text, event.bad)


def _of_log(line: LogLine) -> Told:
    who = f"{line.part} {line.fields.get('phone') or line.host}"
    text = f"{line.message}\n{line.traceback}" if line.traceback else line.message
    return Told(line.at, who, str(line.fields.get("step") or ""), text, line.level in BAD)


def _print(console: Console, told: Told) -> None:
    at = told.at.astimezone(settings().timezone)
    of_ledger = told.who.partition(" ")[0] == LEDGER  # a log's lines stay as they were written
    first, *rest = (said(told.text) if of_ledger else told.text).splitlines() or [""]
    step = f"({told.step}) " if told.step else ""
    line = (
        f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}  {told.who:<18}  {'! ' if told.bad else ''}{step}{first}"
    )
    console.print(on_one_line(line), style="red" if told.bad else None, markup=False, highlight=False, soft_wrap=True)
    for more in rest:
        console.print(f"    {on_one_line(more)}", markup=False, highlight=False, soft_wrap=True)


def _say_where(console: Console, task_id: str, folder: Path, of_logs: int, shown: int) -> None:
    told = {"lines": shown, "logs": of_logs, "folder": folder, "zone": zone()}
    if shown > MOST_LINES:
        key = "{lines} lines, the last {most} are shown; {logs} of logs in {folder}; times: {zone}"
        line = put(key, most=MOST_LINES, **told)
    else:
        line = put("{lines} lines; {logs} of logs in {folder}; times: {zone}", **told)
    say(console, f"\n{line}")
    if not of_logs:
        say(
            console,
            "The logs of this machine say nothing of this task. Where phonefleet runs as systemd's units: "
            f"journalctl -u 'phonefleet-*' -o cat | phonefleet logs {task_id} --read -",
        )
