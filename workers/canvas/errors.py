"""The error of this room: a canvas that cannot be planted, with its remedy."""

from __future__ import annotations

from dataclasses import dataclass

from models.database.sizes import MOST_RESULT


class CanvasRefused(ValueError):
    """A canvas cannot be planted. Raised before any row is planted, so no canvas is ever half-planted.

    `field` is the place in the canvas, such as `chain[1].group[0].options.queue`; `reason` names the fault there, and
    `remedy` its correction.
    """

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field}: {reason}; {remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one canvas.

    `depth` counts signatures inside signatures (callbacks too), `rows` planted rows (callbacks multiply), `edges`
    prerequisites and errback watches, `bytes` the JSON of all planted arguments, `row_bytes` that of one task. Edges
    need a limit of their own, because a group of n after a group of m makes n × m edges.
    """

    depth: int = 100
    rows: int = 10_000
    edges: int = 100_000
    bytes: int = 16 * 1024 * 1024
    row_bytes: int = MOST_RESULT


DEFAULT_LIMITS = Limits()
