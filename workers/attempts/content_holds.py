"""Content holds: after one failure on several phones, that flow's other tasks on that content wait for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.database.clock import database_now
from models.database.insert_if_absent import insert_if_absent
from models.history.audit_log import record_change
from models.notify.alerts import raise_alert
from models.tables import Attempt, FlowTrialRun, Hold, Task
from models.tasks.states import State
from models.tasks.transitions import hold_tasks, release_tasks
from models.transactions.read_write import write
from models.values.enums import AttemptOutcome, HoldScope
from models.values.refused import refuse
from workers.attempts.reach import Reach, customer_of, own_reach
from workers.policy.blame import (
    LOOK_BACK,
    MIN_PHONES,
    Blamed,
    blamed_by,
    parameters_explain,
    parameters_may_explain,
    usual_loops,
    written_params,
)
from workers.policy.content import Content

MOST_LOOKED_AT = 200  # failures, the latest of them
# An attempt under a flow's version on trial: its failure says nothing of the content.
_ON_TRIAL = exists().where(
    FlowTrialRun.flow == Task.flow, FlowTrialRun.task_id == Attempt.task_id, FlowTrialRun.attempt == Attempt.number
)
COLUMNS: dict[str, Any] = {
    HoldScope.AUTHOR: Task.author_id,
    HoldScope.VIDEO: Task.video_key,
    HoldScope.COMMENT: Task.comment_key,
}


def blame_content(session: Session, task: Task, code: str, now: datetime) -> Hold | None:
    """Lays a hold on what a written failure blames, if enough phones failed alike. Returns the hold.

    It reaches all tasks on phones of the same sort. Where the tasks' own loops or counts explain failures, it reaches
    no more than the tasks of those who asked for them.
    """
    blamed = blamed_by(code, Content(task.author_id, task.video_key, task.comment_key))
    if blamed is None or _hold_on(session, task, [blamed]) is not None:
        return None
    everyone = Reach(task.sandbox)
    for reach in (everyone, own_reach(session, task)) if parameters_may_explain(code) else (everyone,):
        phones = _failed_alike(session, task.flow, blamed, code, reach, now)
        if len(phones) >= MIN_PHONES:
            return _lay(session, task, blamed, code, reach, phones, now)
    return None


def _lay(
    session: Session, task: Task, blamed: Blamed, code: str, reach: Reach, phones: Set[str], now: datetime
) -> Hold | None:
    rule, what = CODES[code], _called(task, blamed)
    whole = f"flow {task.flow}" if blamed.scope == HoldScope.FLOW else f"{task.flow} on {what}"
    reason = f"{whole}: {code} on {len(phones)} phones ({', '.join(sorted(phones))})"
    laid = insert_if_absent(
        session,
        Hold,
        flow=task.flow,
        scope=blamed.scope,
        key=blamed.key,
        sandbox=reach.sandbox,
        own=reach.own,
        customer=reach.customer,
        what=what if blamed.scope != HoldScope.FLOW else "",
        failure_code=code,
        reason=reason,
        remedy=rule.remedy,
        phones=sorted(phones),
        since=now,
        in_force=True,
    )
    if not laid:
        return None  # a failure at the same moment laid the hold; a second one would need a second release
    hold = session.scalars(select(Hold).where(Hold.in_force == true(), *_same(task.flow, blamed, reach))).one()
    held = hold_tasks(session, _under(hold), f"held: {reason}. {rule.remedy}", hold_id=hold.id)
    remedy = f"{rule.remedy}; then: phonefleet holds release {hold.id}"
    raise_alert(
        session, "content_held", f"hold:{hold.id}", reason, remedy, now, {"tasks_held": held, "flow": task.flow}
    )
    return hold


def _on(flow: str, blamed: Blamed) -> tuple[ColumnElement[bool], ...]:
    """Selects the holds on this content for this flow, whatever they reach."""
    return Hold.flow == flow, Hold.scope == blamed.scope, Hold.key == blamed.key


def _same(flow: str, blamed: Blamed, reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return *_on(flow, blamed), *reach.of_holds()


def any_on_its_flow() -> ColumnElement[bool]:
    """Returns, as a column beside a task, whether any hold is on its flow; without one, `hold_on` finds none."""
    mine = (Hold.flow == Task.flow, Hold.sandbox == Task.sandbox, Hold.released_at.is_(None))
    return select(Hold.id).where(*mine).correlate(Task).exists()


def hold_on(session: Session, task: Task) -> Hold | None:
    """Returns the hold that a task comes under now; None as a rule."""
    found = [Blamed(HoldScope.FLOW, "")]
    for scope, column in COLUMNS.items():
        key = getattr(task, column.key)
        found += [Blamed(scope, key)] if key is not None else []  # type: ignore[arg-type]
    return _hold_on(session, task, found)


def hold_flow(engine: Engine, flow: str, code: str, *, who: str, why: str) -> int:
    """Lays a hold on a whole flow by a person's word, on all real phones. Returns the tasks held. Raises Refused."""

    def work(session: Session) -> int:
        reach, reason = Reach(sandbox=False), f"flow {flow} is held by {who}: {why}"
        laid = insert_if_absent(
            session,
            Hold,
            flow=flow,
            scope=HoldScope.FLOW,
            key="",
            sandbox=reach.sandbox,
            own=reach.own,
            customer=reach.customer,
            what="",
            failure_code=code,
            reason=reason,
            remedy=CODES[code].remedy,
            phones=[],
            since=database_now(session),
            in_force=True,
        )
        if not laid:
            raise refuse("flow", f"{flow!r} is held already", "see: phonefleet holds")
        found = _same(flow, Blamed(HoldScope.FLOW, ""), reach)
        hold = session.scalars(select(Hold).where(Hold.in_force == true(), *found)).one()
        record_change(session, who, f"hold:{hold.id}", None, {"held": flow, "code": code})
        return hold_tasks(session, _under(hold), f"held: {reason}", hold_id=hold.id)

    return write(engine, work)


