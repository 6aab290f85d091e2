"""Sweeps stale tickets out of Redis: messages of tickets that were taken back, or whose tasks have ended or are held.

They run nothing, and a worker that takes one only puts it away. But a customer that pauses and resumes, or changes
priorities, again and again leaves as many each time. A few are left where they are: workers take them soon enough.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from redis import Redis
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.tables import Phone, Task
from models.tasks.states import ENDED, State
from models.transactions.read_write import read
from workers.dispatch.tickets import NUMBER, list_keys, queue_lengths
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue

FEW = 200  # stale tickets of a queue that are left to its workers
WINDOW = 500  # messages read, and tasks looked up, at once
MOST = 20_000  # messages of a list that are read in one round
NEVER_RUNS = ENDED | {State.HELD, State.WAITING}


def sweep(engine: Engine, redis: Redis) -> int:
    """Deletes the stale tickets of each queue that has more than 200. Returns their number. Raises redis.RedisError."""
    expected = read(engine, _expected)
    lengths = queue_lengths(redis, list(expected))
    crowded = [queue for queue, count in expected.items() if lengths[queue] > count + FEW]
    return sum(_sweep_list(engine, redis, key) for queue in crowded for key in list_keys(queue))


def _expected(session: Session) -> dict[str, int]:
    """Returns how many tickets each queue should have."""
    serials = session.scalars(select(Phone.serial)).all()
    found = dict.fromkeys((POOL_QUEUE, DESK_QUEUE, *map(phone_queue, serials)), 0)
    out = (Task.state == State.READY, Task.rung_queue.is_not(None))
    for queue, count in session.execute(select(Task.rung_queue, func.count()).where(*out).group_by(Task.rung_queue)):
        found[str(queue)] = count
    return found


def _sweep_list(engine: Engine, redis: Redis, key: str) -> int:
    """Reads a list from its old end, which is served next; what is deleted moves the others up."""
    swept, kept = 0, 0
    for _ in range(0, MOST, WINDOW):
        window = cast("list[bytes]", redis.lrange(key, -kept - WINDOW, -kept - 1))
        if not window:
            break
        stale = _stale(engine, window)
        with redis.pipeline(transaction=False) as pipe:
            for raw in stale:
                pipe.lrem(key, -1, raw.decode())
            pipe.execute()
        swept += len(stale)
        kept += len(window) - len(stale)
    return swept


def _stale(engine: Engine, window: Sequence[bytes]) -> list[bytes]:
    messages = [(raw, json.loads(raw)["headers"]) for raw in window]
    numbers = {
        raw: (str(headers["id"]), headers[NUMBER]) for raw, headers in messages if headers.get(NUMBER) is not None
    }
    wanted = select(Task.id, Task.ticket, Task.state)

    def look(session: Session) -> Mapping[str, Any]:
        rows = session.execute(wanted.where(Task.id.in_({task_id for task_id, _ in numbers.values()})))
        return {row.id: row for row in rows}

    rows = read(engine, look)
    return [raw for raw, (task_id, number) in numbers.items() if _is_stale(rows.get(task_id), number)]


def _is_stale(row: Any, number: object) -> bool:
    """True when no worker could run a task by this message, now or later."""
    if row is None:
        return False
    return row.state in NEVER_RUNS or (isinstance(number, int) and number < row.ticket)
