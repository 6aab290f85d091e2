"""A workbook opened with openpyxl and calamine: types, hostile texts, heads, links, full sheets, and going on."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from openpyxl import load_workbook

from gateway.exports.workbook.cells import Link, Value, letters
from gateway.exports.workbook.package import Formats, package
from gateway.exports.workbook.parts import Bounds, Heading, Parts, Series
from tests.support.workbooks import HOSTILE, alike, as_excel_shows, calamine_cells, cells

NAME = "YANGHAO_TASK_RESULT_DATA_TITLE"
NOON = datetime.fromisoformat("2026-05-01T12:30:05.250")


def series(columns: int = 3) -> dict[str, Series]:
    heads = [Heading(f"列{at}", 20) for at in range(columns)]
    return {"a": Series("养号", heads, NAME), "none": Series("空", heads), "b": Series("b & <c>", heads)}


def front(_book: Any, sheet: Any, formats: Formats) -> None:
    sheet.write_string(1, 0, "=1+1", formats["TITLE"])


def written(folder: Path, rows: Sequence[Sequence[Value]], bounds: Bounds = Bounds()) -> Path:  # noqa: B008 - frozen
    folder.mkdir()
    parts = Parts(folder, series(len(rows[0])), bounds)
    for row in rows:
        parts.add("a", row)
    parts.flush()
    package(parts, folder / "out.xlsx", "汇总", front)
    parts.close()
    return folder / "out.xlsx"


def test_values_keep_their_types(tmp_path: Path) -> None:
    old = datetime.fromisoformat("1899-01-01")
    whole: list[Value] = [1, 0, -5, 2**40, 1.5, 10**15, float("nan"), float("inf"), NOON, old]
    told = [1, 0, -5, 2**40, 1.5, str(10**15), "nan", "inf", NOON, "1899-01-01 00:00:00"]
    path = written(tmp_path / "w", [[one, None, ""] for one in whole])
    assert cells(path)["养号"][1:] == [[one, None, None] for one in told]
    assert load_workbook(path)["养号"]["A10"].number_format == "yyyy-mm-dd hh:mm:ss"
    theirs = calamine_cells(path, "养号")[1:]
    assert all(alike(one, row[0]) for one, row in zip(told, theirs, strict=True))


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    path = written(tmp_path / "w", [[text, Link(text[:100], "file:///a b/\"&<x>'"), text] for text in HOSTILE])
    for row, text in zip(cells(path)["养号"][1:], HOSTILE, strict=True):
        assert row == [text, text[:100], text]
    sheet = load_workbook(path)["养号"]
    for at in range(2, len(HOSTILE) + 2):
        assert sheet.cell(at, 1).data_type == "s"
        assert sheet.cell(at, 1).quotePrefix  # a person who edits it keeps it a text
        assert sheet.cell(at, 1).hyperlink is None
        link = sheet.cell(at, 2).hyperlink
        assert link is not None
        assert link.target == "file:///a b/\"&<x>'"
    theirs = calamine_cells(path, "养号")[1:]
    for row, text in zip(theirs, HOSTILE, strict=True):
        if "_x" not in text:  # calamine reads some escapes, and leaves those of halves and of U+FFFE
            assert as_excel_shows(row[0]) == text


def test_heads_are_frozen_and_filtered_and_the_identifier_names_the_sheet(tmp_path: Path) -> None:
    path = written(tmp_path / "w", [["a", "b", "c"]] * 4)
    book = load_workbook(path)
    assert book.sheetnames == ["汇总", "养号"]
    assert (book["养号"].freeze_panes, book["养号"].auto_filter.ref, book["养号"].dimensions) == (
        "A2",
        "A1:C5",
        "A1:C5",
    )
    assert book["养号"].column_dimensions["A"].width == pytest.approx(20, abs=1)
    assert [cell.value for cell in book["养号"][1]] == ["列0", "列1", "列2"]
    assert book.defined_names[NAME].attr_text == "'养号'!$A$1:$C$5"


def test_a_full_sheet_has_a_next_one(tmp_path: Path) -> None:
    path = written(tmp_path / "w", [[at, "x", None] for at in range(10)], Bounds(rows=5))
    found = cells(path)
    assert {name: [row[0] for row in rows] for name, rows in found.items() if name != "汇总"} == {
        "养号": ["列0", 0, 1, 2, 3],
        "养号 2": ["列0", 4, 5, 6, 7],
        "养号 3": ["列0", 8, 9],
    }


def test_a_sheet_with_as_many_links_as_it_may_have_has_a_next_one(tmp_path: Path) -> None:
    rows: list[list[Value]] = [
        [Link("a", f"https://x.example/{at}"), Link("in", "'养号'!A2", inside=True)] for at in range(5)
    ]
    path = written(tmp_path / "w", rows, Bounds(links=4))
    book = load_workbook(path)
    assert book.sheetnames == ["汇总", "养号", "养号 2", "养号 3"]
    assert book["养号 2"]["A3"].hyperlink.target == "https://x.example/3"
    assert book["养号 2"]["B3"].hyperlink.location == "'养号'!A2"


def test_every_file_in_the_workbook_is_xml(tmp_path: Path) -> None:
    path = written(tmp_path / "w", [[text, Link(text[:50], "https://x.example/")] for text in HOSTILE])
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        for name in book.namelist():
            etree.fromstring(book.read(name))


def test_a_later_process_goes_on_where_the_files_were_marked(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    first = Parts(folder, series(), Bounds(rows=4))
    rows: list[list[Value]] = [[at, f"第{at}行", Link("go", f"https://x.example/{at}")] for at in range(10)]
    for row in rows[:5]:
        first.add("a", row)
    first.flush()
    marks = json.loads(json.dumps(first.marks()))
    for row in rows[5:8]:  # these come after the mark: the process dies before the next one
        first.add("a", row)
    first.flush()
    second = Parts(folder, series(), Bounds(rows=4))
    second.back_to(marks)
    for row in rows[5:]:
        second.add("a", row)
    second.flush()
    package(second, folder / "out.xlsx", "汇总", front)
    second.close()
    first.close()
    found = cells(folder / "out.xlsx")
    assert [row[0] for name, sheet in found.items() if name != "汇总" for row in sheet[1:]] == list(range(10))
    assert load_workbook(folder / "out.xlsx")["养号 4"]["C2"].hyperlink.target == "https://x.example/9"


def test_shorter_files_than_marked_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    parts = Parts(folder, series())
    parts.add("a", ["a", "b", "c"])
    parts.flush()
    marks = parts.marks()
    parts.close()
    (folder / "a.1.rows").write_bytes(b"")
    with pytest.raises(OSError, match="shorter"):
        Parts(folder, series()).back_to(marks)


def test_columns_have_the_letters_that_spreadsheets_give_them() -> None:
    assert [letters(at) for at in (0, 25, 26, 51, 52, 701, 702, 16_383)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip
