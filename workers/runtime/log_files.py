"""The log files of one machine: finds lines in them, shows them to people, keeps them small."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 32_000_000  # of one file; the one before it is kept as NAME.log.1
LONGEST_LINE = 1_000_000
OWN = frozenset({"time", "level", "logger", "pid", "part", "host", "message", "exc_info"})


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log: its moment with its zone, the part of the fleet that wrote it, and what it says."""

    at: datetime
    part: str
    host: str
    level: str
    message: str
    fields: Mapping[str, object]
    traceback: str = ""


def parsed(line: bytes) -> LogLine | None:
    """Returns a line of JSON as phonefleet writes it; None for any other."""
    if not line.startswith(b"{"):
        return None
    try:
        told = json.loads(line)
        at = datetime.fromisoformat(told["time"])
        part, host, level, message = (str(told[name]) for name in ("part", "host", "level", "message"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if at.tzinfo is None:
        return None
    fields = {name: value for name, value in told.items() if name not in OWN}
    return LogLine(at, part, host, level, message, fields, str(told.get("exc_info") or ""))


def older(log: Path) -> Path:
    """Returns the file that keeps what stood in a log before."""
    return log.with_suffix(".log.1")


def log_files(folder: Path) -> list[Path]:
    """Returns the log files of a folder, of each part the older one first."""
    return sorted(
        (*folder.glob("*.log.1"), *folder.glob("*.log")),
        key=lambda path: (path.name.split(".")[0], path.suffix == ".log"),
    )


def lines_of(files: Iterable[Path], task_id: str) -> Iterator[LogLine]:
    """Yields the lines of files that belong to a task. Raises OSError."""
    for path in files:
        with path.open("rb") as log:
            yield from lines_in(log, task_id)


def lines_in(log: BinaryIO, task_id: str) -> Iterator[LogLine]:
    """Yields the lines of one log that belong to a task: its field `task` says so, or its message names the task."""
    wanted = task_id.encode()
    while line := log.readline(LONGEST_LINE):
        if wanted in line and (found := parsed(line)) is not None:
            yield found


def for_people(line: str) -> str:
    """Returns a line of JSON as a person reads it; any other as it is."""
    found = parsed(line.encode(errors="replace"))
    if found is None:
        return line
    told = f"{found.at:%Y-%m-%d %H:%M:%S%z} {found.level} {found.message}"
    return f"{told}\n{found.traceback}" if found.traceback else told


def keep_small(folder: Path, most: int = MOST_BYTES) -> None:
    """Moves the content of each log that has grown too large to NAME.log.1, and begins the log anew.

    The part that writes the log has it open to append, so it goes on at the new beginning; what it writes during the
    copy is lost. Raises OSError.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size > most:
            shutil.copyfile(path, older(path))
            with path.open("r+b") as log:
                log.truncate()
