"""Derives the columns of the task rows of a compiled canvas. Reads and writes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flows.specs.catalogue import SPECS, spec_of
from models.tables import Campaign, Task
from models.tasks.states import State
from models.tasks.transitions import AWAITS_APPROVAL, first_state
from models.values.enums import RunsOn
from workers.canvas.rows import PlantedRow, to_json
from workers.desk import DESK_LIMITS
from workers.planting.chosen_version import ChosenVersion
from workers.planting.pins import pin_of
from workers.planting.validate import given_params
from workers.policy.content import content_of
from workers.policy.timing import begins, expires, limits_of

Columns = dict[str, Any]
NO_VERSIONS: Mapping[str, ChosenVersion] = MappingProxyType({})


def columns_of_rows(
    campaign: Campaign,
    rows: Sequence[PlantedRow],
    edges: Sequence[Mapping[str, Any]],
    latest_end: datetime,
    now: datetime,
    *,
    in_place_of: Task | None = None,
    tells: str | None = None,
    versions: Mapping[str, ChosenVersion] = NO_VERSIONS,
) -> list[Columns]:
    """Returns the columns of each row; the first row has position 0.

    Callbacks go to the address `tells`, else to the campaign's own. `versions`: of flows that are here in several.
    """
    missing = Counter(edge["task_id"] for edge in edges)
    watching = {edge["task_id"] for edge in edges if edge["on_failure"]}
    seed = campaign.seed if in_place_of is None else in_place_of.seed
    alone = in_place_of is None and len(rows) == 1
    shared = _campaign_columns(campaign, in_place_of, now, alone=alone)
    address = tells or campaign.callback_url
    alike: dict[tuple[Any, ...], Columns] = {}  # by flow, prerequisites and options
    listed = []
    for index, row in enumerate(rows):
        chosen = versions.get(row.id)
        kind = row.task, chosen, missing[row.id], *row.options.items()
        columns = alike.get(kind)
        if columns is None:
            columns = {**shared, **_flow_columns(row, missing[row.id], latest_end, now, address, chosen)}
            alike[kind] = columns
        own = {"position": index, "seed": seed_of(seed, index), "is_errback": row.id in watching}
        listed.append({**columns, **_own_columns(row), **own})
    return listed


def _campaign_columns(campaign: Campaign, in_place_of: Task | None, now: datetime, *, alone: bool) -> Columns:
    """Returns the columns that all rows share.

    The customer's own id is the campaign's; the only task of a campaign carries it as well.
    """
    return {
        "campaign_id": campaign.id,
        "in_place_of": None if in_place_of is None else in_place_of.id,
        "depth": 0 if in_place_of is None else in_place_of.depth + 1,
        "key_id": campaign.key_id,
        "reference": campaign.reference if alone else None,
        "sandbox": bool(campaign.sandbox),
        "verifying": False,
        "meant_for": None,
        "attempt": 0,
        "stop_requested": False,
        "created_at": now,
    }


def _flow_columns(
    row: PlantedRow, missing: int, latest_end: datetime, now: datetime, tells: str | None, chosen: ChosenVersion | None
) -> Columns:
    """Returns the columns that follow from a row's flow, options and number of prerequisites.

    Desk tasks are internal steps: their ends cause no callback.
    """
    flow = SPECS.get(row.task) if chosen is None else spec_of(row.task, chosen.version)
    trial_phone = None if chosen is None else chosen.trial_phone
    soft, hard = limits_of(row.options, flow.limits if flow is not None else DESK_LIMITS)
    pin = pin_of(row)
    return {
        "flow": row.task,
        "flow_version": flow.version if flow is not None else "1",
        **_begins_as(missing, needs_approval=flow is not None and flow.needs_approval),
        "missing": missing,
        "runs_on": RunsOn.PHONE if flow is not None else RunsOn.DESK,
        "acts": bool(flow is not None and flow.acts),
        "pinned_account": pin.account,
        "pinned_phone": pin.phone or trial_phone,
        "own_pins": None if trial_phone is None else {"account": None, "phone": None},
        "priority": row.options.get("priority", flow.priority if flow is not None else 0),
        "not_before": max(now, begins(row.options, now, counting=not missing)),
        "countdown": float(row.options.get("countdown") or 0),
        "latest_end": min(latest_end, expires(row.options, now) or latest_end),
        "soft_limit": soft,
        "hard_limit": hard,
        "callback_url": tells if flow is not None else None,
    }


def _own_columns(row: PlantedRow) -> Columns:
    return {
        "id": row.id,
        "args": [to_json(arg) for arg in row.args],
        "kwargs": dict(row.kwargs),
        "join": row.join,
        **content_of(given_params(row)).columns(),
    }


def _begins_as(missing: int, *, needs_approval: bool) -> Columns:
    """Returns the columns of a task's first state."""
    first = first_state(missing)
    if not needs_approval:
        return {"state": first, "held_from": None, "awaits_approval": False, "waits_for": None}
    return {"state": State.HELD, "held_from": first, "awaits_approval": True, "waits_for": AWAITS_APPROVAL}


def seed_of(campaign_seed: int, position: int) -> int:
    """Returns a task's own seed: 31 bits from the campaign's seed and the task's position in it."""
    digest = hashlib.sha256(f"{campaign_seed}:{position}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
