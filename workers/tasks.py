"""The Celery tasks that the fleet serves: one for each flow, the desk's own, and the look at who is logged in.

Their bodies take no arguments from the message. It is a ticket: what is to be done stands in the
ledger, and a message whose id is no task of the ledger runs nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task

import workers.campaigns.stages  # noqa: F401 - registers its desk tasks
from flows.specs.catalogue import SPECS
from workers.app import app
from workers.dispatch.any_owed import any_waits
from workers.dispatch.messages import FIND, IDENTIFY, RECORD
from workers.dispatch.ring import ring_ready
from workers.execution.register import ticket_task

log = logging.getLogger("phonefleet.tasks")


FLOW_TASKS: dict[str, Task[..., Any]] = {name: ticket_task(name) for name in SPECS}

nurture = FLOW_TASKS["nurture"]
collect_titles = FLOW_TASKS["collect_titles"]
collect_comments = FLOW_TASKS["collect_comments"]
directed = FLOW_TASKS["directed"]
dislike_comment = FLOW_TASKS["dislike_comment"]
report_comment = FLOW_TASKS["report_comment"]
monitor_account = FLOW_TASKS["monitor_account"]
monitor_keyword = FLOW_TASKS["monitor_keyword"]
monitor_post = FLOW_TASKS["monitor_post"]


@app.task(name=IDENTIFY, shared=False)
def look_who_is_logged_in() -> str | None:
    """Read the account on this worker's phone; what waits for an account that was not known is rung."""
    # who only submits touches no phone
    from workers.execution.identify_account import find_account  # noqa: PLC0415
    from workers.execution.worker import current_worker  # noqa: PLC0415

    worker = current_worker()
    found = find_account(worker)
    if found is None:
        return None
    # as a rule nothing waits, and each worker would copy the code of a ring for itself
    if not found.again and any_waits(worker.engine):
        ring_ready(worker.engine, explain=False)
    return found.account.id


@app.task(name=FIND, shared=False)
def show_its_number() -> bool:
    """Show the number of this worker's phone, if it was asked to."""
    from workers.execution.find_me import show_number  # noqa: PLC0415
    from workers.execution.worker import current_worker  # noqa: PLC0415

    return show_number(current_worker())


@app.task(name=RECORD, shared=False)
def do_a_touch_of_a_recording() -> bool:
    """Do the touch that a recording in the console asks this worker's phone for."""
    from workers.execution.record_touch import do_touch  # noqa: PLC0415
    from workers.execution.worker import current_worker  # noqa: PLC0415

    return do_touch(current_worker())
