"""Registers a flow or a desk function as a Celery task, so that signatures can be made of it."""

from __future__ import annotations

from typing import Any

from celery import Task

from workers.app import app
from workers.desk import DESK, MAPS, DeskFunction, put_on_desk
from workers.dispatch.celery_state import ON_PURPOSE, finish_message
from workers.dispatch.tickets import NUMBER


def ticket_task(name: str) -> Task[..., Any]:
    """Returns the Celery task of this name: it makes signatures, and its messages are tickets.

    It reads only a message's id, priority and number, and ignores the rest.
    """

    @app.task(name=name, bind=True, shared=False, throws=ON_PURPOSE, runs_tickets=True)
    def ticket(self: Task[..., Any], /, *_args: Any, **_kwargs: Any) -> str:
        from workers.execution.run import run_ticket  # noqa: PLC0415 - who only submits needs nothing that runs a task

        return finish_message(run_ticket(self.request.id, *step_and_number(self.request), name=name))

    return ticket


def step_and_number(request: Any) -> tuple[int | None, int | None]:
    """Returns a ticket's priority and number, as its message says; None for what it does not say."""
    return (request.delivery_info or {}).get("priority"), request.get(NUMBER)


@app.on_after_finalize.connect
def _whatever_is_on_the_desk_has_tickets(**_: object) -> None:
    """Also `map` and `starmap`, whose names belong to tasks that Celery makes when the application is complete."""
    for name in DESK:
        if name in MAPS:
            app.tasks.unregister(name)
        if name not in app.tasks:
            ticket_task(name)


def desk_task(function: DeskFunction) -> Task[..., Any]:
    """Registers `function(desk, *args, **kwargs)` as a task that runs at the desk, under its own name.

    It returns a value, or a signature that takes its place. Raises ValueError for a name that is taken.
    """
    put_on_desk(function.__name__, function)
    return ticket_task(function.__name__)
