"""What a customer wishes to be planted, read from a request, and compiled as any canvas is."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery.canvas import Signature

from flows.registry import FLOWS
from models.notify.addresses import check_allowed, read_address
from models.refused import Problem, Refused, refuse
from workers.app import app
from workers.canvas import CanvasRefused, Planted, check_raw
from workers.planting.plant import compile_for_planting

# Desk tasks that a canvas from outside may name: those between the stages, which read and plan.
STAGES = frozenset({"each_title", "gather", "draw_directed", "tally"})


@dataclass(frozen=True, slots=True)
class Submission:
    """A canvas, compiled, with what it was asked as. `digest` tells two requests apart."""

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

    def in_its_words(self, refused: Refused) -> Refused:
        """A refusal of what was compiled, its fields named as in the request."""
        return TaskNames(self.planted.rows[0].task).told(refused) if self.kind == "task" else refused


def digest_of(kind: str, asked: Mapping[str, Any]) -> str:
    """What a request asks for, as 64 characters: the same whatever the order of its fields."""
    text = json.dumps([kind, asked], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def drawn_seed() -> int:
    """A seed for whoever gives none: 31 bits."""
    return random.SystemRandom().getrandbits(31)


def task_canvas(flow: str, params: Mapping[str, Any], options: Mapping[str, Any]) -> Signature:
    """One flow as a canvas."""
    return app.signature(flow, kwargs=dict(params), immutable=True, **options)


def compile_task(flow: str, params: Mapping[str, Any], options: Mapping[str, Any]) -> Planted:
    """Raises Refused, with the request's own names of fields."""
    with_names = TaskNames(flow)
    try:
        return compile_for_planting(task_canvas(flow, params, options), "all")
    except Refused as refused:
        raise with_names.told(refused) from None


def compile_canvas_json(canvas: Mapping[str, Any], join: str) -> Planted:
    """A canvas as JSON: walked before Celery sees it. Raises Refused."""
    try:
        return compile_for_planting(check_raw(dict(canvas), allowed_tasks()), join)
    except CanvasRefused as refused:
        raise refuse(f"canvas.{refused.field}", refused.reason, refused.remedy) from refused


def allowed_tasks() -> Collection[str]:
    """The names that a canvas from outside may call."""
    return FLOWS.keys() | STAGES


def checked_callback(url: str | None, allowlist: Collection[str]) -> str | None:
    """The address as it is called. Raises Refused unless the key may be called back there."""
    if url is None:
        return None
    address = read_address(url)
    check_allowed(address, allowlist)
    return address.url


class TaskNames:
    """Problems of a lone task, in the words of the request that asked for it."""

    def __init__(self, flow: str) -> None:
        self._flow = flow

    def told(self, refused: Refused) -> Refused:
        """The same refusal, its fields named as in the request."""
        return Refused(Problem(self._field(one.field), one.reason, one.remedy) for one in refused.problems)

    def _field(self, field: str) -> str:
        row, flow = field.removeprefix("task[0] "), self._flow
        if row != flow and not row.startswith(f"{flow}."):
            return field
        inside = row.removeprefix(flow).removeprefix(".").removeprefix("options.")
        return OPTION_FIELDS.get(inside, "params." + inside.removeprefix("kwargs."))


# options of a canvas, and the fields of a request that become them; of the whole task its times are wrong
OPTION_FIELDS = {
    "": "not_before",
    "queue": "target",
    "eta": "not_before",
    "expires": "latest_end",
    "priority": "priority",
    "soft_time_limit": "limits.soft",
    "time_limit": "limits.hard",
}
