"""Ends tasks that would comment on a video which has all the comments that the cap allows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from flows.failures import CODES
from models.responsible_use.action_journal import actions_of
from models.responsible_use.caps import comment_refusal
from models.tables import Task
from models.tasks.states import State
from models.tasks.transitions import TaskEnd
from models.values.enums import ActionOutcome
from workers.attempts.cap_facts import CapFacts
from workers.lifecycle.dependents import end_task


def refuse_full_video(session: Session, task: Task, facts: CapFacts, now: datetime) -> str | None:
    """Ends a task whose comment no account may post any more. Returns the reason; None when one may.

    It would wait until its latest end otherwise: no day frees this cap. A task that acted already goes on, to its
    verification or its result: its own comment counts under the cap.
    """
    if not task.acts or not facts.comments_there:
        return None
    if task.attempt and any(action.outcome != ActionOutcome.NOT_DONE for action in actions_of(session, task.id)):
        return None
    refused = comment_refusal(facts.caps, facts.comments)
    if refused is None:
        return None
    rule = CODES[refused.code]
    how = TaskEnd(State.FAILED, code=refused.code, kind=rule.kind, culprit=rule.culprit, reason=refused.reason)
    end_task(session, task, how, now)
    return refused.reason
