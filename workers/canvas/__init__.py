"""Compiles Celery canvases into rows of the ledger. Pure: no I/O, no database, no broker."""

from workers.canvas.check_json import check_raw, compile_raw
from workers.canvas.compile import compile_canvas
from workers.canvas.errors import CanvasRefused, Limits
from workers.canvas.replace import compile_replacement
from workers.canvas.rows import (
    Expr,
    Join,
    ListOf,
    Planted,
    PlantedRow,
    Ref,
    ResultMissing,
    Value,
    evaluate,
    from_json,
    refs,
    to_json,
)

__all__ = [
    "CanvasRefused",
    "Expr",
    "Join",
    "Limits",
    "ListOf",
    "Planted",
    "PlantedRow",
    "Ref",
    "ResultMissing",
    "Value",
    "check_raw",
    "compile_canvas",
    "compile_raw",
    "compile_replacement",
    "evaluate",
    "from_json",
    "refs",
    "to_json",
]
