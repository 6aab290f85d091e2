"""Plants a compiled canvas: writes its task rows and edges, all or nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from flows.registry import FLOWS
from models.database.clock import database_now
from models.tables import Campaign, Edge, Task
from models.tasks.pauses import why_paused
from models.tasks.states import State
from models.tasks.transitions import TaskEnd, delegate, first_state, hold_tasks
from models.transactions.insert_rows import insert_rows
from models.transactions.state_change_capture import campaign_change, note
from models.values.enums import CampaignState, RunsOn
from models.values.refused import MOST_PROBLEMS, Refused, refuse
from workers.canvas.compile import compile_canvas
from workers.canvas.errors import CanvasRefused
from workers.canvas.replace import compile_replacement
from workers.canvas.rows import Join, Planted, PlantedRow, evaluate, to_json
from workers.desk import DESK_LIMITS
from workers.lifecycle.dependents import close_campaign, end_task
from workers.planting.even_share import plan_even_share
from workers.planting.pins import pin_of
from workers.planting.quota import check_campaign_size, check_key_quota, key_of
from workers.planting.validate import LedgerFacts, check_rows, given_params
from workers.policy.content import content_of
from workers.policy.timing import begins, expires, limits_of, time_problems

MOST_KEPT = 100  # tasks that the session keeps as objects after it planted them
LATEST_END = timedelta(hours=24)  # after planting, unless the canvas says `expires`; nothing outlives it


def new_id() -> str:
    """Returns a new task id, in Celery's own form."""
    return str(uuid4())


def compile_for_planting(canvas: Mapping[str, Any], join: str) -> Planted:
    """Compiles a canvas. Raises Refused, naming the place in it."""
    try:
        return compile_canvas(canvas, join="settled" if join == "settled" else "all", new_id=new_id)
    except CanvasRefused as refused:
        raise refuse(refused.field, refused.reason, refused.remedy) from refused


@dataclass(frozen=True, slots=True)
class CheckedCampaign:
    """A checked campaign. Callbacks of its tasks go to the address `tells`, else to the campaign's own."""

    campaign: Campaign
    planted: Planted
    latest_end: datetime
    tells: str | None = None


def plant_campaign(session: Session, campaign: Campaign, planted: Planted, latest_end: timedelta) -> list[str]:
    """Writes a campaign's rows. Returns the ids that are ready at once. Raises Refused before the first row."""
    now = database_now(session)
    check_planting(planted.rows, now + latest_end, now, facts=_facts(session, campaign))
    check_key_quota(session, campaign, planted.rows)
    return plant_checked(session, [CheckedCampaign(campaign, planted, now + latest_end)], now)


def plant_checked(session: Session, campaigns: Sequence[CheckedCampaign], now: datetime) -> list[str]:
    """Writes the rows of checked campaigns, with as many statements as for one. Returns the ids that are ready."""
    for one in campaigns:
        one.campaign.root, one.campaign.created_at = to_json(one.planted.root), now
    insert_rows(session, [one.campaign for one in campaigns])
    values: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for one in campaigns:
        its_edges = list(_edges(one.planted.rows))
        its_values = _values(one.campaign, one.planted.rows, its_edges, one.latest_end, now, tells=one.tells)
        plan_even_share(session, one.campaign, its_values)
        values += its_values
        edges += its_edges
        if not its_values:
            close_campaign(session, one.campaign.id, now)  # a canvas may hold no task at all
    opened = [{**campaign_change(one.campaign, CampaignState.OPEN), "at": now} for one in campaigns]
    return _write_rows(session, values, edges, now, opened)


def plant_in_place(session: Session, task: Task, signature: Mapping[str, Any]) -> list[str]:
    """Plants the canvas that a running task returned in its place; the task keeps its id and gets the result.

    Raises Refused, TooManyWaiting among them: then nothing is planted, and the task fails with the reason.
    """
    # Locked: two tasks that grow at once would give their rows the same positions.
    campaign = session.get_one(Campaign, task.campaign_id, with_for_update=True)
    join: Join = "settled" if campaign.join == "settled" else "all"
    try:
        planted = compile_replacement(signature, depth=task.depth, new_id=new_id, join=join)
    except CanvasRefused as refused:
        raise refuse(refused.field, refused.reason, refused.remedy) from refused
    now = database_now(session)
    start = session.scalar(select(func.count()).where(Task.campaign_id == campaign.id)) or 0
    check_planting(planted.rows, task.latest_end, now, facts=_facts(session, campaign), before=start)
    check_key_quota(session, campaign, planted.rows)
    waits_for = sorted(set(planted.ends))
    delegate(task, to_json(planted.root), planted.join, len(waits_for))
    session.flush()
    edges = list(_edges(planted.rows))
    values = _values(campaign, planted.rows, edges, task.latest_end, now, in_place_of=task, start=start)
    plan_even_share(session, campaign, values)
    ready = _write_rows(session, values, edges, now)
    if campaign.paused or task.paused:
        hold_tasks(session, Task.in_place_of == task.id, why_paused(session, task))
        ready = []
    if waits_for:
        session.execute(insert(Edge), [{"task_id": task.id, "after_id": one, "on_failure": False} for one in waits_for])
        return ready
    return ready + end_task(session, task, TaskEnd(State.SUCCEEDED, result=evaluate(planted.root, {})), now)


