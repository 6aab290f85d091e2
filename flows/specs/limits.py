"""Time limits of a task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits in seconds: at `soft` the flow ends with a failure, at `hard` its worker is killed."""

    soft: int
    hard: int
