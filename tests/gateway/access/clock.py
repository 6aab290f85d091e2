"""A clock for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """A clock that the test turns."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
