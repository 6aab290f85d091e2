"""Procrastinate on PostgreSQL, which waits for its disk."""

from __future__ import annotations

import os
import time

import psycopg
from procrastinate import App, PsycopgConnector

from benchmarks.peers.start import noop

DATABASE = "BENCH_PROCRASTINATE_DATABASE"  # libpq's address

app = App(connector=PsycopgConnector(conninfo=os.environ[DATABASE]))
_opened: list[App] = []


@app.task(name="noop")
async def task(sent_at: float | None = None) -> None:
    """The task, on the worker's event loop."""
    noop(sent_at)


def _open() -> None:
    if not _opened:
        _opened.append(app.open())


def send(count: int) -> None:
    """All in one statement, as phonefleet plants a campaign."""
    _open()
    task.batch_defer(*({} for _ in range(count)))


def send_one() -> None:
    """One job."""
    _open()
    task.defer(sent_at=time.time())


def done() -> int:
    """Jobs that succeeded, by the database."""
    with psycopg.connect(os.environ[DATABASE], connect_timeout=10) as connection:
        found = connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'").fetchone()
    return int(found[0]) if found else 0
