"""An export's workbook holds what the ledger holds: every cell, both languages, filters, customers, and the cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from flows.registry import FLOWS
from gateway.exports.asked import ExportFilters, checked_filters
from gateway.exports.ledger import claim_export, start_export
from gateway.exports.making import make
from models.database.clock import database_now
from models.tables import Export
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.ended import (
    ENDED_AT,
    START,
    URL,
    VIDEO,
    add,
    add_campaign,
    add_key,
    attempt_row,
    comments,
    failed,
    standard,
    task_row,
)
from tests.support.workbooks import HOSTILE, alike, calamine_cells, cells, records

ZONE = ZoneInfo("Asia/Shanghai")
FROM, TO = "开始时间 (Asia/Shanghai)", "结束时间 (Asia/Shanghai)"
BEGAN, OVER = (moment.astimezone(ZONE).replace(tzinfo=None) for moment in (START, ENDED_AT))
BEFORE = ("任务ID", "批次", "批次ID", "执行账号", "执行设备", FROM, TO, "结果", "原因", "失败步骤", "证据")


@pytest.fixture
def sqlite_ledger(sqlite_database: str) -> Iterator[Engine]:
    engine = copied_ledger(sqlite_database)
    yield engine
    engine.dispose()


def exported(engine: Engine, root: Path, **asked: Any) -> Path:
    keys = asked.pop("keys", None)
    export = start_export(engine, ExportFilters(**asked), "王工", keys=keys, background=False)
    return make(engine, claim_export(engine, export.id), root, ZONE)


def common(task_id: str, **more: Any) -> dict[str, Any]:
    known = dict.fromkeys(BEFORE) | {"任务ID": task_id, "批次": "标准日", "批次ID": "c1", "执行账号": "acc0001"}
    return known | {"执行设备": "SIM0001", FROM: BEGAN, TO: OVER, "结果": "成功"} | more


def test_every_flow_has_its_sheet_and_every_cell_is_the_ledgers(ledger: Engine, tmp_path: Path) -> None:
    standard(ledger)
    path = exported(ledger, tmp_path)
    assert records(path, "养号") == [
        common("t-nurture") | {"要求评论数": 5, "完成评论数": 5, "要求视频点赞数": 10, "完成视频点赞数": 10}
        | {"要求盖楼数": 5, "完成盖楼数": 4, "浏览视频数": 23, "跳过数": 2}
    ]  # fmt: skip
    author = {"视频号ID": "xiaopeng", "视频号": "小鹏汽车", "显示评论数": 204, "实际评论数": None}
    short = {"结果": "失败", "原因": "标题不足：1 of 2 titles", "失败步骤": "标题"}
    assert records(path, "标题采集") == [
        common("t-titles") | author | {"标题": "发布会 <全程>", "是否已采集": "否"},
        common("t-titles") | author | {"标题": "=1+1", "是否已采集": "是"},
        common("t-titles-2", **short) | author | {"标题": "孤单", "是否已采集": None},
    ]
    at = {"评论时间": "昨天 12:30", "评论时刻 (Asia/Shanghai)": datetime.fromisoformat("2026-04-30T12:30:00")}
    video = {"视频号ID": "xiaopeng", "标题": "发布会 <全程>", "回复数": None} | at
    missed = {"结果": "失败", "原因": "找不到视频：'x' is not there", "失败步骤": "找视频", "证据": "查看证据"}
    assert records(path, "数据采集") == [
        *(
            common("t-comments") | video | {"评论人": f"甲{number}", "评论内容": text, "点赞数": number}
            for number, text in enumerate(("很好", "@SUM(A1)", "😀\u202e"))
        ),
        common("t-comments-2", **missed) | dict.fromkeys([*video, "评论人", "评论内容", "点赞数"]),
    ]
    acted = {"动作": "盖楼", "目标评论人": "小红", "目标评论": "好看", "发布内容": "谢谢", "已核实": "是"}
    assert records(path, "定向任务") == [
        common("t-directed") | {"视频号ID": "xiaopeng", "标题": "发布会 <全程>"} | acted
        | {"完成时间 (Asia/Shanghai)": datetime.fromisoformat("2026-05-01T12:32:00")}
    ]  # fmt: skip
    assert records(path, "其他任务") == [common("t-own") | {"任务类型": "flow_of_old", "数据": '{"b": [1, "二"]}'}]


def test_accounts_for_which_no_session_was_planted_are_listed_as_not_run(ledger: Engine, tmp_path: Path) -> None:
    named = {"accounts": ["acc0001", "acc0002", "acc0003"], "nurture": {"comments": 5}}
    add_campaign(ledger, "c1", asked_for={"file": named})
    add_campaign(ledger, "c2", name="补齐", completes="c1", asked_for={"file": named})
    add_campaign(ledger, "c3", name="仅采集", asked_for={"file": {"accounts": ["acc0009"]}})
    tasks = [
        task_row("t1", "c1", "nurture", {}, pinned_account="acc0001"),
        task_row("t2", "c1", "nurture", {}, pinned_account="acc0002", **failed("phone_lost", "gone")),
        task_row("t3", "c2", "nurture", {}, pinned_account="acc0002"),
    ]
    add(ledger, tasks, [])
    columns = ("批次ID", "执行账号", "应完成", "已完成", "缺少", "缺少原因")
    found = {tuple(row[name] for name in columns) for row in records(exported(ledger, tmp_path), "完整性")}
    assert found == {
        ("c1", "acc0001", 1, 1, 0, None), ("c1", "acc0002", 1, 0, 1, "手机断开 × 1"),
        ("c1", "acc0003", 1, 0, 1, "没有执行 × 1"), ("c2", "acc0002", 1, 1, 0, None),
    }  # fmt: skip
    of_one = records(exported(ledger, tmp_path, account="acc0003"), "完整性")
    assert [(row["执行账号"], row["缺少原因"]) for row in of_one] == [("acc0003", "没有执行 × 1")]


def test_two_readers_agree_on_every_cell(ledger: Engine, tmp_path: Path) -> None:
    standard(ledger)
    path = exported(ledger, tmp_path)
    for name, rows in cells(path).items():
        if name == "汇总":  # its first row has no values, and calamine begins where there are some
            continue
        theirs = calamine_cells(path, name)
        assert len(theirs) == len(rows)
        for row, their in zip(rows, theirs, strict=True):
            assert all(alike(one, other) for one, other in zip(row, their, strict=True))


def test_attempts_are_told_with_their_outcome_and_evidence(ledger: Engine, tmp_path: Path) -> None:
    standard(ledger)
    path = exported(ledger, tmp_path)
    rows = records(path, "尝试")
    assert [row["任务ID"] for row in rows] == [
        "t-comments", "t-comments-2", "t-comments-2", "t-directed", "t-nurture", "t-own", "t-titles", "t-titles-2",
    ]  # fmt: skip
    lost, missed = rows[1:3]
    assert (lost["第几次"], lost["结果"], lost["用时（秒）"], lost["任务类型"]) == (1, "中断", 180, "数据采集")
    told = [missed[name] for name in ("第几次", "结果", "失败代码", "责任方", "失败步骤", "原因", "处理办法", "证据")]
    remedy = "核对作者和标题，或加大视频循环数"
    assert told == [2, "失败", "找不到视频 (video_not_found)", "内容", "找视频", "'x' is not there", remedy, "查看证据"]
    sheet = load_workbook(path)["尝试"]
    links = [cell.hyperlink.target for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert links == [URL.format(task="t-comments-2")]


def test_completeness_says_what_is_missing_and_why(ledger: Engine, tmp_path: Path) -> None:
    standard(ledger)
    path = exported(ledger, tmp_path)
    counts = ("应完成", "已完成", "缺少", "缺少原因", "应采集条数", "已采集条数", "缺少条数")
    columns = ("阶段", "视频号ID", "执行账号", *counts)
    rows = [tuple(row[name] for name in columns) for row in records(path, "完整性")]
    assert rows == [
        ("数据采集", "xiaopeng", "acc0001", 2, 1, 1, "找不到视频 × 1，没有更多内容 × 47", 50, 3, 47),
        ("标题采集", "xiaopeng", "acc0001", 2, 1, 1, "标题不足 × 1，没有更多内容 × 1", 4, 3, 1),
        ("定向任务", "xiaopeng", "acc0001", 1, 1, 0, None, None, None, None),
        ("flow_of_old", None, "acc0001", 1, 1, 0, None, None, None, None),
        ("养号", None, "acc0001", 1, 1, 0, None, None, None, None),
        ("养号", None, "acc0002", 1, 0, 1, "未结束 × 1", None, None, None),
    ]
    front = cells(path)["汇总"]
    assert next(row[:6] for row in front if row[0] == "养号") == ["养号", "未结束 × 1", 2, 1, 1, 0.5]
    assert [front[3][0], front[4][0]] == ["截至（此时已结束的任务）", "时区（所有时间）"]
    assert isinstance(front[3][1], datetime)
    assert [row[1] for row in front if row[0] == "时区（所有时间）"] == ["Asia/Shanghai"]
    listed = {row[1]: row[2] for row in front if row[1] in {flow.result_title for flow in FLOWS.values()}}
    assert listed == {
        "YANGHAO_TASK_RESULT_DATA_TITLE": 1,
        "TITLE_COLLECT_TASK_RESULT_DATA_TITLE": 3,
        "COMMENT_COLLECT_TASK_RESULT_DATA_TITLE": 4,
        "DIRECTED_TASK_RESULT_DATA_TITLE": 1,
    }
    book = load_workbook(path)
    assert len(book["汇总"]._charts) == 1  # type: ignore[attr-defined]
    assert set(listed) == set(book.defined_names)


def test_reasons_are_told_in_the_language_of_the_workbook(ledger: Engine, tmp_path: Path) -> None:
    add_campaign(ledger, "c1")
    loop = failed("video_not_found", "'新车' is not among the first 30 videos of xiaopeng")
    person = {"state": "stopped", "failure_code": "stopped", "reason": "李娜 stopped it: 换手机"}
    tasks = [task_row("t1", "c1", "collect_comments", VIDEO, **loop), task_row("t2", "c1", "nurture", {}, **person)]
    away = {"outcome": "failed", "failure_code": "phone_hung", "culprit": "phone", "step": "video"}
    attempt = attempt_row("t1", reason="the phone sent more than 1000 bytes", **away)
    add(ledger, tasks, [attempt])
    zh, en = (exported(ledger, tmp_path, language=language) for language in ("zh", "en"))
    assert records(zh, "数据采集")[0]["原因"] == "找不到视频：xiaopeng 的前 30 个视频中没有 '新车'"
    assert records(zh, "养号")[0]["原因"] == "已停止：李娜停止了它：换手机"
    named = ("失败代码", "责任方", "失败步骤", "原因", "处理办法")
    assert [records(zh, "尝试")[0][name] for name in named] == [
        "手机卡死 (phone_hung)", "手机", "找视频", "手机发来超过 1000 字节", "重启手机",
    ]  # fmt: skip
    assert records(en, "collect comments")[0]["reason"] == f"video_not_found: {loop['reason']}"
    assert records(en, "Attempts")[0]["reason"] == "the phone sent more than 1000 bytes"
    assert [row["why it is missing"] for row in records(en, "Completeness")] == [
        "video not found × 1", "stopped × 1",
    ]  # fmt: skip


def test_a_customers_workbook_hides_who_it_was_in_chinese_too(ledger: Engine, tmp_path: Path) -> None:
    add_key(ledger, "key_1")
    add_campaign(ledger, "c1", key_id="key_1")
    person = {"state": "stopped", "failure_code": "stopped", "reason": "李娜 stopped it: 换手机", "key_id": "key_1"}
    add(ledger, [task_row("t1", "c1", "nurture", {}, **person)], [])
    assert records(exported(ledger, tmp_path, keys=["key_1"]), "养号")[0]["原因"] == "已停止：运营方停止了它"


def test_headings_are_english_on_request(ledger: Engine, tmp_path: Path) -> None:
    standard(ledger)
    path = exported(ledger, tmp_path, language="en")
    found = cells(path)
    names = ["Summary", "nurture", "collect titles", "collect comments", "directed", "Other tasks", "Attempts"]
    assert list(found) == [*names, "Completeness"]
    assert found["directed"][0][11:] == [
        "kind", "author id", "title", "target commenter", "target comment", "text", "done at (Asia/Shanghai)",
        "verified",
    ]  # fmt: skip
    assert records(path, "directed")[0]["verified"] == "yes"
    assert {row["kind of task"] for row in records(path, "Attempts")} >= {"collect titles", "collect comments"}
    assert {row["stage"] for row in records(path, "Completeness")} >= {"collect titles", "flow_of_old"}
    assert not {text for rows in found.values() for text in rows[0] if text and not text.isascii()}


def test_hostile_texts_arrive_as_they_are(ledger: Engine, tmp_path: Path) -> None:
    add_campaign(ledger, "c1", name="=cmd|' /C calc'!A0")
    stored = [text for text in HOSTILE if not any(one == "\x00" or "\ud800" <= one <= "\udfff" for one in text)]
    reason = failed("video_not_found", "@SUM(1+1)|cmd", step="=A1")
    tasks = [
        task_row("t1", "c1", "collect_comments", VIDEO, result=comments(*stored)),
        task_row("t2", "c1", "collect_comments", VIDEO, account_id="=acc", phone_serial="+1", **reason),
    ]
    add(ledger, tasks, [attempt_row("t2", outcome="failed", failure_code="video_not_found", reason="=1", step="=A1")])
    path = exported(ledger, tmp_path)
    rows = records(path, "数据采集")
    assert [row["评论内容"] for row in rows[:-1]] == stored
    assert {row["批次"] for row in rows} == {"=cmd|' /C calc'!A0"}
    told = [rows[-1][name] for name in ("执行账号", "执行设备", "原因", "失败步骤")]
    assert told == ["=acc", "+1", "找不到视频：@SUM(1+1)|cmd", "=A1"]
    assert records(path, "尝试")[0]["原因"] == "=1"


def test_a_text_that_no_cell_holds_is_cut_and_leads_to_the_whole(ledger: Engine, tmp_path: Path) -> None:
    long = "长😀" * 30_000
    add_campaign(ledger, "c1")
    add(ledger, [task_row("t1", "c1", "collect_comments", VIDEO, result=comments("短", long))], [])
    path = exported(ledger, tmp_path)
    cell = load_workbook(path)["数据采集"]["O3"]
    assert str(cell.value).endswith("…（全文见「长文本」）")
    assert long.startswith(str(cell.value).removesuffix("…（全文见「长文本」）"))
    assert len(str(cell.value).encode("utf-16-le")) // 2 in (32_766, 32_767)
    assert cell.hyperlink is not None
    assert cell.hyperlink.location == "'长文本'!D2"
    pieces = records(path, "长文本")
    assert "".join(row["文本"] for row in pieces) == long
    assert [(row["任务ID"], row["列"], row["段"]) for row in pieces] == [("t1", "评论内容", at) for at in (1, 2, 3)]


@pytest.mark.parametrize(
    ("asked", "tasks"),
    [
        ({"flow": "directed"}, ["a-other", "b"]),
        ({"account": "acc0009"}, ["a-other", "c"]),
        ({"phone": "SIM0009"}, ["c"]),
        ({"author": "other"}, ["a-other"]),
        ({"campaign": "c2"}, ["a-other"]),
        ({"state": "failed"}, ["c"]),
        ({"since": START + timedelta(hours=1)}, ["c"]),
        ({"until": START + timedelta(hours=1)}, ["a-other", "b"]),
        ({"flow": "directed", "account": "acc0009"}, ["a-other"]),
        ({"account": "nobody"}, []),
        ({"sandbox": True}, ["d"]),
    ],
)
def test_filters_select_tasks(sqlite_ledger: Engine, tmp_path: Path, asked: dict[str, Any], tasks: list[str]) -> None:
    for campaign in ("c1", "c2"):
        add_campaign(sqlite_ledger, campaign)
    other = VIDEO | {"author_id": "other"}
    later = {"created_at": START + timedelta(hours=2)}
    rows = [
        task_row("a-other", "c2", "directed", other, pinned_account="acc0009", account_id=None),
        task_row("b", "c1", "directed", VIDEO),
        task_row("c", "c1", "nurture", {}, account_id="acc0009", pinned_phone="SIM0009", **failed("x", "y"), **later),
        task_row("d", "c1", "nurture", {}, sandbox=True),
    ]
    add(sqlite_ledger, rows, [attempt_row(row["id"]) for row in rows])
    path = exported(sqlite_ledger, tmp_path, **asked)
    found = cells(path)
    sheets = [name for name in ("养号", "定向任务") if name in found]
    assert sorted(row[0] for name in sheets for row in found[name][1:]) == tasks
    assert sorted(row[0] for row in found.get("尝试", [])[1:]) == tasks


def test_it_holds_what_had_ended_at_the_cut(ledger: Engine, tmp_path: Path) -> None:
    add_campaign(ledger, "c1")
    export = start_export(ledger, ExportFilters(), "王工", background=False)
    late = {"ended_at": export.cut_at + timedelta(seconds=2)}
    young = {"created_at": export.cut_at + timedelta(seconds=2)}
    rows = [
        task_row("in-time", "c1", "directed", VIDEO),
        task_row("late", "c1", "directed", VIDEO, **late),
        task_row("young", "c1", "directed", VIDEO, **young, **late),
    ]
    add(ledger, rows, [attempt_row("in-time"), attempt_row("late"), attempt_row("late", number=2, **late)])
    path = make(ledger, claim_export(ledger, export.id), tmp_path, ZONE)
    assert [row["任务ID"] for row in records(path, "定向任务")] == ["in-time"]
    assert [(row["任务ID"], row["第几次"]) for row in records(path, "尝试")] == [("in-time", 1), ("late", 1)]
    (row,) = records(path, "完整性")
    assert [row[name] for name in ("应完成", "已完成", "缺少原因")] == [2, 1, "未结束 × 1"]


def test_it_holds_what_ended_a_moment_before_it_was_asked_for(ledger: Engine, tmp_path: Path) -> None:
    add_campaign(ledger, "c1")
    now = {"ended_at": read(ledger, database_now)}
    add(ledger, [task_row("just-ended", "c1", "directed", VIDEO, **now)], [attempt_row("just-ended", **now)])
    found = exported(ledger, tmp_path)
    assert [row["任务ID"] for row in records(found, "定向任务")] == ["just-ended"]
    assert [row["任务ID"] for row in records(found, "尝试")] == ["just-ended"]


def test_a_customer_gets_its_own_tasks_and_no_folder_of_the_operator(ledger: Engine, tmp_path: Path) -> None:
    standard(ledger)
    for key, customer in (("key_a", "acme"), ("key_b", "other")):
        add_key(ledger, key, customer)
        add_campaign(ledger, key, name=customer, key_id=key)
        evidence = {"url": URL, "stored": True}
        add(
            ledger,
            [task_row(f"of-{key}", key, "directed", VIDEO, key_id=key, **failed("video_not_found", "x"))],
            [attempt_row(f"of-{key}", outcome="failed", failure_code="video_not_found", evidence=evidence)],
        )
    for asked in ({}, {"campaign": "key_a"}, {"campaign": "key_b"}, {"campaign": "c1"}):
        found = cells(exported(ledger, tmp_path, keys=["key_a"], **asked))
        mine = asked in ({}, {"campaign": "key_a"})
        told = {str(value) for name, rows in found.items() if name != "汇总" for row in rows[1:] for value in row}
        assert ("of-key_a" in told) is mine
        assert not told & {"of-key_b", "other", "t-directed"}
        assert all(text.startswith("/v1/tasks/of-key_a/attempts/1/") for text in told if "evidence" in text)
        assert "file:" not in "".join(told)


def test_the_ledger_tells_the_file(ledger: Engine, tmp_path: Path) -> None:
    standard(ledger)
    path = exported(ledger, tmp_path)
    (export,) = read(ledger, lambda session: session.query(Export).all())
    assert (export.state, export.file, export.bytes) == ("done", path.name, path.stat().st_size)
    assert export.tasks_done == export.tasks_total == 9
    assert export.rows == sum(len(rows) - 1 for name, rows in cells(path).items() if name != "汇总")
    assert [one.name for one in path.parent.iterdir()] == [path.name]  # its pieces are gone


@pytest.mark.parametrize(
    ("asked", "told"), [({}, "全部"), ({"sandbox": True}, "模拟手机"), ({"state": "failed"}, "结果: 失败")]
)
def test_the_front_sheet_tells_the_filters(
    sqlite_ledger: Engine, tmp_path: Path, asked: dict[str, Any], told: str
) -> None:
    front = cells(exported(sqlite_ledger, tmp_path, **asked))["汇总"]
    assert [row[1] for row in front if row[0] == "筛选条件"] == [told]


def test_filters_that_cannot_be_are_refused_by_name() -> None:
    with pytest.raises(Refused) as refused:
        checked_filters({"acount": "a", "since": "yesterday"})
    assert {problem.field for problem in refused.value.problems} == {"acount", "since"}


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Refused, match="before since") as refused:
        checked_filters({"since": "2030-02-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"})
    assert [one.field for one in refused.value.problems] == ["until"]
