"""The nameless processes of a host: its zygote and the workers forked from it, found by their parents."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

from tests.support.host.processes import children

ZYGOTE = "workers.host.zygote"  # workers keep its command line


def zygotes_of(host: int) -> list[int]:
    """The zygote of a host agent, by the agent's process id; none while it is between two."""
    return children(host, ZYGOTE)


def workers_of(host: int) -> list[int]:
    """All workers of a host agent, its desks included."""
    return [pid for zygote in zygotes_of(host) for pid in children(zygote, ZYGOTE)]


def tree_of(pid: int) -> list[int]:
    """A process and all that descend from it, parents first."""
    return [pid, *(one for child in children(pid, "") for one in tree_of(child))]


def signal_to(pid: int, number: signal.Signals) -> None:
    """Signal a process; nothing when it is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal processes in their order; nothing to those that are gone."""
    for pid in pids:
        signal_to(pid, number)
