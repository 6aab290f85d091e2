"""Limits logins: failed ones of one address, and of one name from one address; and those that are tried at a time.

A name alone is never locked, because then anybody could lock its owner out. All counts are of this process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import Response

from gateway.access.listener import place_of
from gateway.console.not_allowed import NotAllowed

OF_NAME = RateLimitItemPerMinute(8, 5)  # failures of one name from one address in 5 minutes
OF_ADDRESS = RateLimitItemPerMinute(40, 5)
AT_ONCE = 2  # a password takes 64 MiB and a core; the pages of others have threads of their own
MOST_OF_ADDRESS = 4  # that are tried or wait
MOST = 100


def address_of(request: Request) -> str:
    """Returns the address that a request counts for: one line's IPv6 addresses are one."""
    return place_of(host_of(request))


def host_of(request: Request) -> str:
    """Returns the address from which a request came."""
    return request.client.host if request.client is not None else ""


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


class LoginTurns:
    """Has logins tried two at a time, so that a flood of them holds up neither pages nor the limit of failures."""

    def __init__(self) -> None:
        self._here: Counter[str] = Counter()
        self._slots = CapacityLimiter(AT_ONCE)

    async def take(self, request: Request, work: Callable[[], Response]) -> Response:
        """Waits for a turn and does it. Raises NotAllowed (503) when too many wait."""
        address = address_of(request)
        if self._here[address] >= MOST_OF_ADDRESS or self._here.total() >= MOST:
            raise NotAllowed(503, "too many logins at this moment: try again")
        self._here[address] += 1
        try:
            return await run_sync(work, limiter=self._slots)
        finally:
            self._here[address] -= 1
            if not self._here[address]:
                del self._here[address]
