"""Opens a workbook with two libraries that did not write it, and reads texts as Excel does."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

HOSTILE = (
    "=1+1", '=HYPERLINK("http://evil.example","x")', "@SUM(A1)", "+1", "-1", "|cmd", "{=A1}",
    "http://evil.example", "mailto:a@b.c", "internal:x!A1", "\\\\host\\share", "file:///etc/passwd",
    "\x00\x01\x08\x0b\x0c\x0e\x1f", "a\r\nb\tc\n", "_x0041_", "_x005F_", "_xZZZZ_", "_x0a0b_\x02",
    "\u202eevil\u202c", "\u200b\u200d\ufeff", "😀👩‍👩‍👧‍👦🇨🇳", "\ud83d", "\ude00x", "\ufffe\uffff",
    "<b>&amp;\"'</b>", "]]>", "<![CDATA[", "  leading and trailing  ", "\n", "'quoted", "2026-01-01", "0012",
    "1e5", "TRUE", "#N/A", "𠀀", "e\u0301", "\x7f\x85", "中" * 32_767, "😀" * 16_383, "字" * 9_000,
)  # fmt: skip
_CODED = re.compile("_x([0-9A-Fa-f]{4})_")


def as_excel_shows(text: str) -> str:
    """The text of a string as its file has it: `_xHHHH_` is a character (ECMA-376, ST_Xstring)."""
    return _CODED.sub(lambda found: chr(int(found[1], 16)), text)


def cells(path: Path) -> dict[str, list[list[Any]]]:
    """Every sheet's rows as openpyxl reads them, texts as Excel shows them; a formula would fail."""
    book = load_workbook(path)
    found: dict[str, list[list[Any]]] = {}
    for sheet in book.worksheets:
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        values = [[cell.value for cell in row] for row in sheet.iter_rows()]
        found[sheet.title] = [[as_excel_shows(one) if isinstance(one, str) else one for one in row] for row in values]
    book.close()
    return found


def records(path: Path, sheet: str) -> list[dict[str, Any]]:
    """A sheet's rows by its headings."""
    head, *rows = cells(path)[sheet]
    return [dict(zip(head, row, strict=True)) for row in rows]


def calamine_cells(path: Path, sheet: str) -> list[list[Any]]:
    """A sheet's rows as calamine reads them."""
    book = CalamineWorkbook.from_path(str(path))
    return book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def alike(ours: Any, theirs: Any) -> bool:
    """Whether calamine's cell is openpyxl's: it tells empty cells as empty texts, and numbers as floats."""
    if ours is None:
        return bool(theirs == "")
    if isinstance(ours, datetime):
        return isinstance(theirs, datetime) and abs((ours - theirs).total_seconds()) < 0.01
    return bool(ours == theirs)
