"""The list of records as a workbook: every cell, the same filters, a customer's own, and going on after a death."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from gateway.exports import records as of_records
from gateway.exports.asked import checked_filters
from gateway.exports.ledger import claim_export, start_export
from gateway.exports.making import make
from models.history.records.fill import fill_records
from models.tables import Record
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.ledger.ended import START, VIDEO, add, add_campaign, add_key, attempt_row, standard, task_row
from tests.support.workbooks import cells, records
from workers.evidence.location import StorageLocation

ZONE = ZoneInfo("Asia/Shanghai")
STORAGE = StorageLocation.of("/var/evidence")
CODES: dict[str | None, str | None] = {  # as the sheet tells them
    "video_not_found": "找不到视频 (video_not_found)",
    "titles_shortfall": "标题不足 (titles_shortfall)",
}


def recorded(engine: Engine) -> None:
    standard(engine)
    while fill_records(engine):
        pass


def exported(engine: Engine, root: Path, keys: list[str] | None = None, **asked: Any) -> Path:
    filters = checked_filters({"what": "records", **asked})
    export = start_export(engine, filters, "王工", keys=keys, background=False)
    return make(engine, claim_export(engine, export.id), root, ZONE, storage=STORAGE)


def test_every_record_has_its_row(ledger: Engine, tmp_path: Path) -> None:
    recorded(ledger)
    path = exported(ledger, tmp_path, campaign="c1")
    assert list(cells(path)) == ["汇总", "记录"]
    rows = records(path, "记录")
    kept = read(ledger, lambda session: session.query(Record).order_by(Record.ended_at.desc(), Record.id.desc()).all())
    assert len(kept) > 5
    told = ("任务ID", "批次ID", "执行账号", "执行设备", "失败代码", "第几次", "应完成", "已完成", "标题", "视频号ID")
    assert [tuple(row[name] for name in told) for row in rows] == [
        (one.task_id, one.campaign_id, one.account_id, one.phone_serial, CODES.get(one.code, one.code), one.attempt,
         one.asked, one.got, one.title, one.author_id)
        for one in kept
    ]  # fmt: skip
    ended = [row["结束时间 (Asia/Shanghai)"] for row in rows]
    assert ended == [one.ended_at.astimezone(ZONE).replace(tzinfo=None) for one in kept]
    missed = next(row for row in rows if row["失败代码"] == CODES["video_not_found"])
    seen = [missed[name] for name in ("任务类型", "类别", "结果", "失败步骤")]
    assert seen == ["数据采集", "尝试", "失败", "找视频"]
    sheet = load_workbook(path)["记录"]
    links = [cell.hyperlink.target for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert links == ["file:///var/evidence/t-comments-2/2/"]


@pytest.mark.parametrize(
    ("asked", "tasks"),
    [
        ({"account": "acc0001", "code": "video_not_found"}, {"t-comments-2"}),
        ({"outcome": "lost"}, {"t-comments-2"}),
        ({"flow": "directed", "kind": "attempt"}, {"t-directed"}),
        ({"account": "acc0001", "step": "titles"}, {"t-titles-2"}),
        ({"account": "acc0001", "task": "t-titles-2"}, {"t-titles-2"}),
        ({"account": "nobody"}, set()),
        ({"account": "acc0001", "until": START}, set()),
    ],
)
def test_records_are_filtered_as_their_list_is(
    ledger: Engine, tmp_path: Path, asked: dict[str, Any], tasks: set[str]
) -> None:
    recorded(ledger)
    found = cells(exported(ledger, tmp_path, **asked))
    assert {row[16] for row in found.get("记录", [[]])[1:]} == tasks


def test_a_customer_gets_its_own_records(ledger: Engine, tmp_path: Path) -> None:
    for key in ("key-a", "key-b"):
        add_key(ledger, key, key)
        add_campaign(ledger, key, key_id=key)
        evidence = {"url": "file:///x/", "stored": True}
        failed = {"outcome": "failed", "failure_code": "video_not_found", "evidence": evidence}
        task = task_row(f"of-{key}", key, "directed", VIDEO, key_id=key, state="failed")
        add(ledger, [task], [attempt_row(f"of-{key}", **failed)])
    recorded(ledger)
    for asked in ({}, {"campaign": "key-a"}, {"account": "acc0001"}):
        rows = records(exported(ledger, tmp_path, ["key-a"], **asked), "记录")
        assert {row["任务ID"] for row in rows} == {"of-key-a"}
        assert {row["证据"] for row in rows} == {"/v1/tasks/of-key-a/attempts/1/evidence/evidence.json"}
    assert "记录" not in cells(exported(ledger, tmp_path, ["key-a"], campaign="key-b"))
    of_one = records(exported(ledger, tmp_path, customer="key-b"), "记录")  # the operator's, of one customer
    assert [(row["任务ID"], row["证据"]) for row in of_one] == [("of-key-b", "查看证据")]
    with pytest.raises(Refused, match="has no key"):
        exported(ledger, tmp_path, customer="nobody")


class Died(BaseException):
    """What a process that is killed leaves."""


def test_a_process_that_dies_is_followed(ledger: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(ledger)
    monkeypatch.setattr(of_records, "MOST_IN_A_PAGE", 3)
    export = start_export(ledger, checked_filters({"what": "records", "campaign": "c1"}), "王工", background=False)
    claimed = claim_export(ledger, export.id)
    steps: list[int] = []

    def told(done: int, _total: int | None) -> None:
        steps.append(done)
        if len(steps) == 2:
            raise Died

    with pytest.raises(Died):
        make(ledger, claimed, tmp_path, ZONE, told=told)
    path = make(ledger, claimed, tmp_path, ZONE)
    number = write(ledger, lambda session: session.query(Record).count())
    rows = [(row["任务ID"], row["第几次"], row["类别"]) for row in records(path, "记录")]
    assert len(rows) == len(set(rows)) == number
    assert steps == [3, 6]


def test_what_no_index_finds_is_refused_before_anything_is_written(ledger: Engine) -> None:
    with pytest.raises(Refused, match="since"):
        start_export(ledger, checked_filters({"what": "records", "code": "x"}), "王工")
    for wrong in ({"what": "records", "state": "failed"}, {"outcome": "lost"}, {"code": "x"}):
        with pytest.raises(Refused, match="not filtered by it"):
            checked_filters(wrong)
