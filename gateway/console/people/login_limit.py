"""Limits failed logins: of one address, and of one name from one address, in this process.

A name alone is never locked, because then anybody could lock its owner out.
"""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

OF_NAME = RateLimitItemPerMinute(8, 5)  # failures of one name from one address in 5 minutes
OF_ADDRESS = RateLimitItemPerMinute(40, 5)


class LoginLimit:
    """Counts the failures of the last five minutes."""

    def __init__(self) -> None:
        self._failures = MovingWindowRateLimiter(MemoryStorage())

    def reached(self, address: str, name: str) -> bool:
        """Returns whether no further login may be tried now."""
        return not (
            self._failures.test(OF_NAME, "name", address, name[:191])
            and self._failures.test(OF_ADDRESS, "all", address)
        )

    def failed(self, address: str, name: str) -> None:
        """Counts a failure."""
        self._failures.hit(OF_NAME, "name", address, name[:191])
        self._failures.hit(OF_ADDRESS, "all", address)
