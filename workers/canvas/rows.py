"""The row model: what a canvas becomes, and the exprs that say where a row's arguments come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Join = Literal["all", "settled"]


@dataclass(frozen=True, slots=True)
class Value:
    """A constant: anything JSON holds."""

    value: Any


@dataclass(frozen=True, slots=True)
class Ref:
    """The result of the row with this id."""

    row: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list in source order. When settled, items whose rows did not succeed are left out."""

    items: tuple[Expr, ...]
    settled: bool = False


Expr = Value | Ref | ListOf


class ResultMissing(LookupError):
    """An expr asked for the result of a row that has none; `row` is its id."""

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
    """A compiled canvas: its rows, prerequisites before what waits for them, and its result.

    The canvas has ended when every row in `ends` has. It succeeded if all of them did, or if its join
    is `settled`; its result is then the value of `root`. Rows beside the way (links, errbacks) are not
    among the ends.
    """

    rows: tuple[PlantedRow, ...]
    root: Expr
    ends: tuple[str, ...]
    join: Join = "all"


def to_json(expr: Expr) -> dict[str, Any]:
    """`{"value": …}`, `{"ref": id}` or `{"list": […]}`, the last with `"settled": true` where it is."""
    match expr:
        case Value(value):
            return {"value": value}
        case Ref(row):
            return {"ref": row}
        case ListOf(items, settled):
            encoded: dict[str, Any] = {"list": [to_json(item) for item in items]}
            return {**encoded, "settled": True} if settled else encoded


def from_json(data: Mapping[str, Any]) -> Expr:
    """The expr that `to_json` encoded. Raises ValueError on anything else."""
    match dict(data):
        case {"value": value, **rest} if not rest:
            return Value(value)
        case {"ref": str(row), **rest} if not rest:
            return Ref(row)
        case {"list": list(items), **rest} if not rest or rest == {"settled": True}:
            return ListOf(tuple(from_json(item) for item in items), settled=bool(rest))
    raise ValueError(f"not an expr: {sorted(data)}")


def refs(expr: Expr) -> Iterator[str]:
    """The ids of the rows that an expr asks for, in source order."""
    if isinstance(expr, Ref):
        yield expr.row
    elif isinstance(expr, ListOf):
        for item in expr.items:
            yield from refs(item)


def evaluate(expr: Expr, results: Mapping[str, Any]) -> Any:
    """The value of an expr, given the results of the rows that succeeded. Raises ResultMissing.

    A settled list leaves out the items that have no value; a list inside it that is not settled
    has a value only when all its items have one.
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
    """The same expr with every list in it joined so: the outermost wish wins over the lists inside."""
    if not isinstance(expr, ListOf):
        return expr
    return ListOf(tuple(with_join(item, join) for item in expr.items), settled=join == "settled")
