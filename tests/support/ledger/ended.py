"""A ledger with ended tasks of every flow, with attempts and evidence, for exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from models.tables import ApiKey, Attempt, Campaign, Task
from models.transactions.read_write import write

START = datetime(2026, 5, 1, 4, 30, tzinfo=UTC)  # 12:30 in Shanghai
ENDED_AT = START + timedelta(minutes=3)
URL = "file:///var/evidence/{task}/1/"
VIDEO = {"author_id": "xiaopeng", "title": "发布会 <全程>"}
NURTURE = {
    "asked": {"comments": 5, "video_likes": 10, "replies": 5},
    "done": {"comments": 5, "video_likes": 10, "replies": 4},
    "videos_seen": 23,
    "comments_seen": 40,
    "skipped": 2,
}


def comment(number: int, text: str, **more: Any) -> dict[str, Any]:
    """A collected comment as a result has it."""
    known = {"commenter": f"甲{number}", "text": text, "likes": number, "replies": None, "time": "昨天 12:30"}
    return {**known, "at": "2026-04-30T04:30:00+00:00", "precision": "minute", "place": "", **more}


def comments(*texts: str) -> dict[str, Any]:
    """A result of collect_comments."""
    every = [comment(number, text) for number, text in enumerate(texts)]
    return {**VIDEO, "author": "小鹏汽车", "comments": every, "gaps": 0, "asked": 50, "got": len(every), "ended": True}


def title(text: str, collected: bool | None = False) -> dict[str, Any]:
    """A collected title as a result has it."""
    found = {"author_id": "xiaopeng", "author": "小鹏汽车", "title": text, "shown_count": 204, "real_count": None}
    return found if collected is None else {**found, "collected": collected}


def directed(**more: Any) -> dict[str, Any]:
    """A result of directed."""
    target = {"target_commenter": "小红", "target_comment": "好看", "text": "谢谢"}
    return {**VIDEO, "kind": "reply", **target, "done_at": "2026-05-01T04:32:00+00:00", "verified": True, **more}


REPLY = {**VIDEO, "kind": "reply", "target_commenter": "小红", "target_comment": "好看", "text": "谢谢"}


def add_campaign(engine: Engine, campaign_id: str, name: str = "标准日", **more: Any) -> None:
    """A campaign."""
    row = {
        "id": campaign_id, "name": name, "asked_by": "test", "join": "settled", "seed": 1, "paused": False,
        "sandbox": False, "created_at": START - timedelta(minutes=1), **more,
    }  # fmt: skip
    write(engine, lambda session: session.execute(insert(Campaign), [row]))


def add_key(engine: Engine, key_id: str, customer: str = "acme", **more: Any) -> None:
    """A customer's key."""
    row = {
        "id": key_id, "name": key_id, "customer": customer, "sandbox": False, "allowlist": [], "rate_per_second": 10.0,
        "most_waiting": 10, "plain_json_allowed": True, "wants_alerts": False, "wants_quarantines": False,
        "created_at": START, "created_by": "test", **more,
    }  # fmt: skip
    write(engine, lambda session: session.execute(insert(ApiKey), [row]))


