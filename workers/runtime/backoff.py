"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from `first` to `most` seconds."""

    first: float
    most: float

    def wait(self, failures: int) -> float:
        """Seconds to wait after that many failures in a row; 0 after none."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 30)) if failures else 0.0
