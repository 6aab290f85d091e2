"""Resumes what was paused until a time that has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import Engine

from models.fleet.own_pauses import OWN
from models.history.audit_log import for_reason
from models.tasks.pause_ends import due_ends, put_off
from models.transactions.read_write import read, write
from models.values.refused import Refused
from workers.control.own_pause import end_own_pause
from workers.control.pause import resume_campaign, resume_task
from workers.control.phone_pause import resume_phone

MOST = 100  # in one round
BY_ITSELF = "phonefleet"  # who resumes, for the audit log
WHY = "the time of its pause is over"

RESUME: Mapping[str, Callable[..., int]] = {
    "campaign": lambda engine, one, **how: resume_campaign(engine, one, at_once=False, **how),
    "task": resume_task,
    "phone": resume_phone,
    OWN: end_own_pause,
}


def end_pauses(engine: Engine) -> int:
    """Resumes each such phone, task and campaign; the janitor `ring` rings them. Returns the number.

    What cannot be resumed now is tried again a minute later; what is not paused any more is forgotten.
    """
    ended = 0
    for subject in read(engine, lambda session: due_ends(session, MOST)):
        kind, _, one = subject.partition(":")
        try:
            with for_reason(WHY):
                RESUME[kind](engine, one, who=BY_ITSELF, ring_now=False, due=True)
            ended += 1
        except Refused:
            write(engine, partial(put_off, subject=subject))
    return ended
