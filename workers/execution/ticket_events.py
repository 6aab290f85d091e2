"""Celery's events about tickets that no Celery consumer delivered, so that Flower shows their tasks as all others."""

from __future__ import annotations

from typing import Any

from celery.states import FAILURE, IGNORED, RETRY, REVOKED

from workers.dispatch.celery_state import AttemptFailed, GoesOn, TicketOutcome
from workers.dispatch.next_ticket import TakenTicket


class TicketEvents:
    """Sends the events of a ticket over its consumer's dispatcher, as celery.worker.request does; none without one."""

    def __init__(self) -> None:
        self.dispatcher: Any = None  # of the consumer that runs now: celery.events.EventDispatcher

    def began(self, ticket: TakenTicket) -> None:
        """Says that the worker received the ticket, and that its task started."""
        told = {"name": ticket.name, "args": ticket.args, "kwargs": ticket.kwargs, "root_id": ticket.task_id}
        self._send("task-received", ticket, **told, parent_id=None, retries=0, eta=None, expires=None)
        self._send("task-started", ticket)

    def ended(self, ticket: TakenTicket, outcome: TicketOutcome, runtime: float) -> None:
        """Says how the ticket ended, after `runtime` seconds."""
        match outcome.state:
            case state if state == IGNORED:
                return
            case state if state == RETRY:
                self._send("task-retried", ticket, exception=repr(GoesOn(outcome.why)), traceback="")
            case state if state == REVOKED:
                self._send("task-revoked", ticket, terminated=True, signum=None, expired=False)
            case state if state == FAILURE:
                self._send("task-failed", ticket, exception=repr(AttemptFailed(outcome.why)), traceback="")
            case _:
                self._send("task-succeeded", ticket, result=repr(outcome.why), runtime=runtime)

    def _send(self, kind: str, ticket: TakenTicket, **fields: Any) -> None:
        if self.dispatcher is not None:
            self.dispatcher.send(kind, uuid=ticket.task_id, **fields)
