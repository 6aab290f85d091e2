"""The one error of this room: a canvas that cannot be planted, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

from models.database.sizes import MOST_RESULT


class CanvasRefused(ValueError):
    """A canvas cannot be planted. Raised before anything is planted, so nothing is ever half-planted.

    `field` is the place in the canvas, such as `chain[1].group[0].options.queue`; `reason` says
    what is wrong there and `remedy` what to write instead.
    """

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field}: {reason}; {remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one canvas may be.

    `depth` is in signatures inside signatures (callbacks too), `rows` in planted rows (callbacks
    multiply), `edges` in prerequisites and errback watches, `bytes` in JSON of all planted arguments,
    `row_bytes` of one task's.
    A group of n after a group of m makes n × m edges, so rows alone bound nothing.
    """

    depth: int = 100
    rows: int = 10_000
    edges: int = 200_000
    bytes: int = 16 * 1024 * 1024
    row_bytes: int = MOST_RESULT


DEFAULT_LIMITS = Limits()
