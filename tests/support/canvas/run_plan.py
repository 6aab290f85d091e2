"""A small interpreter of planted rows, in one process and in any order: what the ledger must do, readable.

The rules it keeps, in the order in which they apply to a row that is not rung yet:

1. A row that other rows name in `errbacks` waits until one of them *fails itself* and is then rung,
   once. When all of them ended without failing themselves it is `stopped` with no cause.
2. A row whose `after` have not all ended waits; a delegated row has not ended.
3. With join `all`, a row with a prerequisite that did not succeed is `stopped` with the cause of the
   first of them in source order. With `settled` it goes on.
4. Its arguments are evaluated now. One that asks for a row without a result stops it as well.
5. It runs. A value makes it `succeeded`, an exception `failed`; a returned Signature is planted in
   its place and makes it `delegated` until the `ends` of the new rows have ended. Then rule 3 holds
   for it with the join of the new canvas: it is `succeeded` with the value of the new root, or
   `failed` with the cause of the first end that did not succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.database.nesting import MAX_NESTING
from workers.canvas.errors import CanvasRefused
from workers.canvas.replace import compile_replacement
from workers.canvas.rows import Join, Planted, PlantedRow, ResultMissing, evaluate


class Fate(StrEnum):
    """The states that this interpreter tells apart."""

    WAITING = "waiting"
    DELEGATED = "delegated"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


ENDED = frozenset({Fate.SUCCEEDED, Fate.FAILED, Fate.STOPPED})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a task's function; a map row makes one for each item."""

    row: str
    task: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@dataclass(slots=True)
class Outcome:
    """What came of a plan. `causes` names, for rows that failed or were stopped, the row that began it."""

    fates: dict[str, Fate] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    rows: dict[str, PlantedRow] = field(default_factory=dict)
    root: Any = None
    succeeded: bool = False


Table = Mapping[str, Callable[..., Any]]
Pick = Callable[[Sequence[str]], str]


def run_plan(
    planted: Planted,
    table: Table,
    pick: Pick,
    new_id: Callable[[], str],
    *,
    join: Join = "all",
    max_nesting: int = MAX_NESTING,
) -> Outcome:
    """Run a plan to its end. `pick` chooses which of the due rows is rung next, by id, in any order.

    `join` and `max_nesting` are those of the replacements. Raises RuntimeError when rows wait for
    each other, which a compiled canvas never does.
    """
    interpreter = _Interpreter(table, new_id, join, max_nesting)
    interpreter.plant(planted, nesting=0)
    while due := interpreter.due():
        interpreter.ring(pick(due))
    return interpreter.finish(planted)


