"""A workbook of 500,000 rows by the default writer, by openpyxl and by XlsxWriter alone; and a whole export.

`python -m benchmarks.export`. Each writer works in a process of its own, which reports its CPU time and the most memory
that it had. All write the same rows: texts in Chinese with emoji and markup, numbers, moments, empty cells. `--also`
names further writers that this Python has: pyexcelerate, rustpy_xlsxwriter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway.exports.asked import ExportFilters
from gateway.exports.ledger import claim_export, start_export
from gateway.exports.making import make
from gateway.exports.workbook.package import package
from gateway.exports.workbook.parts import Heading, Parts, Series
from models.database.engine import connect
from tests.support.arguments import at_least
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.ended import START, VIDEO, add, add_campaign, comments, task_row
from tests.support.report import Line, Target, finish

COLUMNS = 14
MOST_MB = 150.0
MOST_SHARE = 0.25
COMMENTS = 50  # of a task of the ledger
FIRST = datetime.fromisoformat("2026-05-01")
HEADS = [f"列{at}" for at in range(COLUMNS)]
Row = tuple[Any, ...]


def rows(count: int) -> Iterator[Row]:
    """Rows of 14 cells, three of them empty."""
    for at in range(count):
        moment = FIRST + timedelta(seconds=at)
        title, comment = f"小鹏汽车 发布会 第{at}期 <全程>&回顾", f"这条评论说得很有道理 😀 {at} =1+1"
        who = (f"0b5e7c2a-{at:08d}", "标准日", f"acc{at % 200:04d}", f"serial{at % 200}")
        yield (*who, moment, moment, "成功", None, None, None, "xiaopeng", title, at % 5000, comment)


def ours(count: int, folder: Path) -> None:
    """The default writer."""
    parts = Parts(folder, {"rows": Series("行", [Heading(text) for text in HEADS])})
    for row in rows(count):
        parts.add("rows", row)
    parts.flush()
    package(parts, folder / "out.xlsx", "汇总", lambda _book, _sheet, _formats: None)
    parts.close()


def with_openpyxl(count: int, folder: Path) -> None:
    """openpyxl, in the mode that writes only."""
    from openpyxl import Workbook  # noqa: PLC0415 - only this process pays for it

    book = Workbook(write_only=True)
    sheet = book.create_sheet("行")
    sheet.append(HEADS)
    for row in rows(count):
        sheet.append(row)
    book.save(folder / "out.xlsx")


def with_xlsxwriter(count: int, folder: Path) -> None:
    """XlsxWriter, with constant memory."""
    from xlsxwriter import Workbook  # noqa: PLC0415

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = Workbook(folder / "out.xlsx", options)
    sheet, day = book.add_worksheet("行"), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_row(0, 0, HEADS)
    for number, row in enumerate(rows(count), 1):
        for at, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, at, value)
            elif isinstance(value, datetime):
                sheet.write_datetime(number, at, value, day)
            elif value is not None:
                sheet.write_number(number, at, value)
    book.close()


def with_pyexcelerate(count: int, folder: Path) -> None:
    """pyexcelerate, which keeps all rows in memory."""
    book = __import__("pyexcelerate").Workbook()
    book.new_sheet("行", data=[HEADS, *rows(count)])
    book.save(str(folder / "out.xlsx"))


def with_rust(count: int, folder: Path) -> None:
    """rustpy_xlsxwriter."""
    records = (dict(zip(HEADS, row, strict=True)) for row in rows(count))
    __import__("rustpy_xlsxwriter").write_worksheet(records, str(folder / "out.xlsx"))


def of_ledger(count: int, folder: Path) -> None:
    """A whole export, from a ledger that is there already."""
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    export = start_export(engine, ExportFilters(), "benchmark", background=False)
    zone = ZoneInfo("Asia/Shanghai")
    make(engine, claim_export(engine, export.id), folder, zone).rename(folder / "out.xlsx")
    engine.dispose()


WRITERS: Mapping[str, Callable[[int, Path], None]] = {
    "phonefleet": ours,
    "openpyxl": with_openpyxl,
    "xlsxwriter": with_xlsxwriter,
    "pyexcelerate": with_pyexcelerate,
    "rustpy_xlsxwriter": with_rust,
    "ledger": of_ledger,
}


def fill(folder: Path, count: int) -> None:
    """A ledger whose tasks collected so many comments, 50 each."""
    engine = copied_ledger(f"sqlite:///{folder / 'ledger.db'}")
    add_campaign(engine, "c1")
    for first in range(0, count // COMMENTS, 1000):
        some = range(first, min(first + 1000, count // COMMENTS))
        tasks = [
            task_row(
                f"t{at:06}", "c1", "collect_comments", VIDEO, created_at=START + timedelta(seconds=at),
                result=comments(*(f"这条评论说得很有道理 😀 {at} {number}" for number in range(COMMENTS))),
            )
            for at in some
        ]  # fmt: skip
        add(engine, tasks, [])
    engine.dispose()


def measured(name: str, count: int) -> dict[str, float]:
    """CPU seconds, seconds, MB of memory and of the file; in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if name == "ledger":
            fill(Path(folder), count)
        command = [
            sys.executable,
            "-m",
            "benchmarks.export",
            "--writer",
            name,
            "--rows",
            str(count),
            "--folder",
            folder,
        ]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800).stdout
        found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def most_memory() -> float:
    """The most MB that this process had; getrusage would tell those of the process that started it, if it had more."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def write(name: str, count: int, folder: Path) -> None:
    """Write with one writer, and print what it took."""
    began, before = time.monotonic(), time.process_time()
    WRITERS[name](count, folder)
    told = {
        "cpu_seconds": time.process_time() - before,
        "seconds": time.monotonic() - began,
        "memory_mb": most_memory(),
        "file_mb": (folder / "out.xlsx").stat().st_size / 1e6,
    }
    print(json.dumps(told))


def main() -> int:
    """Measure, print, write benchmarks/results/export.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=at_least(1), default=500_000)
    parser.add_argument("--also", action="append", default=[], choices=["pyexcelerate", "rustpy_xlsxwriter"])
    parser.add_argument("--writer", choices=sorted(WRITERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.writer:
        write(asked.writer, asked.rows, asked.folder)
        return 0
    found = {}
    for name in ("phonefleet", "openpyxl", "xlsxwriter", "ledger", *asked.also):
        found[name] = measured(name, asked.rows)
        print(name, found[name], flush=True)
    return report(found, asked.rows)


def report(found: Mapping[str, Mapping[str, float]], count: int) -> int:
    """The table, and the default writer's targets."""
    own, stock = found["phonefleet"], found["openpyxl"]
    lines = [Line(name, tuple(one.values())) for name, one in found.items()]
    targets = [
        Target("memory of the default writer, MB", own["memory_mb"], MOST_MB),
        Target("memory of a whole export, MB", found["ledger"]["memory_mb"], MOST_MB),
        Target("CPU by openpyxl's, write-only", own["cpu_seconds"] / stock["cpu_seconds"], MOST_SHARE),
    ]
    headings = ("CPU, s", "took, s", "memory, MB", "file, MB")
    title = f"{count} rows of {COLUMNS} columns; ledger: a whole export of as many comments, 19 columns"
    return finish("export", title, headings, lines, {"rows": count, "columns": COLUMNS, "writers": found}, targets)


if __name__ == "__main__":
    sys.exit(main())
