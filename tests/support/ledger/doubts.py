"""An action in doubt: what a worker leaves that dies behind a point of no return, and the attempt that looks."""

from __future__ import annotations

from sqlalchemy import Engine

from flows.action import Action, ActionKind
from tests.support.ledger.drive import AUTHOR, ZONE, like, online_worker, owned_author, plant, ready, take
from workers.attempts.claim import Claim
from workers.attempts.rescue import incarnation_died
from workers.execution.ledger_journal import LedgerJournal

LIKE = Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看")


def in_doubt(engine: Engine) -> tuple[str, int]:
    """A task of the pool whose worker died behind its point of no return; the action's number."""
    owned_author(engine)
    got = take(engine, ready(engine, plant(engine, like()))[0], online_worker(engine, "p1"))
    number = LedgerJournal(engine, got, ZONE).declare(LIKE)
    incarnation_died(engine, got.fence.incarnation, "killed")
    return got.fence.task_id, number


def looking(engine: Engine, one: str) -> Claim:
    """The verifying attempt of the phone's next worker."""
    return take(engine, one, online_worker(engine, "p1"))