class _Interpreter:
    def __init__(self, table: Table, new_id: Callable[[], str], join: Join, max_nesting: int) -> None:
        self._table = table
        self._new_id = new_id
        self._join: Join = join
        self._max_nesting = max_nesting
        self._nesting: dict[str, int] = {}
        self._ringers: dict[str, list[str]] = {}
        self._places: dict[str, Planted] = {}
        self._out = Outcome()

    def plant(self, planted: Planted, nesting: int) -> None:
        for row in planted.rows:
            self._out.rows[row.id] = row
            self._out.fates[row.id] = Fate.WAITING
            self._nesting[row.id] = nesting
            for errback in row.errbacks:
                self._ringers.setdefault(errback, []).append(row.id)

    def due(self) -> list[str]:
        """The rows that may be rung now, once everything that follows by itself has followed."""
        while any(self._settle(row_id) for row_id in self._out.rows):
            pass
        return [row_id for row_id, fate in self._out.fates.items() if fate is Fate.WAITING and self._is_due(row_id)]

    def ring(self, row_id: str) -> None:
        row = self._out.rows[row_id]
        try:
            args = [evaluate(arg, self._out.results) for arg in row.args]
        except ResultMissing as missing:
            self._end(row_id, Fate.STOPPED, cause=self._cause(missing.row))
            return
        try:
            result = self._call(row, args)
            if isinstance(result, dict) and "subtask_type" in result:
                self._delegate(row_id, result)
                return
        except Exception as error:  # noqa: BLE001 - a task may fail in any way, and that is an outcome
            self._out.errors[row_id] = error
            self._end(row_id, Fate.FAILED, cause=row_id)
            return
        self._out.results[row_id] = result
        self._end(row_id, Fate.SUCCEEDED)

    def finish(self, planted: Planted) -> Outcome:
        waiting = [row_id for row_id, fate in self._out.fates.items() if fate not in ENDED]
        if waiting:
            raise RuntimeError(f"rows wait for each other: {waiting}")
        lost = self._lost(planted.ends)
        if lost and planted.join == "all":
            self._out.causes["root"] = self._cause(lost[0])
        else:
            self._out.root = evaluate(planted.root, self._out.results)
            self._out.succeeded = True
        return self._out

    def _call(self, row: PlantedRow, args: list[Any]) -> Any:
        if row.task not in ("celery.map", "celery.starmap"):
            return self._one_call(row, row.task, tuple(args), row.kwargs)
        items = row.kwargs["it"]
        calls = items if row.task == "celery.starmap" else [[item] for item in items]
        return [self._one_call(row, row.kwargs["task"], tuple(call), {}) for call in calls]

    def _one_call(self, row: PlantedRow, task: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        self._out.calls.append(Call(row.id, task, args, kwargs))
        return self._table[task](*args, **kwargs)

    def _delegate(self, row_id: str, signature: Mapping[str, Any]) -> None:
        nesting = self._nesting[row_id]
        try:
            planted = compile_replacement(
                signature, new_id=self._new_id, depth=nesting, join=self._join, max_nesting=self._max_nesting
            )
        except CanvasRefused as refusal:
            self._out.errors[row_id] = refusal
            self._end(row_id, Fate.FAILED, cause=row_id)
            return
        self.plant(planted, nesting + 1)
        self._places[row_id] = planted
        self._out.fates[row_id] = Fate.DELEGATED

    def _settle(self, row_id: str) -> bool:
        """End a row that ends without running; True when it did."""
        fate = self._out.fates[row_id]
        if fate is Fate.DELEGATED:
            return self._settle_delegated(row_id)
        if fate is not Fate.WAITING:
            return False
        ringers = self._ringers.get(row_id, [])
        if ringers and self._all_ended(ringers) and not self._any_failed(ringers):
            self._end(row_id, Fate.STOPPED)
            return True
        row = self._out.rows[row_id]
        lost = self._lost(row.after)
        if row.join == "all" and lost and self._all_ended(row.after):
            self._end(row_id, Fate.STOPPED, cause=self._cause(lost[0]))
            return True
        return False

    def _settle_delegated(self, row_id: str) -> bool:
        place = self._places[row_id]
        if not self._all_ended(place.ends):
            return False
        lost = self._lost(place.ends)
        if lost and place.join == "all":
            self._end(row_id, Fate.FAILED, cause=self._cause(lost[0]))
        else:
            self._out.results[row_id] = evaluate(place.root, self._out.results)
            self._end(row_id, Fate.SUCCEEDED)
        return True

    def _is_due(self, row_id: str) -> bool:
        ringers = self._ringers.get(row_id, [])
        if ringers and not self._any_failed(ringers):
            return False
        return self._all_ended(self._out.rows[row_id].after)

    def _all_ended(self, row_ids: Sequence[str]) -> bool:
        return all(self._out.fates[row_id] in ENDED for row_id in row_ids)

    def _lost(self, row_ids: Sequence[str]) -> list[str]:
        return [row_id for row_id in row_ids if self._out.fates[row_id] is not Fate.SUCCEEDED]

    def _any_failed(self, row_ids: Sequence[str]) -> bool:
        return any(self._out.fates[row_id] is Fate.FAILED for row_id in row_ids)

    def _cause(self, row_id: str) -> str:
        return self._out.causes.get(row_id, row_id)

    def _end(self, row_id: str, fate: Fate, cause: str = "") -> None:
        self._out.fates[row_id] = fate
        if cause:
            self._out.causes[row_id] = cause
