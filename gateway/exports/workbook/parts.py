"""The rows of a workbook as files that grow, so that memory stays bounded and a process that died can be followed.

A `Series` is one kind of rows. It has a sheet, and a next one when a sheet is full. Each sheet has a file of rows and
two of links. `marks` says how far they are; `back_to` cuts them back to such a mark.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from gateway.exports.workbook.cells import Link, RowWriter, Value, letters
from gateway.exports.workbook.text import in_attribute

MOST_ROWS = 1_048_576  # of a sheet, its head included
MOST_LINKS = 65_530  # of a sheet: Excel repairs a workbook with more
KEPT_BYTES = 1 << 18  # of rows, before they go to the file
ROWS, LINKS, TARGETS = ".rows", ".links", ".targets"


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column, and the column's width in characters."""

    text: str
    width: float = 16


@dataclass(slots=True)
class Sheet:
    """One sheet: its name, and the numbers of its rows (the head included) and links."""

    name: str
    rows: int = 1
    links: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows and links a sheet may have."""

    rows: int = MOST_ROWS
    links: int = MOST_LINKS


@dataclass(slots=True)
class Series:
    """Rows of one kind, on as many sheets as they need. `identifier` is a name for the whole of the first one."""

    name: str
    headings: Sequence[Heading]
    identifier: str = ""
    sheets: list[Sheet] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Returns the number of rows without heads."""
        return sum(sheet.rows - 1 for sheet in self.sheets)


class Parts:
    """The files of all series in one folder."""

    def __init__(self, folder: Path, series: Mapping[str, Series], bounds: Bounds = Bounds()) -> None:
        self.folder = folder
        self.series = series
        self._bounds = bounds
        self._writers = {key: RowWriter(len(one.headings)) for key, one in series.items()}
        self._open: dict[str, IO[bytes]] = {}
        self._kept: dict[str, list[str]] = {}

    def add(self, key: str, values: Sequence[Value]) -> tuple[str, int]:
        """Adds a row. Returns the name of its sheet and its number there."""
        one = self.series[key]
        links = [(at, value) for at, value in enumerate(values) if isinstance(value, Link)]
        sheet = one.sheets[-1] if one.sheets else None
        if sheet is None or sheet.rows >= self._bounds.rows or sheet.links + len(links) > self._bounds.links:
            sheet = self._next_sheet(one)
        sheet.rows += 1
        stem = self.stem(key, len(one.sheets))
        self._put(stem + ROWS, self._writers[key].xml(sheet.rows, values))
        for at, link in links:
            self._link(stem, sheet, f"{letters(at)}{sheet.rows}", link)
        return sheet.name, sheet.rows

    def stem(self, key: str, number: int) -> str:
        """Returns the beginning of the names of a sheet's files; sheets count from 1."""
        return f"{key}.{number}"

    def flush(self) -> None:
        """Hands every row to the disk."""
        for name in list(self._kept):
            self._write(name)
        for file in self._open.values():
            file.flush()
            os.fsync(file.fileno())

    def marks(self) -> dict[str, Any]:
        """Returns how far the files are, as JSON. Call `flush` before."""
        sheets = {key: [[s.name, s.rows, s.links] for s in one.sheets] for key, one in self.series.items()}
        return {"sheets": sheets, "bytes": {name: file.tell() for name, file in self._open.items()}}

    def back_to(self, marks: Mapping[str, Any]) -> None:
        """Cuts the files back to these marks, and goes on from there. Raises OSError when a file is shorter or gone."""
        for key, sheets in marks["sheets"].items():
            self.series[key].sheets = [Sheet(*one) for one in sheets]
        for name, size in marks["bytes"].items():
            file = (self.folder / name).open("r+b")
            self._open[name] = file
            if file.seek(0, os.SEEK_END) < size:
                raise OSError(f"{name} is shorter than it was")
            file.truncate(size)
            file.seek(size)

    def close(self) -> None:
        """Closes the files."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _next_sheet(self, one: Series) -> Sheet:
        sheet = Sheet(_sheet_name(one, len(one.sheets) + 1))
        one.sheets.append(sheet)
        return sheet

    def _link(self, stem: str, sheet: Sheet, place: str, link: Link) -> None:
        sheet.links += 1
        target = in_attribute(link.target)
        if link.inside:
            self._put(stem + LINKS, f'<hyperlink ref="{place}" location="{target}"/>')
            return
        self._put(stem + LINKS, f'<hyperlink ref="{place}" r:id="link{sheet.links}"/>')
        self._put(
            stem + TARGETS,
            f'<Relationship Id="link{sheet.links}" TargetMode="External" Target="{target}"'
            ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"/>',
        )

    def _put(self, name: str, xml: str) -> None:
        kept = self._kept.setdefault(name, [])
        kept.append(xml)
        if len(kept) >= 1000 or len(xml) >= KEPT_BYTES:
            self._write(name)

    def _write(self, name: str) -> None:
        file = self._open.get(name)
        if file is None:
            file = self._open[name] = (self.folder / name).open("wb")
        file.write("".join(self._kept.pop(name, ())).encode())


def _sheet_name(one: Series, number: int) -> str:
    return one.name if number == 1 else f"{one.name} {number}"
