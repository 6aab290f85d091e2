"""Runs a campaign's tasks on one phone of the ledger, with results as an app would give them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from flows.specs.collect_comments import CollectCommentsResult, Comment
from flows.specs.collect_titles import CollectTitlesResult, Title
from tests.support.ledger.drive import do, online_worker, ready, take, task
from workers.attempts.claim import Claim
from workers.attempts.outcome import Outcome, Succeeded
from workers.attempts.record import record
from workers.campaigns import stages as _stages_are_on_the_desk  # noqa: F401
from workers.runtime.worker_identity import WorkerIdentity

Says = Callable[[Claim], Outcome]


def succeeds(got: Claim) -> Outcome:
    """What the app would give."""
    match got.flow:
        case "collect_titles":
            author = got.kwargs["author_id"]
            found = [
                Title(author_id=author, author="小鹏", title=one, shown_count=9, real_count=None) for one in "一二"
            ]
            return Succeeded(CollectTitlesResult(titles=tuple(found), asked=2, got=2).model_dump(mode="json"))
        case "collect_comments":
            counts = {"likes": 0, "replies": 0, "time": "", "at": None}
            told = tuple(
                Comment.model_validate({"commenter": f"粉丝{n}", "text": f"说{n}", **counts}) for n in range(5)
            )
            where = {"author_id": got.kwargs["author_id"], "author": "小鹏", "title": got.kwargs["title"]}
            result = CollectCommentsResult(**where, comments=told, asked=5, got=5)
            return Succeeded(result.model_dump(mode="json"))
        case "directed":
            return Succeeded({"kind": got.kwargs["kind"]})
        case _:
            return Succeeded({})


def run(engine: Engine, campaign_id: str, says: Says, account: str = "acc1") -> None:
    """Run every task of a campaign to its end: on the phone of the account that it is pinned to, or of `account`."""
    workers: dict[str, WorkerIdentity] = {}
    for _ in range(200):
        waiting = ready(engine, campaign_id)
        if not waiting:
            return
        first = task(engine, waiting[0])
        if first.runs_on != "phone":
            do(engine, first.id)
            continue
        doer = first.pinned_account or account
        if doer not in workers:
            workers[doer] = online_worker(engine, f"phone-of-{doer}", doer)
        got = take(engine, first.id, workers[doer])
        record(engine, got, says(got))
    raise AssertionError("the campaign does not end")