def release_hold(engine: Engine, hold_id: int, *, who: str, ring_now: bool = True) -> int:
    """Releases a hold whose cause a person mended. Returns the number of tasks that are ready now. Raises Refused."""

    def work(session: Session) -> Sequence[str]:
        hold = session.get(Hold, hold_id, with_for_update=True)
        if hold is None or hold.released_at is not None:
            state = "is unknown" if hold is None else "was released already"
            raise refuse("hold", f"{hold_id} {state}", "see: phonefleet holds")
        hold.released_at, hold.released_by, hold.in_force = database_now(session), who, None
        record_change(session, who, f"hold:{hold_id}", {"reason": hold.reason}, {"released": True})
        under = and_(Task.state == State.HELD, Task.hold_id == hold_id)
        return release_tasks(session, under, hold_id=hold_id)

    ready = write(engine, work)
    if ring_now:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring  # noqa: PLC0415 - Celery, which a command does without

        ring(engine, ready)
    return len(ready)


def holds_in_force(session: Session) -> Sequence[tuple[Hold, int]]:
    """Returns the holds that nobody released, oldest first, with the number of tasks under each."""
    holds = session.scalars(select(Hold).where(Hold.released_at.is_(None)).order_by(Hold.id)).all()
    held = (Task.state == State.HELD, Task.hold_id.is_not(None))
    counted = select(Task.hold_id, func.count()).where(*held).group_by(Task.hold_id)
    under = dict(session.execute(counted).all()) if holds else {}
    return [(hold, under.get(hold.id, 0)) for hold in holds]


def _hold_on(session: Session, task: Task, on: Sequence[Blamed]) -> Hold | None:
    alternatives = or_(*((Hold.scope == one.scope) & (Hold.key == one.key) for one in on))
    mine = (Hold.flow == task.flow, Hold.sandbox == task.sandbox, Hold.released_at.is_(None))
    found = session.scalars(select(Hold).where(*mine, alternatives).order_by(Hold.own, Hold.id)).all()
    if not found or not found[0].own:
        return found[0] if found else None
    customer = customer_of(session, task)
    return next((hold for hold in found if hold.customer == customer), None)


def _called(task: Task, blamed: Blamed) -> str:
    """Returns the content in words, as far as the task itself names it."""
    names = {HoldScope.AUTHOR: ["author_id"], HoldScope.VIDEO: ["author_id", "title"]}.get(
        blamed.scope, ["author_id", "title", "target_comment"]
    )
    return " / ".join(str(task.kwargs[name]) for name in names if name in task.kwargs) or f"author {task.author_id}"


def _under(hold: Hold) -> ColumnElement[bool]:
    column = COLUMNS.get(hold.scope)
    mine = and_(Task.flow == hold.flow, *Reach(hold.sandbox, hold.own, hold.customer).of_tasks())
    return mine if column is None else mine & (column == hold.key)


def _failed_alike(session: Session, flow: str, blamed: Blamed, code: str, reach: Reach, now: datetime) -> set[str]:
    """Returns the phones with this failure since the content's last success, or since a person last released it.

    For a hold that reaches everyone, failures that their tasks' own loops and counts explain do not count.
    """
    mine: list[ColumnElement[bool]] = [Task.flow == flow, *reach.of_tasks()]
    if blamed.scope != HoldScope.FLOW:
        mine.append(COLUMNS[blamed.scope] == blamed.key)
    ended = select(Attempt.ended_at).join(Task, Task.id == Attempt.task_id).where(*mine)
    well = (
        Attempt.failure_code.is_(None),
        Attempt.ended_at > now - LOOK_BACK,
        Attempt.outcome == AttemptOutcome.SUCCEEDED,
    )
    went_well = session.scalar(ended.where(*well).order_by(Attempt.ended_at.desc()).limit(1))
    same = (*_on(flow, blamed), reach.of_holds_over_it())
    released = session.scalar(select(func.max(Hold.released_at)).where(*same))
    since = max(one for one in (now - LOOK_BACK, went_well, released) if one is not None)
    rows = session.execute(
        select(Attempt.phone_serial, Task.args, Task.kwargs, Attempt.details)
        .join(Task, Task.id == Attempt.task_id)
        .where(
            *mine,
            Attempt.failure_code == code,
            Attempt.outcome == AttemptOutcome.FAILED,
            Attempt.ended_at > since,
            Attempt.phone_serial.is_not(None),
            ~_ON_TRIAL,
        )
        .order_by(Attempt.ended_at.desc())
        .limit(MOST_LOOKED_AT)
    )
    counts = partial(_counts, flow, code, reach)
    return {
        serial
        for serial, args, kwargs, details in rows
        if serial is not None and counts(written_params(args, kwargs), details)
    }


def _counts(flow: str, code: str, reach: Reach, params: Mapping[str, Any], details: Mapping[str, Any] | None) -> bool:
    return reach.own or not parameters_explain(code, params, usual_loops(flow), details or {})
