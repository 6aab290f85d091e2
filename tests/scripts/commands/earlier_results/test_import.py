"""`phonefleet import`: results from before count as collected, and a second import changes nothing."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import AuditEntry, CollectedComment, CollectedTitle, CommentSighting
from models.tasks.collected import note_result
from models.transactions.read_write import read, write
from tests.scripts.conftest import Run
from tests.support.installation import Installation

TITLE_HEADINGS = ["视频号ID", "视频号", "标题", "显示评论数", "实际评论数", "是否已采集"]
COMMENT_HEADINGS = ["视频号ID", "标题", "评论人", "评论内容", "点赞数", "回复数", "评论时间"]


@pytest.fixture
def known(here: Installation) -> Installation:
    """A ledger with two authors."""
    here.know_authors("xiaopeng", "dongchedi")
    return here


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    """Saves a workbook with these sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cell in (cell for cells in sheet.iter_rows() for cell in cells):
            if cell.data_type == "f":  # openpyxl takes text that begins with = for a formula
                cell.data_type = "s"
    book.save(path)
    return path


def titles(here: Installation) -> dict[str, CollectedTitle]:
    found = read(here.engine, lambda session: session.scalars(select(CollectedTitle)).all())
    return {one.title: one for one in found}


def comments(here: Installation) -> list[CollectedComment]:
    return list(read(here.engine, lambda session: session.scalars(select(CollectedComment)).all()))


