"""The reports of stock workers on their tasks: a file each, written beside the system that is measured.

A result backend inside the Redis that is struck down could not be asked afterwards. Each line is a
JSON object: `event` (up, planned, began, again, succeeded, failed), `at` (seconds since 1970),
`task` (the name that its plan gave it, whatever Celery calls it), `serial`, and for a planned task
what it is.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.judge import TaskRow
from chaos.look import Running
from models.tasks.states import State

FOLDER = "BENCH_STOCK_TOLD"
Line = Mapping[str, Any]


def tell(teller: str, event: str, **what: Any) -> None:
    """Append a line; one write, which the kernel does whole."""
    folder = os.environ.get(FOLDER)
    if folder:
        tell_in(Path(folder), teller, event, **what)


def tell_in(folder: Path, teller: str, event: str, **what: Any) -> None:
    """The same, in a folder that is not the environment's."""
    line = json.dumps({"event": event, "at": time.time(), **what}, ensure_ascii=False) + "\n"
    with (folder / f"{teller}.jsonl").open("ab", buffering=0) as file:
        file.write(line.encode())


def read_told(folder: Path) -> list[Line]:
    """All lines of all tellers, oldest first. A line that a dying process left unfinished is left out."""
    lines: list[Line] = []
    for path in folder.glob("*.jsonl"):
        for text in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            try:
                lines.append(json.loads(text))
            except ValueError:
                continue
    return sorted(lines, key=lambda line: float(line["at"]))


def planned(lines: Iterable[Line]) -> dict[str, Line]:
    """The planned tasks by their names; one that was planned twice, by a desk task that ran twice, is one task."""
    found: dict[str, Line] = {}
    for line in lines:
        if line["event"] == "planned":
            found.setdefault(line["task"], line)
    return found


def state_of(lines: Sequence[Line], task: str) -> State:
    """Returns the state of a task: a success counts whatever other deliveries of it came to."""
    events = {line["event"] for line in lines if line.get("task") == task}
    for event, state in (("succeeded", State.SUCCEEDED), ("failed", State.FAILED), ("began", State.RUNNING)):
        if event in events:
            return state
    return State.READY


def task_rows(lines: Sequence[Line]) -> list[TaskRow]:
    """The planned tasks as the judge wants them. Tasks that have not ended are running or ready."""
    by_task: dict[str, list[Line]] = {}
    for line in lines:
        by_task.setdefault(line.get("task", ""), []).append(line)
    return [
        TaskRow(
            id=task,
            flow=line["flow"],
            state=state_of(by_task[task], task),
            kwargs=line["kwargs"],
            pinned_account=line.get("account"),
            reason=next((one["reason"] for one in reversed(by_task[task]) if one["event"] == "failed"), None),
        )
        for task, line in planned(lines).items()
    ]


def running_now(lines: Sequence[Line]) -> list[Running]:
    """Phones whose worker began a task and has told nothing since, with that task."""
    last: dict[str, Line] = {line["serial"]: line for line in lines if line.get("serial")}
    tasks = planned(lines)
    return [
        Running(line["task"], 1, serial, serial, *_what(tasks.get(line["task"])))
        for serial, line in sorted(last.items())
        if line["event"] == "began"
    ]


def _what(line: Line | None) -> tuple[str, Mapping[str, Any], bool]:
    """Flow, parameters, pinned."""
    return (line["flow"], line["kwargs"], line.get("account") is not None) if line else ("", {}, False)
