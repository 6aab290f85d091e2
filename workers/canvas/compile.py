"""Compiles a Celery canvas into rows: order, fan-out and join become `after` edges and exprs.

Groups and chords make no rows. The rules, one by one, are in docs/canvas.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workers.canvas.errors import DEFAULT_LIMITS, CanvasRefused, Limits
from workers.canvas.nodes import Chain, Chord, Group, Node, Task, merged, with_errbacks, with_links, with_options
from workers.canvas.normalise import (
    flattened,
    refuse_lost_input,
    refuse_own_args,
    refuse_steps_behind_open_body,
    spliced,
)
from workers.canvas.parse import read
from workers.canvas.rows import Expr, Join, ListOf, Planted, PlantedRow, Ref, Value, to_json, with_join
from workers.canvas.values import DELAYS


def compile_canvas(
    signature: Mapping[str, Any],
    *,
    new_id: Callable[[], str],
    join: Join = "all",
    limits: Limits = DEFAULT_LIMITS,
) -> Planted:
    """Returns the rows of a canvas and the expr of its result, as Celery's `apply_async` would run it.

    `new_id` gives each row its id; `join` applies to every group and chord that does not name one. Raises
    CanvasRefused. Does not change the signature.
    """
    return Planter(new_id, join, limits).planted(read(signature, limits), unwrap=True)


@dataclass(frozen=True, slots=True)
class Gate:
    """The rows for which a row waits: they must end, or, for the first rows of an errback, fail."""

    after: tuple[str, ...] = ()
    rung_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """The input of a part of the canvas. `scope` are the header rows whose failure counts as the body's own."""

    inputs: tuple[Expr, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    gate: Gate = Gate()
    join: Join = "all"
    scope: tuple[str, ...] = ()
    side: bool = False
    is_errback: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The output of a part of the canvas for the next one."""

    expr: Expr
    gate: Gate
    join: Join


class Planter:
    """Collects the rows of one canvas within its limits."""

    def __init__(self, new_id: Callable[[], str], join: Join, limits: Limits) -> None:
        self._new_id = new_id
        self._join: Join = join
        self._limits = limits
        self._rows: list[PlantedRow] = []
        self._side: set[str] = set()
        self._errbacks: dict[str, list[str]] = {}
        self._edges = 0
        self._bytes = 0
        self._sizes: dict[int, tuple[Mapping[str, Any], int]] = {}  # of kwargs that several rows share

    def planted(self, node: Node, *, unwrap: bool) -> Planted:
        """Returns all rows of a whole canvas. `unwrap`, as in Celery: `group(a | group(b, c))` gives `[b, c]`."""
        start = Start()
        if isinstance(node, Chain):
            start = Start(inputs=tuple(Value(arg) for arg in node.args))
            node = replace(node, args=())
        end = self._plant(node, start)
        root = end.expr
        if unwrap and _is_group(node) and isinstance(root, ListOf) and len(root.items) == 1:
            root = root.items[0] if isinstance(root.items[0], ListOf) else root
        rows = (
            replace(row, errbacks=tuple(self._errbacks[row.id])) if row.id in self._errbacks else row
            for row in self._rows
        )
        return Planted(tuple(rows), root, end.gate.after, end.join, self._bytes)

    def _plant(self, node: Node, start: Start) -> End:
        if isinstance(node, Task):
            return self._plant_task(node, start)
        if isinstance(node, Chain):
            return self._plant_chain(node, start)
        if isinstance(node, Group):
            return self._plant_group(node, start)
        return self._plant_chord(node, start)

    def _plant_task(self, task: Task, start: Start) -> End:
        start = _joined(start, task.join, task)
        own = tuple(Value(arg) for arg in task.args)
        row = PlantedRow(
            id=self._new_id(),
            task=task.name,
            args=own if task.immutable else start.inputs + own,
            kwargs={**task.kwargs, **start.kwargs} if start.kwargs and not task.immutable else task.kwargs,
            options=task.options,
            immutable=task.immutable,
            after=start.gate.after,
            join=start.join,
            is_errback=start.is_errback,
        )
        self._add(row, start, task.path)
        self._plant_callbacks(task, row.id, start)
        return End(Ref(row.id), Gate((row.id,)), "all")

    def _plant_callbacks(self, task: Task, owner: str, start: Start) -> None:
        if not task.links and not task.errbacks:
            return
        beside = Start(side=True, is_errback=start.is_errback)
        for link in task.links:
            self._plant(link, replace(beside, inputs=(Ref(owner),), gate=Gate((owner,))))
        for errback in task.errbacks:
            gate = Gate(rung_by=(owner, *start.scope))
            self._plant(errback, replace(beside, inputs=(Value(owner),), gate=gate, is_errback=True))

    def _plant_chain(self, chain: Chain, start: Start) -> End:
        refuse_own_args(chain)
        steps = spliced(chain)
        refuse_steps_behind_open_body(steps)
        if start.inputs:
            refuse_lost_input(chain, steps)
        start = _joined(start, chain.join, chain)
        for step in steps[:-1]:
            end = self._plant(step, start)
            start = Start((end.expr,), {}, end.gate, end.join, (), start.side, start.is_errback)
        return self._plant(steps[-1], start)

    def _plant_group(self, group: Group, start: Start) -> End:
        ends = [self._plant(member, start) for member in flattened(group)]
        join = group.join or self._join
        listed = ListOf(tuple(end.expr for end in ends), settled=join == "settled")
        if not ends:
            return End(listed, start.gate, "settled" if "settled" in (join, start.join) else "all")
        if join == "all" and any(end.join == "settled" for end in ends):
            raise CanvasRefused(
                group.path,
                "a settled group inside a list that is not settled",
                'set join="settled" on the outer one too',
            )
        expr = with_join(listed, group.join) if group.join else listed
        after = tuple(dict.fromkeys(row for end in ends for row in end.gate.after))
        rung_by = tuple(dict.fromkeys(row for end in ends for row in end.gate.rung_by))
        return End(expr, Gate(after, rung_by), join)

    def _plant_chord(self, chord: Chord, start: Start) -> End:
        own = tuple(Value(arg) for arg in chord.args)
        into_header = replace(
            start,
            inputs=own if chord.immutable else start.inputs + own,
            kwargs=chord.kwargs if chord.immutable else {**chord.kwargs, **start.kwargs},
            scope=(),
        )
        header = replace(
            chord.header,
            options=merged(chord.header.options, chord.options),
            join=chord.join or chord.header.join,
        )
        mark = len(self._rows)
        end = self._plant_group(header, into_header)
        scope = start.scope + tuple(row.id for row in self._rows[mark:] if row.id not in self._side)
        body = with_options(chord.body, {name: v for name, v in chord.options.items() if name not in DELAYS})
        body = with_errbacks(with_links(body, chord.links), chord.errbacks)
        mark = len(self._rows)
        after_body = self._plant(body, Start((end.expr,), {}, end.gate, end.join, scope, start.side, start.is_errback))
        if len(self._rows) == mark:
            raise CanvasRefused(body.path, "a chord whose body is empty never ends", "give it a body, or write a group")
        return after_body

    def _kwargs_bytes(self, kwargs: Mapping[str, Any]) -> int:
        if id(kwargs) not in self._sizes:
            self._sizes[id(kwargs)] = kwargs, _json_bytes(kwargs)  # kept, so that no other object gets its id
        return self._sizes[id(kwargs)][1]

    def _add(self, row: PlantedRow, start: Start, path: str) -> None:
        self._rows.append(row)
        if start.side:
            self._side.add(row.id)
        for watched in start.gate.rung_by:
            self._errbacks.setdefault(watched, []).append(row.id)
        self._edges += len(row.after) + len(start.gate.rung_by)
        args = _json_bytes([to_json(arg) for arg in row.args]) if row.args else len("[]")
        size = args + self._kwargs_bytes(row.kwargs)
        if size > self._limits.row_bytes:
            reason = f"{size} bytes of arguments, and one task may have {self._limits.row_bytes}"
            raise CanvasRefused(path, reason, "split the work, or hand on where the data lie")
        self._bytes += size
        for what, size, limit in (
            ("rows", len(self._rows), self._limits.rows),
            ("edges", self._edges, self._limits.edges),
            ("bytes of arguments", self._bytes, self._limits.bytes),
        ):
            if size > limit:
                raise CanvasRefused(path, f"the canvas grows past {limit} {what} here", "plant it in parts")


_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _json_bytes(value: Any) -> int:
    return len(_ENCODER.encode(value).encode())


def _is_group(node: Node) -> bool:
    if isinstance(node, Chain):
        steps = spliced(node)
        return len(steps) == 1 and isinstance(steps[0], Group)
    return isinstance(node, Group)


def _joined(start: Start, join: Join | None, node: Task | Chain) -> Start:
    """Returns the start with a part's own join. Only a part with a list before it can be settled."""
    if join is None:
        return start
    listed = any(isinstance(value, ListOf) for value in start.inputs)
    waits_only = isinstance(node, Task) and node.immutable and start.gate.after
    if join == "settled" and not listed and not waits_only:
        raise CanvasRefused(
            f"{node.path}.options.join",
            "there is no list before it that could be settled",
            "put it behind a group or into the body of a chord, or make it immutable: task.si(…)",
        )
    return replace(start, inputs=tuple(with_join(value, join) for value in start.inputs), join=join)