def check_planting(
    rows: Sequence[PlantedRow],
    latest_end: datetime,
    now: datetime,
    *,
    facts: LedgerFacts,
    before: int = 0,
) -> None:
    """Raises Refused with what is wrong with the rows, or else with their times. Writes nothing.

    `before`: tasks that the campaign has already. Raises TooManyWaiting when these would be too many for it.
    """
    check_campaign_size(before, len(rows))
    check_rows(facts, rows)
    problems = list(islice(time_problems(rows, latest_end, now), MOST_PROBLEMS))
    if problems:
        raise Refused(problems)


def _facts(session: Session, campaign: Campaign) -> LedgerFacts:
    key = key_of(session, campaign)
    highest = 0 if key is None else key.highest_priority
    return LedgerFacts(session, sandbox=bool(campaign.sandbox), highest_priority=highest)


def _values(
    campaign: Campaign,
    rows: Sequence[PlantedRow],
    edges: Sequence[Mapping[str, Any]],
    latest_end: datetime,
    now: datetime,
    *,
    in_place_of: Task | None = None,
    start: int = 0,
    tells: str | None = None,
) -> list[dict[str, Any]]:
    """Returns the columns of each row; the first row is the campaign's `start`-th."""
    missing = Counter(edge["task_id"] for edge in edges)
    watching = {edge["task_id"] for edge in edges if edge["on_failure"]}
    seed = campaign.seed if in_place_of is None else in_place_of.seed
    return [
        {
            **_row_values(row, missing[row.id], latest_end, now),
            "campaign_id": campaign.id,
            "position": start + index,
            "seed": seed_of(seed, index),
            "is_errback": row.id in watching,
            "in_place_of": None if in_place_of is None else in_place_of.id,
            "depth": 0 if in_place_of is None else in_place_of.depth + 1,
            **_customer_columns(
                campaign, row, tells or campaign.callback_url, alone=in_place_of is None and len(rows) == 1
            ),
        }
        for index, row in enumerate(rows)
    ]


def _write_rows(
    session: Session,
    values: Sequence[dict[str, Any]],
    edges: Sequence[dict[str, Any]],
    now: datetime,
    changes: Sequence[dict[str, Any]] = (),
) -> list[str]:
    """Writes tasks, edges, these state changes and those of the tasks. Returns the ids that are ready at once."""
    if len(values) > MOST_KEPT:
        session.execute(insert(Task), values)
    else:
        insert_rows(session, [Task(**one) for one in values])
    note(session, [*changes, *(_planted(one) for one in values)])
    if edges:
        session.execute(insert(Edge), edges)
    return [value["id"] for value in values if value["state"] == State.READY and value["not_before"] <= now]


def _customer_columns(campaign: Campaign, row: PlantedRow, tells: str | None, *, alone: bool) -> dict[str, Any]:
    """Returns the customer's columns of a task. Desk tasks are internal steps: their ends cause no callback.

    The customer's own id is the campaign's; the only task of a campaign carries it as well.
    """
    return {
        "key_id": campaign.key_id,
        "reference": campaign.reference if alone else None,
        "callback_url": tells if row.task in FLOWS else None,
        "sandbox": bool(campaign.sandbox),
    }


def _planted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a new task's first state as a change."""
    return {
        "key_id": values["key_id"],
        "kind": "task",
        "subject_id": values["id"],
        "campaign_id": values["campaign_id"],
        "reference": values["reference"],
        "state": str(values["state"]),
        "failure_code": None,
        "at": values["created_at"],
    }


def _edges(rows: Sequence[PlantedRow]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for before in dict.fromkeys(row.after):
            yield {"task_id": row.id, "after_id": before, "on_failure": False}
        for errback in dict.fromkeys(row.errbacks):
            yield {"task_id": errback, "after_id": row.id, "on_failure": True}


def _row_values(row: PlantedRow, missing: int, latest_end: datetime, now: datetime) -> dict[str, Any]:
    flow = FLOWS.get(row.task)
    soft, hard = limits_of(row.options, flow.limits if flow is not None else DESK_LIMITS)
    pin = pin_of(row)
    return {
        "id": row.id,
        "flow": row.task,
        "flow_version": flow.version if flow is not None else "1",
        "args": [to_json(arg) for arg in row.args],
        "kwargs": dict(row.kwargs),
        "state": first_state(missing),
        "missing": missing,
        "join": row.join,
        "runs_on": RunsOn.PHONE if flow is not None else RunsOn.DESK,
        "acts": bool(flow is not None and flow.acts),
        "pinned_account": pin.account,
        "pinned_phone": pin.phone,
        "verifying": False,
        **content_of(given_params(row)).columns(),
        "meant_for": None,
        "priority": row.options.get("priority", flow.priority if flow is not None else 0),
        "not_before": max(now, begins(row.options, now, counting=not missing)),
        "countdown": float(row.options.get("countdown") or 0),
        "latest_end": min(latest_end, expires(row.options, now) or latest_end),
        "soft_limit": soft,
        "hard_limit": hard,
        "attempt": 0,
        "stop_requested": False,
        "created_at": now,
    }


def seed_of(campaign_seed: int, position: int) -> int:
    """Returns a task's own seed: 31 bits from the campaign's seed and the task's position in it."""
    digest = hashlib.sha256(f"{campaign_seed}:{position}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
