"""Reads the tables of an Excel, CSV or docx file, in a child process whose memory and time are bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.values.refused import refuse
from scripts.commands.earlier_results.read_file import DAMAGED

ENDINGS = ".xlsx, .xlsm, .xls, .xlsb, .ods, .csv, .tsv, .txt or .docx"
MOST_BYTES = 100 << 20
MOST_ROWS = 300_000  # of a file
SECONDS = 180

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table of a file: its name there, and its rows with their lines, counted from 1."""

    name: str
    rows: list[tuple[int, Sequence[Cell]]] = field(default_factory=list)


def read_tables(path: Path) -> Sequence[SourceTable]:
    """Returns the tables of a file that have rows, in its order. Raises Refused for one that cannot be read."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise refuse(str(path), error.strerror or str(error), "name a file that can be read") from None
    if not path.is_file():
        raise refuse(str(path), "it is no file", f"name a file that ends with {ENDINGS}")
    if size > MOST_BYTES:
        raise refuse(str(path), f"it has {size >> 20} MiB, more than {MOST_BYTES >> 20}", "split it")
    tables: dict[str, SourceTable] = {}
    for name, line, cells in _lines(path):
        tables.setdefault(name, SourceTable(name)).rows.append((line, cells))
    return list(tables.values())


def _lines(path: Path) -> list[tuple[str, int, Sequence[Cell]]]:
    command = [sys.executable, "-m", "scripts.commands.earlier_results.read_file", str(path.absolute())]
    try:
        child = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise refuse(str(path), f"it could not be read in {SECONDS} s", "split it, or save it as CSV") from None
    if child.returncode == DAMAGED:
        reason = f"it is damaged, or no {path.suffix.lower()} file whatever its name says"
        raise refuse(str(path), reason, "open it in Excel, WPS or Word, save it anew, and give that file")
    if child.returncode:
        raise refuse(str(path), _why(child.returncode, child.stderr), f"give a file that ends with {ENDINGS}")
    lines = child.stdout.splitlines()
    if len(lines) > MOST_ROWS:
        raise refuse(str(path), f"it has {len(lines)} rows, more than {MOST_ROWS}", "split it")
    return [tuple(json.loads(line)) for line in lines]


_BY_SIGNAL: Mapping[int, str] = {-6: "it needs more than 2 GiB of memory", -24: "it takes more than 120 s of CPU"}


def _why(status: int, said: bytes) -> str:
    words = said.decode("utf-8", "replace").strip().splitlines()
    if status < 0:
        return _BY_SIGNAL.get(status, f"its reader was ended by signal {-status}")
    return words[-1] if words else "its reader gave no reason"
