"""Tasks: plants, shows, stops, pauses, resumes and re-prioritises them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from threading import BoundedSemaphore
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from gateway.access.caller import Caller, caller_in
from gateway.access.large_answers import IsLarge
from gateway.access.ownership import own_task, own_task_told
from gateway.access.parsed_body import ParsedRoute
from gateway.access.sending import LARGE_BYTES
from gateway.api import responses
from gateway.api.dependencies import ById, CallerDep, Gateway, GatewayDep, InItsTurn, gateway_of, is_big
from gateway.api.filters import TasksAsked
from gateway.api.forecasts import forecast_view
from gateway.api.pages import tasks_page
from gateway.api.views import attempt_view, task_line, task_view
from gateway.problem import answers
from gateway.submissions.dry_run import forecast
from gateway.submissions.requests import NewPriority, Reason, TaskAsked, plain
from gateway.submissions.submission import Submission, checked_callback, compile_task, digest_of, drawn_seed
from models.database.engine import forget_pages
from models.tables import Attempt, Campaign, Task
from models.transactions.insert_rows import row_of
from models.values.refused import Refused
from workers.canvas.rows import Ref, from_json

router = APIRouter(prefix="/v1/tasks", tags=["tasks"], route_class=ParsedRoute)

MOST_NAME = 191
_MEASURED = BoundedSemaphore(1)  # SQLite reads a whole text to tell its length


@router.post(
    "",
    status_code=201,
    response_model=responses.Task | responses.Forecast,
    responses={
        200: {
            "model": responses.Task | responses.Forecast,
            "description": "The task was planted before; or the forecast of a dry run.",
        },
        **answers("reference_taken", "too_many_waiting"),
    },
)
async def submit_task(body: TaskAsked, request: Request) -> Response:
    """Plants one flow. Safe to send again with the same reference, which names one task."""
    # by hand, and not as dependencies: each of them costs as much as the signature of the answer
    who, on, big = caller_in(request), gateway_of(request), is_big(request)
    reading = partial(_task_submission, body, who.key.allowlist)
    try:
        submission = await run_sync(reading) if big else reading()
    except Refused as refused:
        task, new = await run_sync(on.planted_before, who, body, _show, refused), False
    else:
        if body.dry_run:
            return _answer(await run_sync(_forecast, on, who, submission), 200)
        task, new = await on.planter.plant_in_batch(who, submission, _show)
    assert isinstance(task, responses.Task)
    return _answer(task, 201 if new else 200, location=f"/v1/tasks/{task.id}")


def _answer(shown: responses.Task | responses.Forecast, status: int, **headers: str) -> Response:
    """Returns the answer that FastAPI would make, without a second check of what was checked when it was made."""
    return Response(shown.model_dump_json(), status, headers, "application/json")


def _task_submission(body: TaskAsked, allowlist: tuple[str, ...]) -> Submission:
    asked = plain(body)
    return Submission(
        kind="task",
        reference=body.reference,
        name=f"{body.flow} {body.reference}"[:MOST_NAME],
        planted=compile_task(body.flow, body.params, body.options()),
        join="all",
        seed=drawn_seed(),
        asked_for=asked,
        digest=digest_of("task", asked),
        callback_url=checked_callback(body.callback_url, allowlist),
        latest_end=body.latest_end,
    )


def _forecast(on: Gateway, who: Caller, submission: Submission) -> responses.Forecast:
    return forecast_view(on.look(who, lambda session: forecast(session, who, submission)))


def _show(session: Session, campaigns: Sequence[Campaign]) -> list[responses.Task]:
    # those that were planted just now are at hand: asked by id, the session reads only the others
    roots = [from_json(one.root or {}) for one in campaigns]
    return [task_view(row_of(session, Task, root.row)) for root in roots if isinstance(root, Ref)]


@router.get("", responses=answers())
def list_tasks(
    asked: Annotated[TasksAsked, Query()], who: CallerDep, on: GatewayDep
) -> responses.Page[responses.TaskLine]:
    """Lists your tasks that match every parameter, newest first."""

    def work(session: Session) -> responses.Page[responses.TaskLine]:
        rows, following = tasks_page(session, who, asked.filter(), asked.cursor, asked.limit)
        return responses.Page(items=[task_line(one) for one in rows], next=following)

    return on.look(who, work)


@router.get("/{task_id}", responses=answers())
def get_task(task_id: ById, who: CallerDep, on: GatewayDep, turn: InItsTurn) -> responses.Task:
    """Returns a task with its state and its result."""

    def work(session: Session) -> responses.Task:
        task, has_result = own_task_told(session, who, task_id)
        if turn:
            return _large(session, task)
        if has_result:
            _check_length(session, task_id)
        else:
            set_committed_value(task, "result", None)  # spares a statement: it is what the row says
        return task_view(task)

    return on.look(who, work, again=turn)


def _check_length(session: Session, task_id: str) -> None:
    """Raises IsLarge when the task has a large result."""
    with _MEASURED if session.get_bind().dialect.name == "sqlite" else nullcontext():
        length = session.scalar(select(func.length(Task.result)).where(Task.id == task_id)) or 0
    if length > LARGE_BYTES:
        forget_pages(session)
        raise IsLarge(length)


def _large(session: Session, task: Task) -> responses.Task:
    try:
        return task_view(task)
    finally:
        forget_pages(session)


@router.get("/{task_id}/attempts", responses=answers())
def list_attempts(task_id: ById, who: CallerDep, on: GatewayDep) -> responses.Attempts:
    """Lists every attempt at a task, with its phone, its account and the reason for its failure."""

    def work(session: Session) -> responses.Attempts:
        task = own_task(session, who, task_id)
        found = session.scalars(select(Attempt).where(Attempt.task_id == task.id).order_by(Attempt.number))
        return responses.Attempts(items=[attempt_view(one) for one in found])

    return on.look(who, work)


@router.patch("/{task_id}", responses=answers("not_now"))
def prioritise_task(task_id: ById, body: NewPriority, who: CallerDep, on: GatewayDep) -> responses.Prioritised:
    """Changes the priority of a task and of the tasks planted in its place."""
    return responses.Prioritised(changed=on.control.reprioritise_task(who, task_id, body.priority))


@router.post("/{task_id}/stop", responses=answers("not_now"))
def stop_task(task_id: ById, who: CallerDep, on: GatewayDep, body: Reason | None = None) -> responses.Stopped:
    """Stops a task: at once if it has not begun; otherwise its worker leaves the phone first."""
    report = on.control.stop_task(who, task_id, body.why if body else "")
    return responses.Stopped(stopped=report.stopped, leaving=report.leaving, in_review=report.in_review)


@router.post("/{task_id}/pause", responses=answers("not_now"))
def pause_task(task_id: ById, who: CallerDep, on: GatewayDep, body: Reason | None = None) -> responses.Paused:
    """Pauses a task until it is resumed."""
    report = on.control.pause_task(who, task_id, body.why if body else "")
    return responses.Paused(held=report.held, leaving=report.leaving)


@router.post("/{task_id}/resume", responses=answers("not_now"))
def resume_task(task_id: ById, who: CallerDep, on: GatewayDep) -> responses.Resumed:
    """Resumes a paused task."""
    return responses.Resumed(ready=on.control.resume_task(who, task_id))
