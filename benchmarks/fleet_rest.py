"""What a fleet costs its servers and its host while a block runs: statements, connections, CPU."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis import Redis
from sqlalchemy import make_url

from tests.support.servers import MariaDB

STATISTICS = "SELECT user, select_commands + update_commands FROM information_schema.user_statistics"
CONNECTIONS = "SELECT user, COUNT(*) FROM information_schema.processlist GROUP BY user"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one part of the fleet over a time: statements without commits, roll-backs and settings; CPU of one core."""

    statements_a_second: float
    cpu_percent: float


@dataclass(frozen=True, slots=True)
class Part:
    """A part with a database user of its own. `pids` tells its processes."""

    database: str
    pids: Callable[[], Sequence[int]]

    @property
    def user(self) -> str:
        """Its name in the database."""
        return str(make_url(self.database).username)


class Meter:
    """Reads the counters of MariaDB (started with --userstat), Redis and the kernel."""

    def __init__(self, maria: MariaDB, redis: Redis) -> None:
        self._maria = maria
        self._redis = redis

    @contextmanager
    def costs(self, parts: Mapping[str, Part]) -> Iterator[dict[str, Cost]]:
        """Fills the dictionary with the cost of each part while the block ran."""
        found: dict[str, Cost] = {}
        began, before = time.monotonic(), self._counted(parts)
        yield found
        seconds, after = time.monotonic() - began, self._counted(parts)
        for name, (statements, cpu) in after.items():
            asked, worked = statements - before[name][0], cpu - before[name][1]
            found[name] = Cost(asked / seconds, 100 * worked / seconds)

    def connections(self, parts: Mapping[str, Part]) -> dict[str, int]:
        """How many connections each part has to the database, and all of them to Redis."""
        rows = dict(self._maria.execute(CONNECTIONS))
        found = {name: int(rows.get(part.user, 0)) for name, part in parts.items()}
        return {**found, "Redis": len(cast("list[Any]", self._redis.client_list())) - 1}  # without this one

    def _counted(self, parts: Mapping[str, Part]) -> dict[str, tuple[int, float]]:
        rows = dict(self._maria.execute(STATISTICS))
        return {name: (int(rows.get(part.user, 0)), sum(map(cpu_seconds, part.pids()))) for name, part in parts.items()}


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
