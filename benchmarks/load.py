"""Load on loopback: requests made ready beforehand, sent over kept-alive connections, answers timed and counted.

The same light sender for everything that is compared, so that what it costs itself is the same on both sides.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

CONNECTIONS = 32  # a dispatch centre that hands over a day of work has many requests under way
SECONDS = 60.0  # for one answer


@dataclass(frozen=True, slots=True)
class Measured:
    """How many answers came in a second, and the 99th percentile of their times in milliseconds."""

    per_second: float
    p99_ms: float
    bodies: Sequence[bytes]


def request(method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    """A request as it goes over the wire."""
    told = {"host": "127.0.0.1", "content-length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


def send_all(port: int, requests: Sequence[bytes], wanted: int, connections: int = CONNECTIONS) -> Measured:
    """Send them over so many connections, one after the other on each. Raises RuntimeError for another status."""
    return asyncio.run(_send_all(port, requests, wanted, connections))


async def _send_all(port: int, requests: Sequence[bytes], wanted: int, connections: int) -> Measured:
    waiting = list(reversed(requests))
    times: list[float] = []
    bodies: list[bytes] = []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            sent = waiting.pop()
            began = time.perf_counter()
            writer.write(sent)
            status, body = await asyncio.wait_for(_answer(reader), SECONDS)
            times.append(time.perf_counter() - began)
            if status != wanted:
                raise RuntimeError(f"answered {status}: {body[:500]!r}")
            bodies.append(body)
        writer.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one_connection())
    seconds = time.perf_counter() - began
    return Measured(len(requests) / seconds, statistics.quantiles(times, n=100)[98] * 1000, bodies)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
    return int(head.split(" ", 2)[1]), await reader.readexactly(length)
