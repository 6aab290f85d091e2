"""The Celery tasks that the fleet serves: one for each flow, the desk's own, and the look at who is logged in.

Their bodies take no arguments from the message. It is a ticket: what is to be done stands in the
ledger, and a message whose id is no task of the ledger runs nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task

import workers.campaigns.stages  # noqa: F401 - registers its desk tasks
from flows.registry import FLOWS
from workers.app import app
from workers.dispatch.messages import IDENTIFY
from workers.dispatch.ring import ring_ready
from workers.execution.register import ticket_task

log = logging.getLogger("phonefleet.tasks")


FLOW_TASKS: dict[str, Task[..., Any]] = {name: ticket_task(name) for name in FLOWS}

nurture = FLOW_TASKS["nurture"]
collect_titles = FLOW_TASKS["collect_titles"]
collect_comments = FLOW_TASKS["collect_comments"]
directed = FLOW_TASKS["directed"]


@app.task(name=IDENTIFY, shared=False)
def look_who_is_logged_in() -> str | None:
    """Read the account on this worker's phone; what waits for that account is rung."""
    # who only submits touches no phone
    from workers.execution.identify_account import identify  # noqa: PLC0415
    from workers.execution.worker import current_worker  # noqa: PLC0415

    worker = current_worker()
    account = identify(worker)
    if account is None:
        return None
    ring_ready(worker.engine)
    return account.id
