"""Several threads that do one thing at one moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")

SECONDS = 60.0


def at_once(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """What the jobs return, each run by a thread of its own; all begin together. Raises what a job raised."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        barrier.wait(SECONDS)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(SECONDS) for future in [pool.submit(run, job) for job in jobs]]
