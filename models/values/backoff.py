"""The formula for the wait before the next try. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_MOST_DOUBLINGS = 30  # beyond any `most`; a float holds it


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first` to `most` seconds."""

    first: float
    most: float

    def wait(self, failures: int) -> float:
        """Returns the seconds to wait after that many failures in a row; 0 after none."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)) if failures else 0.0

    def spread(self, failures: int, rng: Random) -> float:
        """Returns a random part of that wait, at least a quarter, so that colliding retries spread out."""
        return self.wait(failures) * rng.uniform(0.25, 1.0)