def sightings(here: Installation) -> int:
    return len(read(here.engine, lambda session: session.scalars(select(CommentSighting.id)).all()))


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A workbook with titles, some of whose comments stand in a second sheet."""
    return workbook(
        tmp_path / "旧数据.xlsx",
        标题表=[
            ["小鹏汽车 2026年10月"],
            [],
            TITLE_HEADINGS,
            ["xiaopeng", "小鹏", "第一个视频 🎉", "1.2万", 120, "是"],
            ["xiaopeng", "小鹏", "第二个视频", 30, None, "否"],
            ["dongchedi", None, "=1+1", "", "", None],
        ],
        评论=[
            COMMENT_HEADINGS,
            ["xiaopeng", "第一个视频 🎉", "甲", "好看", 3, 0, datetime(2026, 10, 3, 12, 30)],  # noqa: DTZ001 - as a cell holds it
            ["xiaopeng", "第一个视频 🎉", "乙", "=HYPERLINK(1)", "1.1万", None, "昨天 12:30"],
            ["xiaopeng", "第一个视频 🎉", "甲", "好看", 5, 0, "2026-10-04"],
        ],
    )


def test_without_apply_it_tells_and_writes_nothing(known: Installation, run: Run, both: Path) -> None:
    said = run("import", both)
    assert said.status == 0
    assert "标题表: titles, 3 rows" in said.out
    assert "3 titles, 3 of them new; 2 will count as collected" in said.out
    assert "3 comments on 1 titles" in said.out
    assert "nothing was written" in said.out
    assert not titles(known)


def test_what_was_collected_counts_as_collected(known: Installation, run: Run, both: Path) -> None:
    said = run("import", both, "--apply", "--who", "li")
    assert said.status == 0, said.err
    assert "3 titles and 3 comments are new; 2 titles count as collected from now on" in said.out
    found = titles(known)
    assert {title: one.comments_collected_at is not None for title, one in found.items()} == {
        "第一个视频 🎉": True,
        "第二个视频": False,
        "=1+1": True,
    }
    assert (found["第一个视频 🎉"].shown_count, found["第一个视频 🎉"].real_count) == (12000, 120)
    stored = comments(known)
    assert [(one.commenter, one.text, one.likes) for one in stored] == [
        ("甲", "好看", 3),
        ("乙", "=HYPERLINK(1)", 11000),
        ("甲", "好看", 5),
    ]
    # in Excel's cells a time has no zone: it is the operator's
    assert [one.posted_at for one in stored] == [
        datetime(2026, 10, 3, 4, 30, tzinfo=UTC),
        None,
        datetime(2026, 10, 3, 16, tzinfo=UTC),
    ]
    (entry,) = read(known.engine, _audit)
    assert (entry.who, entry.subject) == ("li", "import 旧数据.xlsx")
    assert entry.after is not None
    assert entry.after["comments"] == 3


def _audit(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.subject.startswith("import"))))


def test_a_flow_that_finds_such_a_title_again_says_that_it_is_collected(
    known: Installation, run: Run, both: Path
) -> None:
    run("import", both, "--apply")
    result = {
        "titles": [
            {"author_id": "xiaopeng", "author": "小鹏", "title": title, "shown_count": 9, "real_count": None}
            for title in ("第一个视频 🎉", "第二个视频")
        ]
    }
    told = write(
        known.engine,
        lambda session: note_result(session, "collect_titles", "task-1", result, database_now(session), sandbox=False),
    )
    assert [one["collected"] for one in told["titles"]] == [True, False]


def test_a_second_import_changes_nothing(known: Installation, run: Run, both: Path) -> None:
    run("import", both, "--apply")
    before = (comments(known)[0].last_seen_at, sightings(known), titles(known)["=1+1"].comments_collected_at)
    said = run("import", both, "--apply")
    assert "0 titles and 0 comments are new; 0 titles count as collected" in said.out
    assert (comments(known)[0].last_seen_at, sightings(known), titles(known)["=1+1"].comments_collected_at) == before


def test_counts_from_before_do_not_replace_newer_ones(known: Installation, run: Run, tmp_path: Path) -> None:
    seen = {"commenter": "甲", "text": "好看", "likes": 99, "replies": None, "time": "", "at": None, "precision": None}
    result = {"author_id": "xiaopeng", "author": "小鹏", "title": "视频", "comments": [seen]}
    write(
        known.engine,
        lambda session: note_result(
            session, "collect_comments", "task-1", result, database_now(session), sandbox=False
        ),
    )
    before = comments(known)[0].last_seen_at
    old = workbook(tmp_path / "old.xlsx", 评论=[COMMENT_HEADINGS, ["xiaopeng", "视频", "甲", "好看", 3, 2, ""]])
    assert "1 comments on 1 titles, 0 of them new; 0 will count" in run("import", old).out
    assert run("import", old, "--apply").status == 0
    (one,) = comments(known)
    assert (one.likes, one.replies, one.last_seen_at) == (99, 2, before)


BAD: dict[str, tuple[list[Any], str]] = {
    "no title": (["xiaopeng", "小鹏", None, 3, 3, "是"], "line 2, 标题: it is empty"),
    "an invisible character": (["xiaopeng", "小鹏", "a\u200bb", 3, 3, "是"], "line 2, 标题: 'a\\u200bb' holds"),
    "a fraction": (["xiaopeng", "小鹏", 0.5, 3, 3, "是"], "line 2, 标题: 0.5 is a number that the sheet may show"),
    "an unknown author": (["nobody", "小鹏", "视频", 3, 3, "是"], "line 2, 视频号ID: author 'nobody' is unknown"),
    "an unknown name": ([None, "谁", "视频", 3, 3, "是"], "line 2, 视频号: author '谁' is unknown"),
    "no author": ([None, None, "视频", 3, 3, "是"], "line 2, 视频号ID: no author is named"),
    "a count in words": (["xiaopeng", "小鹏", "视频", "很多", 3, "是"], "line 2, 显示评论数: '很多' is no number"),
    "a negative count": (["xiaopeng", "小鹏", "视频", 3, -3, "是"], "line 2, 实际评论数: '-3' is no number"),
    "half a comment": (["xiaopeng", "小鹏", "视频", 3, 2.5, "是"], "line 2, 实际评论数: '2.5' is no number"),
    "maybe": (["xiaopeng", "小鹏", "视频", 3, 3, "也许"], "line 2, 是否已采集: '也许' is neither 是 nor 否"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_told_with_its_sheet_and_line(name: str, known: Installation, run: Run, tmp_path: Path) -> None:
    row, told = BAD[name]
    path = workbook(tmp_path / "a.xlsx", 标题表=[TITLE_HEADINGS, row, ["xiaopeng", "小鹏", "好", 1, 1, "是"]])
    assert told in " ".join(run("import", path).out.split())
    refused = run("import", path, "--apply")
    assert (refused.status, not titles(known)) == (2, True)
    assert told in " ".join(refused.err.split())
    assert run("import", path, "--apply", "--skip-bad-rows").status == 0
    assert set(titles(known)) == {"好"}


def test_a_title_is_kept_as_the_sheet_shows_it(known: Installation, run: Run, tmp_path: Path) -> None:
    rows = [["xiaopeng", None, given, 1, 1, "是"] for given in (2026, True)]
    assert run("import", workbook(tmp_path / "a.xlsx", 标题表=[TITLE_HEADINGS, *rows]), "--apply").status == 0
    assert set(titles(known)) == {"2026", "TRUE"}


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_the_codings_and_with_the_delimiters_of_excel(
    coding: str, delimiter: str, known: Installation, run: Run, tmp_path: Path
) -> None:
    rows = [
        ["标题", "点赞数（个）", "评论内容", "评论人"],
        ["视频", "3", '"两\n行"', "甲"],
        [],
        ["视频", "", "好", "乙"],
    ]
    path = tmp_path / "评论.csv"
    path.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(coding))
    said = run("import", path, "--apply", "--author", "xiaopeng")
    assert said.status == 0, said.err
    assert [(one.commenter, one.text, one.likes) for one in comments(known)] == [
        ("甲", "两\n行", 3),
        ("乙", "好", None),
    ]


def test_docx_tables_of_one_video(known: Installation, run: Run, tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("小鹏汽车")
    for part in (["甲", "乙"], ["丙"]):
        table = document.add_table(rows=0, cols=3)
        for row in (["昵称", "评论", "时间"], *([name, "好看", "2026-10-03 12:30"] for name in part)):
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    document.save(str(tmp_path / "评论.docx"))
    said = run("import", tmp_path / "评论.docx", "--apply", "--author", "xiaopeng", "--title", "视频")
    assert said.status == 0, said.err
    assert [one.commenter for one in comments(known)] == ["甲", "乙", "丙"]
    assert {one.posted_precision for one in comments(known)} == {"minute"}


def test_an_author_is_found_by_name(known: Installation, run: Run, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", t=[["视频号", "标题"], ["name of dongchedi", "视频"]])
    assert run("import", path, "--apply").status == 0
    assert titles(known)["视频"].author_id == "dongchedi"


def test_columns_and_tables_that_mean_nothing_are_told(known: Installation, run: Run, tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", 汇总=[["合计", 3]], 标题=[["视频号ID", "标题", "备注"], ["xiaopeng", "视频", "重要"]]
    )
    said = run("import", path).out
    assert "汇总: no known headings; not read" in said
    assert "columns that are not read: 备注" in said


def _huge(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = "标题", "x"
    book.save(path)
    return path


def _bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("word/document.xml", "w") as part:
        for _ in range(40):
            part.write(bytes(1 << 20))
    return path


def _text(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "a cell in the last corner": lambda at: _huge(at / "a.xlsx"),
    "no workbook": lambda at: _text(at / "a.xlsx", b"PK\x03\x04 and nothing else"),
    "an empty file": lambda at: _text(at / "a.docx", b""),
    "a docx without its parts": lambda at: _bomb(at / "a.docx"),
    "bytes as CSV": lambda at: _text(at / "a.csv", b"\xff\x81\x00\x80" * 99),
    "no headings": lambda at: _text(at / "a.csv", b"1,2\n3,4\n"),
    "another ending": lambda at: _text(at / "a.pdf", b"%PDF"),
    "a folder": lambda at: at,
    "no file": lambda at: at / "none.xlsx",
}


def test_a_damaged_file_is_to_be_saved_anew(known: Installation, run: Run, tmp_path: Path) -> None:
    said = run("import", HOSTILE["no workbook"](tmp_path))
    assert "it is damaged, or no .xlsx file whatever its name says\n      -> open it in Excel" in said.err


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(
    name: str, known: Installation, run: Run, tmp_path: Path
) -> None:
    said = run("import", HOSTILE[name](tmp_path), "--apply")
    assert said.status == 2
    assert not re.search(r"Traceback|Error", said.err + said.out)
    assert "->" in said.err
    assert not titles(known)
