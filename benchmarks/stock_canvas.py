"""The storm's canvases for stock Celery: the same chains, groups and chords, each task named. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from celery import Celery
from celery.canvas import Signature

POOL_QUEUE = "pool"
DESK_QUEUE = "desk"
DESK_TASKS = frozenset({"each_title", "gather", "draw_directed", "tally"})
ACCOUNT = "account."

Node = dict[str, Any]


def stock_canvas(canvas: Signature, name: str, app: Celery) -> tuple[Signature, list[Node]]:
    """The canvas for `app`, and what its tasks are: task (`name` and a number), flow, kwargs, account.

    Each leaf gets its name as the parameter `plan_id`, which stays with it through retries and
    deliveries, and a queue: its account's, the pool or the desk. Under a chord whose body joins
    what is settled a failure travels as a value (`settled`), as users of chords write it: a header
    that raises would cost the body.
    """
    root: Node = json.loads(json.dumps(canvas))
    tasks: list[Node] = []
    for number, (leaf, settled) in enumerate(_leaves(root, settled=False)):
        options = leaf["options"]
        options.pop("join", None)
        pinned = options.get("queue", "").removeprefix(ACCOUNT) or None
        options.setdefault("queue", DESK_QUEUE if leaf["task"] in DESK_TASKS else POOL_QUEUE)
        plan_id = f"{name}.{number}"
        tasks.append({"task": plan_id, "flow": leaf["task"], "kwargs": dict(leaf["kwargs"]), "account": pinned})
        leaf["kwargs"] |= {"plan_id": plan_id, "settled": settled}
    return Signature.from_dict(root, app=app), tasks


def _leaves(node: Node, *, settled: bool) -> Iterator[tuple[Node, bool]]:
    inner: Mapping[str, Any] = node["kwargs"]
    match node.get("subtask_type"):
        case "chain" | "group":
            for one in inner["tasks"]:
                yield from _leaves(one, settled=settled)
        case "chord":
            here = settled or inner["body"]["options"].get("join") == "settled"
            header = inner["header"]
            for one in header["kwargs"]["tasks"] if isinstance(header, dict) else header:
                yield from _leaves(one, settled=here)
            yield from _leaves(inner["body"], settled=settled)
        case _:
            yield node, settled
