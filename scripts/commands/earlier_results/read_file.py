"""The child that reads one file: prints a JSON line `[table, line, cells]` for each row that is not empty.

A sheet with one cell in its last corner asks calamine for 500 GB, and a small docx may unpack to any size. So a
process of its own reads the file, and its memory and CPU time are bounded before the file is opened. When the file
cannot be read it ends with 1 and prints its reason on stderr, or with DAMAGED: what a library says of a broken file
means something to its programmers.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from workers.runtime.private_files import keep_files_private

DAMAGED = 3  # exit status

MEMORY = 2 << 30  # bytes of address space
CPU_SECONDS = 120
MOST_CELL = 32_767  # characters that a cell of Excel holds
CODINGS = ("utf-8-sig", "gb18030")  # Excel in China saves CSV in the latter
_MOST_CSV_FIELD = 1 << 20

Row = tuple[str, int, Sequence[Any]]


class NotRead(Exception):
    """A file of a kind, or in a coding, that is not read; in words for people."""


def rows_of(path: Path) -> Iterator[Row]:
    """Yields table, line from 1, and cells of each row. Raises NotRead for a file of another kind."""
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"):
        return _of_workbook(path)
    if suffix in (".csv", ".tsv", ".txt"):
        return _of_csv(path)
    if suffix == ".docx":
        return _of_docx(path)
    raise NotRead(f"{suffix or 'a file without an ending'} is not read")


def _of_workbook(path: Path) -> Iterator[Row]:
    import python_calamine  # noqa: PLC0415 - each child reads one kind of file

    workbook = python_calamine.load_workbook(path)
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        first = sheet.start[0] + 1 if sheet.start is not None else 1
        for line, cells in enumerate(sheet.to_python(), first):
            yield name, line, cells


def _of_csv(path: Path) -> Iterator[Row]:
    text = _decoded(path.read_bytes())
    csv.field_size_limit(_MOST_CSV_FIELD)
    head = text[:4096].splitlines()[0] if text.strip() else ""
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    before = 0
    for cells in reader:
        yield path.name, before + 1, cells
        before = reader.line_num


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    for coding in CODINGS:
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    raise NotRead("it is text in neither UTF-8 nor GB18030")


def _of_docx(path: Path) -> Iterator[Row]:
    import docx  # noqa: PLC0415

    for number, table in enumerate(docx.Document(str(path)).tables, 1):
        for line, row in enumerate(table.rows, 1):
            yield f"table {number}", line, [cell.text for cell in row.cells]


def plain(cell: Any) -> str | int | float | bool | None:
    """Returns a cell as JSON holds it: whole numbers as such, times in ISO 8601, empty text as None."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else cell
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, str):
        return cell[:MOST_CELL] if cell.strip() else None
    return cell if isinstance(cell, int) else None


def main(path: Path) -> int:
    """Prints the rows of a file. Returns 0, 1 with the reason on stderr, or DAMAGED."""
    keep_files_private()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for table, line, cells in rows_of(path):
            found = [plain(cell) for cell in cells]
            if any(cell is not None for cell in found):
                print(json.dumps([table, line, found]))
    except MemoryError:
        sys.stderr.write("it needs more than 2 GiB of memory\n")
        return 1
    except NotRead as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception as error:  # noqa: BLE001 - three libraries raise what they like about a broken file
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return DAMAGED
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
