"""Desk tasks whose tickets raise before anything is claimed: what a defect in the worker, or in a module, does."""

from __future__ import annotations

from typing import Any

from redis import Redis

from workers.app import app
from workers.desk import put_on_desk
from workers.dispatch.celery_state import finish_message
from workers.execution.register import step_and_number
from workers.execution.run import run_ticket
from workers.settings import settings

for _name in ("broken_call", "broken_body", "broken_exit", "broken_twice", "nobody_knows"):
    put_on_desk(_name, lambda _desk, *_args, **_kwargs: "ran")


@app.task(name="broken_call", shared=False)
def call(one: int, two: int) -> None:
    """Wants arguments, which no ticket has."""


@app.task(name="broken_body", shared=False)
def body(*_args: Any, **_kwargs: Any) -> None:
    """Raise at once."""
    raise RuntimeError("broken before the claim 坏了")


@app.task(name="broken_exit", shared=False)
def division() -> float:
    """Another kind of error."""
    return 1 / 0


@app.task(name="broken_twice", bind=True, shared=False)
def twice(self: Any) -> str:
    """Raise as often as the key `broken_twice` says, then run."""
    left = Redis.from_url(settings().redis_url, socket_timeout=5).decr("broken_twice")
    if left >= 0:
        raise OSError("not yet")
    return finish_message(run_ticket(self.request.id, *step_and_number(self.request)))


@app.on_after_finalize.connect
def _forget(**_: object) -> None:
    """As if no module had registered it."""
    app.tasks.pop("nobody_knows", None)
