"""Processes that stand still for a while: hung, not dead."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.poll import wait_until


@contextmanager
def frozen(*pids: int) -> Iterator[float]:
    """Inside the block these processes stand still; gives the monotonic moment since when."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield time.monotonic()
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def outlast(since: float, seconds: float) -> None:
    """Until so many seconds have passed since that monotonic moment."""
    wait_until(lambda: time.monotonic() >= since + seconds, seconds + 10, f"{seconds:g} s to pass")
