"""Makes the workbook's file: XlsxWriter makes everything but the rows, and the rows are put into its sheets.

XlsxWriter writes rows at 15 µs a cell, one call each; docs/decisions/excel.md has the figures. So its sheets have their
head alone, and the rest of each sheet is copied from the files of `parts.py`, through one buffer.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gateway.exports.workbook.cells import Style, letters
from gateway.exports.workbook.parts import LINKS, ROWS, TARGETS, Parts, Series, Sheet

COPIED_BYTES = 1 << 20
FAST = 1  # of zlib: half the time of 6, for a file that is a seventh larger
_RELATIONSHIPS = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')
_STYLE = re.compile(rb'<c r="[A-Z]+1" s="(\d+)"')

Formats = Mapping[str, Format]
# writes the first sheet, from its second row on
WriteFront = Callable[[Workbook, Worksheet, Formats], None]


def package(
    parts: Parts, out: Path, front: str, write_front: WriteFront, told: Callable[[], None] = lambda: None
) -> None:
    """Writes the workbook: the front sheet, then the sheets of all series that have rows, in their order.

    `told` is called after every copied piece, at least once a second or so; what it raises ends the work. The file
    appears whole or not at all.
    """
    frame = BytesIO()
    sheets = _write_frame(frame, parts, front, write_front)
    draft = out.with_name(out.name + ".part")
    with zipfile.ZipFile(frame) as made, draft.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as book:
            for entry in made.infolist():
                stem = sheets.get(entry.filename)
                if stem is None:
                    book.writestr(entry.filename, made.read(entry))
                else:
                    _write_sheet(book, entry.filename, made.read(entry), parts.folder / stem[0], stem[1], told)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(out)


def _write_frame(frame: BytesIO, parts: Parts, front: str, write_front: WriteFront) -> dict[str, tuple[str, str]]:
    """Writes all but the rows. Returns for each sheet's file the stem of its parts, and the range of its cells."""
    book = Workbook(frame, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    formats = _formats(book)
    first = book.add_worksheet(front)
    for at, name in enumerate(Style.__members__):
        first.write_blank(0, at, None, formats[name])  # a format's number is the place of its first use
    found: dict[str, tuple[str, str]] = {}
    number = 1
    for key, one in parts.series.items():
        for at, sheet in enumerate(one.sheets, 1):
            number += 1
            cells = _add_sheet(book, formats, one, sheet)
            found[f"xl/worksheets/sheet{number}.xml"] = (parts.stem(key, at), cells)
            if one.identifier and at == 1:
                book.define_name(one.identifier, f"='{sheet.name}'!{_fixed(cells)}")
    write_front(book, first, formats)
    book.close()
    _check_styles(frame)
    return found


def _add_sheet(book: Workbook, formats: Formats, one: Series, sheet: Sheet) -> str:
    made = book.add_worksheet(sheet.name)
    made.freeze_panes(1, 0)
    print_wide(made)
    made.repeat_rows(0)
    made.autofilter(0, 0, sheet.rows - 1, len(one.headings) - 1)
    for at, heading in enumerate(one.headings):
        made.set_column(at, at, heading.width)
        made.write_string(0, at, heading.text, formats["HEAD"])
    return f"A1:{letters(len(one.headings) - 1)}{sheet.rows}"


def print_wide(sheet: Worksheet) -> None:
    """Has a sheet printed on A4 across, all its columns on one page."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _formats(book: Workbook) -> dict[str, Format]:
    text = {"valign": "top", "quote_prefix": True}  # a person who edits a text keeps it a text
    head = {"bold": True, "bg_color": "#DDEBF7", "bottom": 1, "valign": "vcenter"}
    return {
        "TEXT": book.add_format(text),
        "NUMBER": book.add_format({"valign": "top", "align": "right", "indent": 1}),  # off the text beside it
        "MOMENT": book.add_format({"valign": "top", "align": "left", "num_format": "yyyy-mm-dd hh:mm:ss"}),
        "LINK": book.add_format({**text, "font_color": "#0563C1", "underline": 1}),
        "HEAD": book.add_format(head),
        "HEAD_NUMBER": book.add_format({**head, "align": "right", "indent": 1}),
        "TITLE": book.add_format({"bold": True, "font_size": 16}),
        "SHARE": book.add_format({"num_format": "0.0%", "valign": "top", "align": "right", "indent": 1}),
        "WRAP": book.add_format({**text, "text_wrap": True}),
    }


def _check_styles(frame: BytesIO) -> None:
    with zipfile.ZipFile(frame) as made:
        numbers = [int(found) for found in _STYLE.findall(made.read("xl/worksheets/sheet1.xml"))]
    if numbers[: len(Style)] != [int(style) for style in Style]:
        raise RuntimeError(f"XlsxWriter numbers formats in another way: {numbers}")


def _write_sheet(
    book: zipfile.ZipFile, name: str, made: bytes, stem: Path, cells: str, told: Callable[[], None]
) -> None:
    head, end, tail = made.partition(b"</sheetData>")
    before, margins, after = tail.partition(b"<pageMargins")
    if not end or not margins:
        raise RuntimeError(f"{name}: XlsxWriter writes sheets in another way")
    links = stem.with_name(stem.name + LINKS)
    with book.open(name, "w", force_zip64=True) as out:
        out.write(_DIMENSION.sub(b'<dimension ref="%s"/>' % cells.encode(), head, count=1))
        _copy(stem.with_name(stem.name + ROWS), out, told)
        out.write(end + before)
        if links.exists():
            out.write(b"<hyperlinks>")
            _copy(links, out, told)
            out.write(b"</hyperlinks>")
        out.write(margins + after)
    targets = stem.with_name(stem.name + TARGETS)
    if targets.exists():
        folder, _, file = name.rpartition("/")
        with book.open(f"{folder}/_rels/{file}.rels", "w", force_zip64=True) as out:
            out.write(_RELATIONSHIPS)
            _copy(targets, out, told)
            out.write(b"</Relationships>")


def _copy(source: Path, out: IO[bytes], told: Callable[[], None]) -> None:
    with source.open("rb") as file:
        for piece in _read(file):
            out.write(piece)
            told()


def _read(file: IO[bytes]) -> Iterator[bytes]:
    read: Callable[[], bytes] = lambda: file.read(COPIED_BYTES)  # noqa: E731 - iter() wants a callable
    return iter(read, b"")


def _fixed(cells: str) -> str:
    return re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", cells)
