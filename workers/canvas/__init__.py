"""Compiles Celery canvases into rows of the ledger. Pure: no I/O, no database, no broker."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# Each name that is not of `rows`, with its module. Most processes need `rows` alone.
_PLACES = {
    "CanvasRefused": "errors",
    "Limits": "errors",
    "check_raw": "check_json",
    "compile_canvas": "compile",
    "compile_raw": "check_json",
    "compile_replacement": "replace",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'rows')}"), name)
