"""A peer of few lines: a list in Redis, and a worker that takes from it. `python -m` this is the worker."""

from __future__ import annotations

import json
import time

from benchmarks.peers.start import noop, shared_redis

WAITING, ENDED = "stand-in:waiting", "stand-in:ended"


def send(count: int) -> None:
    """Push so many tasks."""
    shared_redis().rpush(WAITING, *(["[]"] * count))


def send_one() -> None:
    """Push one that says when it began."""
    shared_redis().rpush(WAITING, json.dumps([time.time()]))


def done() -> int:
    """How many the workers counted."""
    return int(shared_redis().get(ENDED) or 0)


def main() -> None:
    """Work until SIGTERM."""
    while True:
        found = shared_redis().blpop([WAITING], 5)
        if found is not None:
            noop(*json.loads(found[1]))
            shared_redis().incr(ENDED)


if __name__ == "__main__":
    main()
