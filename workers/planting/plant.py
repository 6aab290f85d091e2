"""Plants a compiled canvas: writes its task rows and edges, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models import tables
from models.database.base import Base, new_id
from models.database.clock import database_now
from models.responsible_use.authors import bases_and_now
from models.tables import Campaign, Edge, Task
from models.tasks.pauses import why_paused
from models.tasks.states import State
from models.tasks.transitions import TaskEnd, delegate, hold_tasks
from models.transactions.insert_many import insert_many
from models.transactions.insert_rows import completed, keep, lay_aside, new_row
from models.transactions.insert_together import Rows, insert_at_the_end, insert_together
from models.transactions.state_change_capture import campaign_change, note, noted
from models.values.enums import CampaignControl, CampaignState
from models.values.refused import MOST_PROBLEMS, Refused, refuse
from workers.canvas.compile import compile_canvas
from workers.canvas.errors import CanvasRefused
from workers.canvas.replace import compile_replacement
from workers.canvas.rows import Join, Planted, PlantedRow, evaluate, to_json
from workers.lifecycle.stored_bytes import json_size
from workers.planting.even_share import plan_even_share
from workers.planting.quota import admit_bytes, check_bytes, check_campaign_size, check_key_quota, key_of
from workers.planting.row_versions import choose_versions
from workers.planting.task_columns import columns_of_rows
from workers.planting.validate import LedgerFacts, authors_of, check_rows
from workers.policy.timing import time_problems

Insert = tuple[type[Base], Rows]
MOST_KEPT = 100  # tasks that the session keeps as objects after it planted them
LATEST_END = timedelta(hours=24)  # after planting, unless the canvas says `expires`; nothing outlives it


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
    named = authors_of(planted.rows)
    now, bases = bases_and_now(session, named)
    facts = _facts(session, campaign, now)
    facts.know_bases(named, bases)
    check_planting(planted.rows, now + latest_end, now, facts=facts)
    check_key_quota(session, campaign, planted.rows)
    admit_bytes(session, campaign, planted.bytes, now)
    return plant_checked(session, [CheckedCampaign(campaign, planted, now + latest_end)], now)


def plant_checked(
    session: Session,
    campaigns: Sequence[CheckedCampaign],
    now: datetime,
    *,
    beside: Sequence[Insert] = (),
    ends: bool = False,
) -> list[str]:
    """Writes the rows of checked campaigns, with as many statements as for one. Returns the ids that are ready.

    Rows `beside` them go before. `ends`: the transaction asks nothing afterwards but `row_of`, so all may go with its
    COMMIT.
    """
    for one in campaigns:
        one.campaign.root, one.campaign.created_at = to_json(one.planted.root), now
    planted = [one.campaign for one in campaigns]
    campaign_values = completed(planted)
    values: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for one in campaigns:
        its_edges = list(_edges(one.planted.rows))
        rows = one.planted.rows
        versions = choose_versions(session, rows, sandbox=bool(one.campaign.sandbox))
        its_values = columns_of_rows(
            one.campaign, rows, its_edges, one.latest_end, now, tells=one.tells, versions=versions
        )
        plan_even_share(session, one.campaign, its_values)
        values += its_values
        edges += its_edges
    opened = [{**campaign_change(one, CampaignState.OPEN), "at": now} for one in planted]
    ready = _write_rows(session, values, edges, now, opened, [*beside, (Campaign, campaign_values)], ends=ends)
    if not ends:
        keep(session, planted)
    for one in campaigns:
        if not one.planted.rows:
            # a canvas may hold no task at all
            from workers.lifecycle.dependents import close_campaign  # noqa: PLC0415 - planting seldom ends anything

            close_campaign(session, one.campaign.id, now)
    return ready


def plant_in_place(session: Session, task: Task, signature: Mapping[str, Any]) -> list[str]:
    """Plants the canvas that a running task returned in its place; the task keeps its id and gets the result.

    Raises Refused, TooManyWaiting among them: then nothing is planted, and the task fails with the reason.
    """
    campaign = session.get_one(Campaign, task.campaign_id)
    join: Join = "settled" if campaign.join == "settled" else "all"
    try:
        planted = compile_replacement(signature, depth=task.depth, new_id=new_id, join=join)
    except CanvasRefused as refused:
        raise refuse(refused.field, refused.reason, refused.remedy) from refused
    now = database_now(session)
    check_key_quota(session, campaign, planted.rows)  # the cheapest first: of a key that has too many, each task fails
    check_planting(planted.rows, task.latest_end, now, facts=_facts(session, campaign, now))
    edges = list(_edges(planted.rows))
    versions = choose_versions(session, planted.rows, sandbox=bool(campaign.sandbox))
    values = columns_of_rows(campaign, planted.rows, edges, task.latest_end, now, in_place_of=task, versions=versions)
    plan_even_share(session, campaign, values)
    start = _next_position(session, campaign)
    check_campaign_size(start, len(planted.rows))
    check_key_quota(session, campaign, planted.rows)
    for one in values:
        one["position"] += start
    waits_for = sorted(set(planted.ends))
    check_bytes(session, campaign, planted.bytes + (0 if waits_for else json_size(to_json(planted.root))), now)
    delegate(task, to_json(planted.root), planted.join, len(waits_for))
    session.flush()
    ready = _write_rows(session, values, edges, now)
    if campaign.stop_reason is not None:  # asked for since the task looked: these rows end with the others
        campaign.control = CampaignControl.STOP
    if campaign.paused or task.paused:
        hold_tasks(session, Task.in_place_of == task.id, why_paused(session, task))
        ready = []
    if waits_for:
        session.execute(insert(Edge), [{"task_id": task.id, "after_id": one, "on_failure": False} for one in waits_for])
        return ready
    from workers.lifecycle.dependents import end_task  # noqa: PLC0415 - as above

    return ready + end_task(session, task, TaskEnd(State.SUCCEEDED, result=evaluate(planted.root, {})), now)


def _next_position(session: Session, campaign: Campaign) -> int:
    """Returns the position of the campaign's next row, and locks the campaign until the transaction ends.

    Two tasks that grow at once would give their rows the same positions. Whoever claims a task of the campaign may
    need this lock, with its phone in hand, so everything that takes long comes before.
    """
    session.refresh(campaign, with_for_update=True)
    return session.scalar(select(func.count()).where(Task.campaign_id == campaign.id)) or 0


def check_planting(
    rows: Sequence[PlantedRow],
    latest_end: datetime,
    now: datetime,
    *,
    facts: LedgerFacts,
) -> None:
    """Raises Refused with what is wrong with the rows, or else with their times. Writes nothing.

    Raises TooManyWaiting when they are too many for any campaign.
    """
    check_campaign_size(0, len(rows))
    check_rows(facts, rows)
    problems = list(islice(time_problems(rows, latest_end, now), MOST_PROBLEMS))
    if problems:
        raise Refused(problems)


def _facts(session: Session, campaign: Campaign, now: datetime) -> LedgerFacts:
    key = key_of(session, campaign)
    highest = 0 if key is None else key.highest_priority
    facts = LedgerFacts(session, sandbox=bool(campaign.sandbox), highest_priority=highest)
    facts.at = now
    return facts


def _write_rows(
    session: Session,
    values: Sequence[dict[str, Any]],
    edges: Sequence[dict[str, Any]],
    now: datetime,
    changes: Sequence[dict[str, Any]] = (),
    before: Sequence[Insert] = (),
    *,
    ends: bool = False,
) -> list[str]:
    """Writes the rows of `before`, then tasks, edges, these state changes and those of the tasks.

    Returns the ids that are ready at once.
    """
    moved = [*changes, *(_planted(one) for one in values)]
    if len(values) > MOST_KEPT:
        insert_together(session, before)
        insert_many(session, Task, values)
        note(session, moved)
    else:
        tasks, told = [new_row(Task, one) for one in values], noted(moved)
        inserts: list[Insert] = [*before, (Task, completed(tasks))]
        if told:  # a command that plants for the operator maps no state changes
            inserts.append((tables.StateChange, told))
        (insert_at_the_end if ends and values and not edges else insert_together)(session, inserts)
        (lay_aside if ends else keep)(session, tasks)
    insert_many(session, Edge, edges)
    return [value["id"] for value in values if value["state"] == State.READY and value["not_before"] <= now]


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
