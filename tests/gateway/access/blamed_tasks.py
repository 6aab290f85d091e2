"""Tasks of each flow, and their failures, for the tests of who is blamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery.canvas import Signature
from sqlalchemy import Engine

from tests.support.ledger.drive import (
    AUTHOR,
    app,
    change,
    past,
    take,
)
from workers.attempts.outcome import Failed
from workers.attempts.record import record
from workers.runtime.worker_identity import WorkerIdentity


@dataclass(frozen=True)
class Case:
    """One failure: the parameters of the tasks that have it, and what the flow tells of it."""

    canvas: Signature
    code: str
    details: Mapping[str, Any]


def liking(**params: Any) -> Signature:
    target = {"target_commenter": "小红", "target_comment": "好看"}
    kwargs = {"kind": "like_comment", "author_id": AUTHOR, "title": "标题", **target, **params}
    return app.signature("directed", kwargs=kwargs, immutable=True)


def collecting(**params: Any) -> Signature:
    kwargs = {"author_id": AUTHOR, "count": 1, **params}
    return app.signature("collect_titles", kwargs=kwargs, immutable=True)


def reading(**params: Any) -> Signature:
    kwargs = {"author_id": AUTHOR, "title": "标题", **params}
    return app.signature("collect_comments", kwargs=kwargs, immutable=True)


def against(flow: str, **params: Any) -> Signature:
    """A dislike or a report of one comment."""
    target = {"target_commenter": "小红", "target_comment": "好看"}
    reason = {"reason": "其他"} if flow == "report_comment" else {}
    kwargs = {"author_id": AUTHOR, "title": "标题", **target, **reason, **params}
    return app.signature(flow, kwargs=kwargs, immutable=True)


def watching(flow: str, **params: Any) -> Signature:
    """A look at a post, an account or a word."""
    what = {
        "monitor_post": {"author_id": AUTHOR, "title": "标题"}, "monitor_account": {"author_id": AUTHOR},
        "monitor_keyword": {"keyword": "刹车"},
    }[flow]  # fmt: skip
    return app.signature(flow, kwargs={**what, **params}, immutable=True)


def positional(canvas: Signature) -> Signature:
    return app.signature(canvas["task"], args=[dict(canvas["kwargs"])], immutable=True)


def nurturing(**params: Any) -> Signature:
    kwargs = {"video_loop": 80, "texts": ["一", "二", "三", "四", "五", "六"], **params}
    return app.signature("nurture", kwargs=kwargs, immutable=True)


def fail(ledger: Engine, one: str, identity: WorkerIdentity, case: Case) -> None:
    change(ledger, one, not_before=past(ledger), meant_for=None)
    record(ledger, take(ledger, one, identity), Failed(case.code, "so the test says", details=case.details))
