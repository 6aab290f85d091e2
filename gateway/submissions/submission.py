"""A submission: a customer's request to plant, compiled as any canvas is."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flows.specs.catalogue import SPECS
from models.database.base import new_id
from models.notify.addresses import check_allowed, read_address
from models.values.refused import Refused, refuse
from workers.canvas import CanvasRefused, Planted, compile_raw
from workers.canvas.signatures import Canvas, task
from workers.desk import STAGES
from workers.planting.plant import compile_for_planting


@dataclass(frozen=True, slots=True)
class Submission:
    """A compiled canvas, with the request that it came from. `digest` tells two requests apart."""

    kind: str  # task | campaign
    reference: str
    name: str
    planted: Planted
    join: str
    seed: int
    asked_for: Mapping[str, Any]
    digest: str
    callback_url: str | None
    latest_end: datetime | None
    complete_until: datetime | None = None
    quotas: Mapping[str, int] | None = None

    def in_its_words(self, refused: Refused) -> Refused:
        """Renames the fields of a refusal from those of the canvas to those of the request."""
        return TaskNames(self.planted.rows[0].task).told(refused) if self.kind == "task" else refused


def digest_of(kind: str, asked: Mapping[str, Any]) -> str:
    """Returns 64 hex characters (SHA-256) that identify a request, whatever the order of its fields."""
    text = json.dumps([kind, asked], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def drawn_seed() -> int:
    """Draws a seed of 31 bits, for a request without one."""
    return random.SystemRandom().getrandbits(31)


def task_canvas(flow: str, params: Mapping[str, Any], options: Mapping[str, Any]) -> Canvas:
    """Builds the canvas of one flow."""
    return task(flow, params, immutable=True, **options)


def compile_task(flow: str, params: Mapping[str, Any], options: Mapping[str, Any]) -> Planted:
    """Compiles a lone task. Raises Refused, with the request's own names of fields."""
    with_names = TaskNames(flow)
    try:
        return compile_for_planting(task_canvas(flow, params, options), "all")
    except Refused as refused:
        raise with_names.told(refused) from None


def compile_canvas_json(canvas: Mapping[str, Any], join: str) -> Planted:
    """Compiles a canvas given as JSON; checks it before Celery sees it. Raises Refused."""
    try:
        return compile_raw(dict(canvas), allowed_tasks(), new_id=new_id, join="settled" if join == "settled" else "all")
    except CanvasRefused as refused:
        raise refuse(f"canvas.{refused.field}", refused.reason, refused.remedy) from refused


def allowed_tasks() -> Collection[str]:
    """Returns the names of the tasks that a canvas from outside may call."""
    return SPECS.keys() | STAGES


def checked_callback(url: str | None, allowlist: Collection[str]) -> str | None:
    """Returns the normalised address. Raises Refused unless the key's allowlist has its origin."""
    if url is None:
        return None
    address = read_address(url)
    check_allowed(address, allowlist)
    return address.url


class TaskNames:
    """Renames the fields in problems of a lone task: from those of the canvas to those of the request."""

    def __init__(self, flow: str) -> None:
        self._flow = flow

    def told(self, refused: Refused) -> Refused:
        """Returns the refusal with the request's names of fields."""
        return Refused((replace(one, field=self._field(one.field)) for one in refused.problems), refused.more)

    def _field(self, field: str) -> str:
        row, flow = field.removeprefix("task[0] "), self._flow
        if row != flow and not row.startswith(f"{flow}."):
            return field
        inside = row.removeprefix(flow).removeprefix(".").removeprefix("options.")
        return OPTION_FIELDS.get(inside, "params." + inside.removeprefix("kwargs."))


# Options of a canvas → the request's fields. A problem of the task as a whole ("") is about its times.
OPTION_FIELDS = {
    "": "not_before",
    "queue": "target",
    "eta": "not_before",
    "expires": "latest_end",
    "priority": "priority",
    "soft_time_limit": "limits.soft",
    "time_limit": "limits.hard",
}
