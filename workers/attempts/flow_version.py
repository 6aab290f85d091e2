"""The version of a flow package under which a task was planted: whether this host has it, what a failure of it means.

A task keeps its version while that is there. A version on trial gets one attempt at a task: whatever it ends in but
success, the task goes back to the version in use, so that no trial costs a task. See docs/decisions/flow-versions.md.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from flows.specs.catalogue import VERSIONS
from models.fleet.flow_versions import find_version, note_run, version_in_use
from models.tables import Attempt, Task
from models.tasks.transitions import back_to_ready
from models.values.enums import AttemptOutcome, FlowVersionState, TrialOutcome
from workers.attempts.quarantine import blame_phone
from workers.lifecycle.planted_version import give_version
from workers.policy.flow_trial import judge_run
from workers.policy.retry import RESTING

UNPROVEN = (FlowVersionState.CANARY, FlowVersionState.WITHDRAWN)


def may_act(flow: str) -> bool:
    """Returns whether any version of this flow on this host acts."""
    return any(spec.acts for spec in VERSIONS.get(flow, {}).values())


def version_absent(task: Task) -> str | None:
    """Returns why a task cannot run on this host, which does not have its flow's version; None if it has it."""
    there = VERSIONS.get(task.flow)
    if there is None or task.flow_version in there:
        return None
    return (
        f"flow_version: {task.flow} {task.flow_version}, under which it was planted, is not on this phone's host,"
        f" which has {', '.join(there)}; put it beside them and start the host again, or remove it from the"
        " coordinator's host too: then the task goes on under the version in use"
    )


def note_success(session: Session, task: Task, serial: str | None, now: datetime) -> None:
    """Counts a success for the version of the task, if that is on trial."""
    if _on_trial(session, task) == FlowVersionState.CANARY:
        note_run(session, task, serial, judge_run(None), None, now)


def failed_on_trial(session: Session, task: Task, attempt: Attempt, code: str, now: datetime) -> list[str] | None:
    """Counts a failure for a version on trial, and gives its task back to the version in use.

    Returns the ids to ring; None if the failure takes its usual course: the version is not on trial, the task is to
    stop, or the platform asked for a person, which no version changes. What the trial judges blames no content, and
    a phone only if it is no fault of the version.
    """
    if _on_trial(session, task) is None:
        return None
    outcome = judge_run(code)
    note_run(session, task, attempt.phone_serial, outcome, code, now)
    tried, stable = task.flow_version, version_in_use(session, task.flow)
    if stable is None or stable == tried:
        return None
    give_version(task, stable)
    if code in RESTING or task.stop_requested:
        return None
    if outcome != TrialOutcome.FAULT and attempt.outcome != AttemptOutcome.LOST and attempt.phone_serial is not None:
        blame_phone(session, attempt.phone_serial, code, now)
    return back_to_ready(session, task, now, f"again under version {stable}: {tried} is not proven and failed: {code}")


def _on_trial(session: Session, task: Task) -> FlowVersionState | None:
    """Returns the state of the task's version if it is not proven. Asks the ledger only where there are several."""
    if len(VERSIONS.get(task.flow, ())) < 2 or task.verifying:
        return None
    row = find_version(session, task.flow, task.flow_version)
    return FlowVersionState(row.state) if row is not None and row.state in UNPROVEN else None
