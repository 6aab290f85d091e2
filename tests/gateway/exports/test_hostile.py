"""What people write in comments reaches both workbooks as text: of 64 KB, formulas, right to left, unseen, emoji."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from gateway.exports.asked import checked_filters
from gateway.exports.ledger import claim_export, start_export
from gateway.exports.making import make
from models.history.records.fill import fill_records
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.ended import VIDEO, add, add_campaign, attempt_row, comments, failed, task_row
from tests.support.workbooks import calamine_cells, cells, records

MARK = "…（全文见「长文本」）"
MOST = 32_767  # characters of a cell, as Excel counts them: UTF-16
SIZE = 65_536
LONG = {
    "letters": "x" * SIZE,
    "formula": '=HYPERLINK("http://evil.example","x")&' * (SIZE // 38),
    "right to left": "\u202eשלום عليكم\u202c " * (SIZE // 16),
    "unseen": "\u200b\u200d\ufeff\u2060字" * (SIZE // 5),
    "emoji": "😀" * (SIZE // 2),
    "emoji, shifted": "中" + "👨\u200d👩\u200d👧\u200d👦🇨🇳" * (SIZE // 15),
    "markup": "<script>alert(1)</script>]]>&amp;" * (SIZE // 33),
}
# 64 KB in UTF-8 that a cell holds, and the most that it holds
WHOLE = ("长" * (SIZE // 3), "x" * MOST, "😀" * (MOST // 2) + "x", "=" * MOST)
SHORT = (
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "\u200b=1+1", "\u202e=1+1",
    "http://evil.example", "'=1", "{=A1}", "مرحبا", "\u2066x\u2069", "a\u200bb", "0012", "1e5",
    "😀👩\u200d👩\u200d👧\u200d👦🇨🇳",
)  # fmt: skip


@pytest.fixture
def engine(sqlite_database: str) -> Any:
    """A ledger with these texts as comments, and as titles, reasons, accounts and phones."""
    made = copied_ledger(sqlite_database)
    add_campaign(made, "c1")
    add(made, [task_row("t", "c1", "collect_comments", VIDEO, result=comments(*LONG.values(), *WHOLE, *SHORT))], [])
    tasks, attempts = [], []
    for at, text in enumerate((*SHORT, *LONG.values())):
        told = {"account_id": text[:60], "phone_serial": text[:60]}
        why = failed("video_not_found", text, step="video")
        tasks.append(task_row(f"t{at:02}", "c1", "collect_comments", VIDEO | {"title": text}, **told, **why))
        attempts.append(attempt_row(f"t{at:02}", outcome="failed", failure_code="video_not_found", reason=text, **told))
    add(made, tasks, attempts)
    while fill_records(made):
        pass
    yield made
    made.dispose()


def exported(engine: Engine, root: Path, **asked: Any) -> Path:
    export = start_export(engine, checked_filters(asked), "王工", keys=None, background=False)
    return make(engine, claim_export(engine, export.id), root, ZoneInfo("Asia/Shanghai"))


def units(text: str) -> int:
    """The length as Excel counts it."""
    return len(text.encode("utf-16-le")) // 2


def both(path: Path, sheet: str, column: str) -> list[Any]:
    """A column's texts, of which two readers say the same."""
    mine = [row[column] for row in records(path, sheet)]
    head, *rows = calamine_cells(path, sheet)
    theirs = [row[head.index(column)] for row in rows]
    assert [one or "" for one in mine] == theirs
    return mine


def test_comments_of_64_kb_are_cut_marked_and_linked_to_the_whole(engine: Engine, tmp_path: Path) -> None:
    path = exported(engine, tmp_path)
    found = both(path, "数据采集", "评论内容")[: len(LONG) + len(WHOLE) + len(SHORT)]
    assert found[len(LONG) :] == [*WHOLE, *SHORT]
    sheet = load_workbook(path)["数据采集"]
    place = next(cell.column for cell in sheet[1] if cell.value == "评论内容")
    whole = records(path, "长文本")
    both(path, "长文本", "文本")
    for row, (name, text) in enumerate(LONG.items(), 2):
        cell = sheet.cell(row, place)
        shown = found[row - 2]
        assert (cell.data_type, cell.quotePrefix) == ("s", True), name
        assert MOST - 1 <= units(shown) <= MOST, name
        assert shown.endswith(MARK)
        assert text.startswith(shown.removesuffix(MARK)), name
        assert cell.hyperlink is not None
        first = int(str(cell.hyperlink.location).removeprefix("'长文本'!D")) - 2
        pieces = [one["文本"] for one in whole[first : first + -(-units(text) // MOST) + 1]]
        assert "".join(pieces).startswith(text), name
    assert not [one for row in sheet.iter_rows() for one in row if one.hyperlink and one.hyperlink.target]


def test_what_a_list_of_records_tells_is_text_too(engine: Engine, tmp_path: Path) -> None:
    path = exported(engine, tmp_path, what="records", campaign="c1")
    assert list(cells(path)) == ["汇总", "记录"]
    texts = (*SHORT, *LONG.values())
    wanted = sorted(text if len(text) <= 191 else text[:190] + "…" for text in texts)
    assert sorted(both(path, "记录", "标题")) == wanted
    assert sorted(both(path, "记录", "原因")) == wanted
    for column in ("执行账号", "执行设备"):
        assert sorted(both(path, "记录", column)) == sorted(text[:60] for text in texts)
    sheet = load_workbook(path)["记录"]
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink or cell.data_type == "f"]
