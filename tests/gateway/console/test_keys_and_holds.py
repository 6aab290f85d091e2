"""The keys' limits, disabled keys, and the holds of an author, as the console changes them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.console.live.holds import author_of, holds_by_author
from models.database.clock import database_now
from models.tables import ApiKey, AuditEntry, Author, Hold, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.enums import HoldScope
from tests.support.console.monday import HOSTILE, tasks_in
from tests.support.console.served import Served

KEY = "key_7f3a"
LIMITS = {"rate_per_second": "10.0", "most_waiting": "10000", "highest_priority": "3", "weight": "1"}


def key(console: Served) -> ApiKey:
    return read(console.engine, lambda session: session.get_one(ApiKey, KEY))


def told(console: Served, subject: str) -> list[Any]:
    wanted = select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id)
    rows = read(console.engine, lambda session: session.scalars(wanted).all())
    return [(one.before, one.after, one.reason) for one in rows]


def test_an_admin_changes_the_limits_that_differ(console: Served) -> None:
    boss = console.as_role("admin")
    assert 'name="rate_per_second"' in boss.get("/keys").text
    changed = {**LIMITS, "rate_per_second": "2.5", "weight": "4"}
    assert boss.post("/acts/keys/limits", id=KEY, **changed, reason="合同 7").status_code == 303
    row = key(console)
    assert (row.rate_per_second, row.most_waiting, row.highest_priority, row.weight) == (2.5, 10_000, 3, 4)
    before, after = {"rate_per_second": 10.0, "weight": 1}, {"rate_per_second": 2.5, "weight": 4}
    assert told(console, f"key:{KEY}") == [(before, after, "合同 7")]
    answer = boss.post("/acts/keys/limits", id=KEY, **changed)
    assert answer.status_code == 422
    assert "没有改动" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_per_second": "nan"},
        {"rate_per_second": "inf"},
        {"rate_per_second": "1e999"},
        {"rate_per_second": "0"},
        {"rate_per_second": "<b>"},
        {"most_waiting": "0"},
        {"most_waiting": "1.5"},
        {"most_waiting": "9" * 20},
        {"highest_priority": "10"},
        {"highest_priority": "-1"},
        {"weight": "101"},
        {"weight": "", "rate_per_second": ""},
        {"id": "key_nobody"},
    ],
)
def test_a_limit_that_is_none_changes_nothing(shown: Served, wrong: dict[str, str]) -> None:
    boss, before = shown.as_role("admin"), key(shown).rate_per_second
    assert boss.post("/acts/keys/limits", **{"id": KEY, **LIMITS, **wrong}).status_code == 422
    assert key(shown).rate_per_second == before
    assert told(shown, f"key:{KEY}") == []


def test_an_admin_disables_and_enables_a_key(console: Served) -> None:
    boss, other = console.as_role("admin"), console.as_role("operator")
    for act in ("limits", "disable", "enable"):
        assert other.post(f"/acts/keys/{act}", id=KEY, **LIMITS, reason="x").status_code == 403
    assert boss.post("/acts/keys/enable", id=KEY).status_code == 422
    assert boss.post("/acts/keys/disable", id=KEY, reason="欠费").status_code == 303
    assert key(console).disabled_by is not None
    assert boss.post("/acts/keys/disable", id=KEY, reason="again").status_code == 422
    assert "已停用" in other.get("/keys").text
    assert "/acts/keys/enable" not in other.get("/keys").text
    assert boss.post("/acts/keys/enable", id=KEY, reason="付清").status_code == 303
    assert key(console).disabled_at is None
    assert [reason for _, _, reason in told(console, f"key:{KEY}")] == ["欠费", "付清"]
    assert boss.post("/acts/keys/revoke", id=KEY, reason="x").status_code == 303
    assert boss.post("/acts/keys/disable", id=KEY, reason="x").status_code == 422
    assert "/acts/keys/" not in boss.get("/keys").text


def test_the_author_of_a_hold_is_the_one_whose_content_it_holds() -> None:
    def hold(scope: HoldScope, key: str, what: str) -> Hold:
        return Hold(scope=scope, key=key, what=what)

    assert author_of(hold(HoldScope.FLOW, "", ""), "someone") == ""
    assert author_of(hold(HoldScope.AUTHOR, "a / b", "x"), None) == "a / b"
    assert author_of(hold(HoldScope.VIDEO, "digest", "a / 标题 / 二"), "a") == "a"
    assert author_of(hold(HoldScope.COMMENT, "digest", "a / 标题 / 评论"), None) == "a"


def laid(console: Served, scope: HoldScope, key: str, what: str, held: str | None = None) -> int:
    """A hold in force, and the task that it holds."""

    def work(session: Session) -> int:
        now, told = database_now(session), {"reason": f"x on 3 phones {HOSTILE}", "remedy": "look at the video"}
        phones = ["P0001", "P0002", "P0003"]
        one = Hold(flow="directed", scope=scope, key=key, what=what, failure_code="video_not_found", **told)
        one.phones, one.since, one.in_force = phones, now, True
        session.add(one)
        session.flush()
        if held is not None:
            values = {"state": State.HELD, "held_from": State.READY, "hold_id": one.id, "author_id": "xiaopeng"}
            session.execute(update(Task).where(Task.id == held).values(values))
        return one.id

    return write(console.engine, work)


def test_the_holds_of_an_author_are_shown_beside_it_and_lifted_with_a_reason(console: Served) -> None:
    (task, *_) = tasks_in(console.engine, State.READY)
    first = laid(console, HoldScope.VIDEO, "digest", f"xiaopeng / {HOSTILE}", task)
    second = laid(console, HoldScope.AUTHOR, "not registered", "not registered")
    third = laid(console, HoldScope.FLOW, "", "")
    found = read(console.engine, holds_by_author)
    assert {author: [(hold.id, count) for hold, count in held] for author, held in found.items()} == {
        "xiaopeng": [(first, 1)],
        "not registered": [(second, 0)],
        "": [(third, 0)],
    }
    viewer, person = console.as_role("viewer"), console.as_role("operator")
    page = viewer.get("/authors").text
    assert "<script>alert" not in page
    assert "整个流程的暂挂" in page
    assert "未登记作者的暂挂：not registered" in page
    row = next(line for line in page.split("<tr>") if '<td dir="auto">xiaopeng</td>' in line)
    assert "1 个任务在等" in row
    assert "/acts/authors/lift" not in page
    assert viewer.post("/acts/authors/lift", id=first, reason="x").status_code == 403
    for wrong in ({"reason": ""}, {"id": "x"}, {"id": "99999"}, {"id": "1" * 30}):
        assert person.post("/acts/authors/lift", **{"id": first, "reason": "改名了", **wrong}).status_code == 422
    assert person.post("/acts/authors/lift", id=first, reason="改名了").status_code == 303
    assert person.post("/acts/authors/lift", id=first, reason="again").status_code == 422
    assert read(console.engine, lambda session: session.get_one(Task, task)).state == State.READY
    assert [reason for _, _, reason in told(console, f"hold:{first}")] == ["改名了"]
    assert set(read(console.engine, holds_by_author)) == {"not registered", ""}
    assert read(console.engine, lambda session: session.get(Author, "not registered")) is None
