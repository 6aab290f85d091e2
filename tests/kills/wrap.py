"""Loaded into the processes of the fleet under test: the product's functions, held at the named moments.

The product knows nothing of it: each function is replaced, where its caller looks it up, by one that
calls it and waits before or after.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, cast

from celery.signals import task_postrun
from celery.worker.request import Request
from sqlalchemy.exc import OperationalError

import tests.kills.sample_tasks  # noqa: F401 - its desk tasks
from flows.session import PointOfNoReturn
from tests.kills.hold import FOLDER, HOLD_SECONDS, Board, Word
from tests.kills.moments import Moment
from tests.support.poll import wait_until
from workers.attempts import record, rescue
from workers.attempts.claim import Claim
from workers.coordinator import loop
from workers.dispatch import ring
from workers.dispatch.tickets import Ticket
from workers.execution import ledger_journal, onward, run
from workers.execution.worker import current_worker
from workers.lifecycle import dependents
from workers.runtime.slots import Stop

board = Board(Path(os.environ[FOLDER]))


def _incarnation() -> str:
    with suppress(RuntimeError):
        return current_worker().identity.incarnation
    return ""


def at(moment: Moment, key: str) -> None:
    """Hold here if that is asked for. Raises OperationalError when the database's answer is to be lost."""
    word = board.hold(moment, key, _incarnation)
    if word is Word.ANSWER_LOST:
        raise OperationalError("COMMIT", None, ConnectionError("the answer was lost"))
    if word is Word.DRAINED:
        slot = current_worker().identity.slot
        wait_until(lambda: slot.stop & Stop.DRAIN, HOLD_SECONDS, "to be asked for the task")


def _at_its_task(moment: Moment) -> None:
    at(moment, current_worker().identity.slot.task_id)


def _claim(original: Callable[..., Any], engine: Any, identity: Any, task_id: str, **more: Any) -> Any:
    at(Moment.RECEIVED, task_id)
    got = original(engine, identity, task_id, **more)
    if isinstance(got, Claim):
        at(Moment.CLAIMED, task_id)
    return got


def _declare(original: Callable[..., int], self: Any, action: Any) -> int:
    _at_its_task(Moment.ACTING)
    number = original(self, action)
    _at_its_task(Moment.DECLARED)
    return number


def _tap(original: Callable[..., None], self: Any, node: Any) -> None:
    original(self, node)
    _at_its_task(Moment.TAPPED)


def _persist(original: Callable[..., Any], what: str, work: Callable[[], Any], may_wait: Callable[[], bool]) -> Any:
    def concluding() -> Any:
        done = work()
        _at_its_task(Moment.CONCLUDED)
        return done

    return original(what, concluding, may_wait)


def _owe(original: Callable[..., None], session: Any, task: Any, now: Any) -> None:
    at(Moment.OWING, task.id)
    original(session, task, now)


def _write_record(original: Callable[..., Any], engine: Any, work: Callable[[Any], Any]) -> Any:
    def recording(session: Any) -> Any:
        ready = work(session)
        session.flush()
        _at_its_task(Moment.RECORDING)
        return ready

    return original(engine, recording)


def _record(original: Callable[..., Any], engine: Any, claim: Claim, *came: Any) -> Any:
    written = original(engine, claim, *came)
    at(Moment.RECORDED, claim.fence.task_id)
    return written


def _take_none(_original: Callable[..., Any], _self: Any) -> None:
    """Each ticket comes by Celery: a worker that is held with one has no other."""


def _acknowledge(original: Callable[..., None], self: Any) -> None:
    at(Moment.ACKNOWLEDGING, self.id)
    original(self)


def _publish(original: Callable[..., int], app: Any, tickets: Sequence[Ticket], **how: Any) -> int:
    for ticket in tickets:
        at(Moment.RINGING, ticket.task_id)
    return original(app, tickets, **how)


def _lose(original: Callable[..., list[str]], session: Any, task: Any, why: str) -> list[str]:
    ready = original(session, task, why)
    session.flush()
    at(Moment.RESCUING, task.id)
    return ready


def _rescue_expired(original: Callable[..., list[str]], engine: Any) -> list[str]:
    ready = original(engine)
    for task_id in ready:
        at(Moment.RESCUED, task_id)
    return ready


def _restore(original: Callable[..., int], *args: Any, **more: Any) -> int:
    return 0 if board.keeps_tickets() else original(*args, **more)


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Put `around`, which gets what it stands for as its first argument, in the place of `owner.name`."""
    original = getattr(owner, name)

    @wraps(original)
    def held(*args: Any, **more: Any) -> Any:
        return around(original, *args, **more)

    setattr(owner, name, held)


for _owner, _name, _around in (
    (run, "claim", _claim),
    (run, "recorded", _record),
    (onward.Onward, "take", _take_none),
    (ledger_journal.LedgerJournal, "declare", _declare),
    (ledger_journal, "retry_while_unavailable", _persist),
    (PointOfNoReturn, "tap", _tap),
    (dependents, "owe_task", _owe),
    (record, "write", _write_record),
    (Request, "acknowledge", _acknowledge),
    (ring, "publish", _publish),
    (rescue, "lose", _lose),
    (loop, "rescue_expired", _rescue_expired),
    (loop, "restore", _restore),
):
    wrap(_owner, _name, cast("Callable[..., Any]", _around))


@task_postrun.connect
def _left(task_id: str, **_: Any) -> None:
    board.leave(task_id)
