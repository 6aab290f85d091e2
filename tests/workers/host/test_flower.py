"""Flower, as it is: it shows phones as workers and flows by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError

import pytest

from scripts.local.embedded import free_port
from tests.support.host.processes import WAIT, shelf
from tests.support.host.shelf import Traces, celery_for, ticket
from tests.support.poll import wait_until
from workers.dispatch.tickets import publish
from workers.runtime.linux import bound_to_me

pytestmark = pytest.mark.fleet

HEARTBEAT = 1


class Flower:
    """Flower's HTTP API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Any:
        """The JSON behind a path; None while Flower does not answer."""
        try:
            with urllib.request.urlopen(f"{self._url}{path}", timeout=WAIT) as answer:
                return json.load(answer)
        except URLError:
            return None

    def online(self) -> set[str]:
        """The names of the workers that Flower holds for alive."""
        workers = self.get("/api/workers?status=1") or {}
        return {name for name, is_alive in workers.items() if is_alive}

    def last_heartbeat(self, worker: str) -> float:
        """When this worker's heart beat last, seconds since 1970; 0 for never."""
        workers = (self.get("/workers?json=1") or {"data": []})["data"]
        return max((beat for one in workers if one["hostname"] == worker for beat in one["heartbeats"]), default=0.0)

    def task(self, task_id: str) -> tuple[str, str, str] | None:
        """Name, state and worker of a task."""
        task = (self.get("/api/tasks") or {}).get(task_id)
        return task and (task["name"], task["state"], task["worker"])


@contextmanager
def flower() -> Iterator[Flower]:
    """Flower on the environment's Redis, once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "celery", "-A", "workers.app", "flower", f"--port={port}", "--address=127.0.0.1"]
    process = subprocess.Popen(
        bound_to_me(command), env={**os.environ, "FLOWER_UNAUTHENTICATED_API": "true"}, stderr=subprocess.DEVNULL
    )
    try:
        api = Flower(port)
        wait_until(lambda: api.get("/api/workers?status=1") is not None, WAIT, "Flower to answer")
        yield api
    finally:
        process.terminate()
        process.wait(WAIT)


def test_flower_lists_every_phone_online_and_its_task_as_started_while_it_runs(host_redis: str) -> None:
    phones, busy = {"SIM0001@shelf", "SIM0002@shelf", "SIM0003@shelf", "desk-0@shelf"}, "SIM0002@shelf"
    with flower() as api, shelf(host_redis, 3, PHONEFLEET_HEARTBEAT=str(HEARTBEAT), PHONEFLEET_DESKS="1"):
        wait_until(lambda: api.online() == phones, WAIT, "all phones online")
        Traces(host_redis).redis.flushall()  # events and heartbeats do not depend on what Redis holds
        running = ticket("sample.long", "phone.SIM0002")
        publish(celery_for(host_redis), [running])
        started = ("sample.long", "STARTED", busy)
        wait_until(lambda: api.task(running.task_id) == started, WAIT, "the task to show as started")
        began = api.last_heartbeat(busy)
        wait_until(lambda: api.last_heartbeat(busy) > began + 3 * HEARTBEAT, WAIT, "more than three heartbeats")
        wait_until(lambda: api.online() == phones, WAIT, "all phones still online")  # a heartbeat may be late
        assert api.task(running.task_id) == started
        Traces(host_redis).release()
        done = ("sample.long", "SUCCESS", busy)
        wait_until(lambda: api.task(running.task_id) == done, WAIT, "the task to show as done")