def task_row(task_id: str, campaign_id: str, flow: str, params: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A task that succeeded, unless `more` says something else."""
    return {
        "id": task_id, "campaign_id": campaign_id, "position": 0, "flow": flow, "flow_version": "1.0", "args": [],
        "kwargs": dict(params), "seed": 1, "state": "succeeded", "missing": 0, "join": "all", "is_errback": False,
        "depth": 0, "runs_on": "phone", "acts": False, "verifying": False, "author_id": params.get("author_id"),
        "priority": 6, "not_before": START, "countdown": 0.0, "latest_end": START + timedelta(days=1),
        "soft_limit": 600, "hard_limit": 660, "attempt": 1, "stop_requested": False, "account_id": "acc0001",
        "phone_serial": "SIM0001", "step": None, "result": None, "failure_code": None, "reason": None, "sandbox": False,
        "pinned_account": None, "pinned_phone": None, "key_id": None, "started_at": START, "ended_at": ENDED_AT,
        "created_at": START, **more,
    }  # fmt: skip


def failed(code: str, reason: str, step: str = "video", **more: Any) -> dict[str, Any]:
    """The columns of a failed task."""
    return {"state": "failed", "failure_code": code, "reason": reason, "step": step, **more}


def attempt_row(task_id: str, **more: Any) -> dict[str, Any]:
    """A task's attempt, which succeeded unless `more` says something else."""
    return {
        "task_id": task_id, "number": 1, "incarnation": "w", "phone_serial": "SIM0001", "account_id": "acc0001",
        "started_at": START, "ended_at": ENDED_AT, "outcome": "succeeded", "failure_code": None, "failure_kind": None,
        "culprit": None, "step": None, "reason": None, "details": None, "evidence": None, **more,
    }  # fmt: skip


def action_row(number: int, task_id: str, **more: Any) -> dict[str, Any]:
    """A task's reply, which was done unless `more` says something else."""
    return {
        "id": number, "task_id": task_id, "attempt": 1, "incarnation": "w", "phone_serial": "SIM0001",
        "account_id": "acc0001", "sandbox": False, "kind": "reply", "author_id": "xiaopeng", "title": "发布会 😀",
        "target_commenter": "小红", "target_comment": "好看", "text": "谢谢", "video_key": "v", "comment_key": "c",
        "basis": "owned", "asked_by": "test", "day": START.date(), "declared_at": START, "outcome": "done",
        "ended_at": ENDED_AT, "verified": True, "reason": None, **more,
    }  # fmt: skip


def delivery_row(**more: Any) -> dict[str, Any]:
    """A callback that is still owed."""
    return {
        "id": "d1", "key_id": "k", "lane": "l", "endpoint_id": "e", "url": "https://a.example",
        "event_type": "task.ended", "subject": "task:t", "task_id": None, "campaign_id": None, "payload": {},
        "created_at": START, "state": "owed", "attempts": 0, "next_at": START, "give_up_at": START, **more,
    }  # fmt: skip


def add(engine: Engine, tasks: list[dict[str, Any]], attempts: list[dict[str, Any]]) -> None:
    """Rows as they are."""

    def work(session: Session) -> None:
        if tasks:
            session.execute(insert(Task), tasks)
        if attempts:
            session.execute(insert(Attempt), attempts)

    write(engine, work)


def standard(engine: Engine) -> None:
    """A campaign with tasks of every flow, some failed, one that has not ended, and one at the desk."""
    add_campaign(engine, "c1")
    loops = {"video_loop": 60, "comment_loop": 99, "texts": ["好", "赞"]}
    nurture = {"comments": 5, "video_likes": 10, "replies": 5, **loops}
    two = {"author_id": "xiaopeng", "count": 2}
    short = {"asked": 2, "got": 1, "titles": [title("孤单", None)]}
    tasks = [
        task_row("t-nurture", "c1", "nurture", nurture, result=NURTURE, pinned_account="acc0001"),
        task_row("t-nurture-2", "c1", "nurture", nurture, pinned_account="acc0002", account_id=None, phone_serial=None,
                 state="ready", started_at=None, ended_at=None),
        task_row("t-titles", "c1", "collect_titles", two,
                 result={"titles": [title("发布会 <全程>"), title("=1+1", collected=True)], "asked": 2, "got": 2}),
        task_row("t-titles-2", "c1", "collect_titles", two, **failed("titles_shortfall", "1 of 2 titles", "titles")),
        task_row("t-comments", "c1", "collect_comments", VIDEO, result=comments("很好", "@SUM(A1)", "😀\u202e")),
        task_row("t-comments-2", "c1", "collect_comments", VIDEO, **failed("video_not_found", "'x' is not there")),
        task_row("t-directed", "c1", "directed", REPLY, result=directed()),
        task_row("t-own", "c1", "flow_of_old", {"a": 1}, result={"b": [1, "二"]}),
        task_row("t-desk", "c1", "draw", {}, runs_on="desk", result=[1]),
    ]  # fmt: skip
    evidence = {"url": URL.format(task="t-comments-2"), "stored": True}
    attempts = [
        *(attempt_row(task["id"]) for task in tasks if task["state"] == "succeeded"),
        attempt_row("t-titles-2", outcome="failed", failure_code="titles_shortfall", culprit="content",
                    step="titles", reason="1 of 2 titles", details=short),
        attempt_row("t-comments-2", number=1, outcome="lost"),
        attempt_row("t-comments-2", number=2, outcome="failed", failure_code="video_not_found", culprit="content",
                    step="video", reason="'x' is not there", evidence=evidence),
    ]  # fmt: skip
    add(engine, tasks, attempts)
