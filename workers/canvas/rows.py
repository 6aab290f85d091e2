"""The rows of a compiled canvas, and the exprs that refer to the results of other rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Join = Literal["all", "settled"]


@dataclass(frozen=True, slots=True)
class Value:
    """A constant: any JSON value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Ref:
    """The result of the row with this id."""

    row: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list in source order. If settled, items whose rows did not succeed are left out."""

    items: tuple[Expr, ...]
    settled: bool = False


Expr = Value | Ref | ListOf


class ResultMissing(LookupError):
    """An expr refers to a row without a result; `row` is its id."""

    def __init__(self, row: str) -> None:
        super().__init__(f"row {row} has no result")
        self.row = row


@dataclass(frozen=True, slots=True)
class PlantedRow:
    """One task of a planted canvas.

    It becomes due when every row in `after` has ended. With join `all` it then runs only if all of
    them succeeded, and is stopped otherwise; with `settled` it runs in any case. A row that some
    row names in `errbacks` is not due before such a row failed, and is rung once however many fail.
    `kwargs` and `options` are JSON; options hold only priority, queue, countdown, eta, expires,
    time_limit and soft_time_limit (seconds; times as ISO 8601 in UTC).
    """

    id: str
    task: str
    args: tuple[Expr, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    immutable: bool = False
    after: tuple[str, ...] = ()
    join: Join = "all"
    errbacks: tuple[str, ...] = ()
    is_errback: bool = False


@dataclass(frozen=True, slots=True)
class Planted:
    """A compiled canvas: its rows, with prerequisites before their dependants, and its result.

    The canvas has ended when every row in `ends` has. It succeeded if all of them did, or if its join is `settled`;
    its result is then the value of `root`. Callbacks (links, errbacks) are not among the ends.
    """

    rows: tuple[PlantedRow, ...]
    root: Expr
    ends: tuple[str, ...]
    join: Join = "all"
    bytes: int = 0  # of the arguments of all rows, as JSON


def to_json(expr: Expr) -> dict[str, Any]:
    """Returns `{"value": …}`, `{"ref": id}` or `{"list": […]}`, a settled list with `"settled": true`."""
    match expr:
        case Value(value):
            return {"value": value}
        case Ref(row):
            return {"ref": row}
        case ListOf(items, settled):
            encoded: dict[str, Any] = {"list": [to_json(item) for item in items]}
            return {**encoded, "settled": True} if settled else encoded


def from_json(data: Mapping[str, Any]) -> Expr:
    """Returns the expr that `to_json` encoded. Raises ValueError for any other value."""
    match dict(data):
        case {"value": value, **rest} if not rest:
            return Value(value)
        case {"ref": str(row), **rest} if not rest:
            return Ref(row)
        case {"list": list(items), **rest} if not rest or rest == {"settled": True}:
            return ListOf(tuple(from_json(item) for item in items), settled=bool(rest))
    raise ValueError(f"not an expr: {sorted(data)}")


def refs(expr: Expr) -> Iterator[str]:
    """Yields the ids of the rows that an expr refers to, in source order."""
    if isinstance(expr, Ref):
        yield expr.row
    elif isinstance(expr, ListOf):
        for item in expr.items:
            yield from refs(item)


def evaluate(expr: Expr, results: Mapping[str, Any]) -> Any:
    """Returns the value of an expr, given the results of the rows that succeeded. Raises ResultMissing.

    A settled list leaves out the items without a value; an unsettled list inside it has a value only if all its items
    have one.
    """
    if isinstance(expr, Value):
        return expr.value
    if isinstance(expr, Ref):
        if expr.row not in results:
            raise ResultMissing(expr.row)
        return results[expr.row]
    values = []
    for item in expr.items:
        try:
            values.append(evaluate(item, results))
        except ResultMissing:
            if not expr.settled:
                raise
    return values


def with_join(expr: Expr, join: Join) -> Expr:
    """Returns the expr with this join for every list in it: the outermost join overrides those of inner lists."""
    if not isinstance(expr, ListOf):
        return expr
    return ListOf(tuple(with_join(item, join) for item in expr.items), settled=join == "settled")
