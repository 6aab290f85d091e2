"""Celery for these tests: an app in eager mode, and a real worker on a real Redis."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from tests.support.canvas.tasks import current, make_app
from tests.support.poll import wait_until

START_SECONDS = 30.0
STOP_SECONDS = 20.0


def forget_results(app: Celery) -> None:
    """Collect the results that never came, while there is a Redis to unsubscribe them from."""
    for mapping in app.backend._pending_results:
        for waiting in list(mapping.values()):
            for result in list(waiting.values()):
                app.backend.remove_pending_result(result)
    gc.collect()


@pytest.fixture
def calls() -> list[str]:
    """The calls that eager tasks made."""
    return []


@pytest.fixture
def eager(calls: list[str]) -> Iterator[Celery]:
    """An app whose tasks run where they are applied."""
    app = make_app(calls.append, task_always_eager=True, result_backend="cache+memory://", broker_url="memory://")
    with current(app):
        yield app


@pytest.fixture(scope="module")
def worker(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Celery]:
    """A real worker in a process of its own, and the app that sends to it."""
    log = tmp_path_factory.mktemp("canvas") / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "tests.workers.canvas.worker_app", "worker", "--pool", "threads"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--concurrency", "6", "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
            env={**os.environ, "CANVAS_TESTS_BROKER": redis_url, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=Path(__file__).parents[3],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    app = make_app(lambda _: None, broker_url=redis_url, result_backend=redis_url)
    try:
        wait_until(lambda: b" ready." in log.read_bytes(), START_SECONDS, "the worker to be ready")
        with current(app):
            yield app
    finally:
        forget_results(app)
        app.close()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
