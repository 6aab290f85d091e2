"""What every benchmark and storm ends with: a table, a result file, a last line that says which targets hold."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

WIDEST = 300  # columns of a table in a file
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@dataclass(frozen=True, slots=True)
class Target:
    """A measured value and the most (or, with `at_least`, the least) that it may be."""

    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """The target holds. A value that is not a number never does."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: a name and its cells, text as it is and numbers rounded."""

    name: str
    cells: tuple[str | float, ...]


def finish(
    name: str,
    title: str,
    headings: Sequence[str],
    lines: Sequence[Line],
    measured: Mapping[str, Any],
    targets: Sequence[Target],
) -> int:
    """Print the table, write benchmarks/results/NAME.json, and say which targets hold; the exit status.

    `headings` are those of the lines' cells. `measured` must be plain JSON.
    """
    console = Console()
    if not console.is_terminal:  # a file is as wide as its widest table
        console = Console(width=WIDEST)
    console.print(_table(title, ["", *headings], [(line.name, *line.cells) for line in lines]))
    if targets:
        rows = [
            (t.name, t.value, f"{'≥' if t.at_least else '≤'} {_cell(t.limit)}", "yes" if t.ok else "NO")
            for t in targets
        ]
        console.print(_table("targets", ["target", "value", "limit", "holds"], rows))
    path = _write(name, measured, targets)
    missed = [target.name for target in targets if not target.ok]
    console.print(f"written: {path.relative_to(RESULTS.parent.parent)}", highlight=False)
    held = ", ".join(target.name for target in targets if target.ok) or "none"
    verdict = f"targets missed: {', '.join(missed)}; held: {held}" if missed else f"all targets hold: {held}"
    console.print(verdict, style="bold red" if missed else "bold green", highlight=False, soft_wrap=True)
    return 1 if missed else 0


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str | float]]) -> Table:
    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _write(name: str, measured: Mapping[str, Any], targets: Sequence[Target]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    data = {
        "name": name,
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": {"python": platform.python_version(), "system": platform.platform()},
        "measured": dict(measured),
        "targets": [
            {key: value for key, value in asdict(target).items() if key != "at_least"} | {"ok": target.ok}
            for target in targets
        ],
    }
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path
