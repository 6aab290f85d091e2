"""Register: give a flow or a desk function its Celery task, so that signatures can be made of it."""

from __future__ import annotations

from typing import Any

from celery import Task

from workers.app import app
from workers.desk import DeskFunction, put_on_desk
from workers.run import run_ticket


def ticket_task(name: str) -> Task[..., Any]:
    """The Celery task of this name: it makes signatures, and its messages are tickets."""

    @app.task(name=name, bind=True, shared=False)
    def ticket(self: Task[..., Any], *_args: Any, **_kwargs: Any) -> str:
        return run_ticket(self.request.id, (self.request.delivery_info or {}).get("priority"))

    return ticket


def desk_task(function: DeskFunction) -> Task[..., Any]:
    """Register `function(desk, *args, **kwargs)` as a task that runs at the desk, under its own name.

    It returns a value, or a signature that takes its place. Raises ValueError for a name that is taken.
    """
    put_on_desk(function.__name__, function)
    return ticket_task(function.__name__)
