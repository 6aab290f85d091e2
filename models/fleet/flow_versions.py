"""The versions of packaged flows: where each stands, the trial of a new one, and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.storable import storable_text
from models.history.audit_log import for_reason, record_change
from models.notify.alerts import raise_alert
from models.tables import FlowTrialRun, FlowVersion, Task
from models.values.enums import FlowVersionState, TrialOutcome

MOST_PHONES = 2  # of a trial
MOST_RUNS_READ = 200  # of a trial
_ALERTS = {
    FlowVersionState.WITHDRAWN: (
        "flow_version_withdrawn",
        "no task is lost: they go on under the version in use; see: phonefleet flow versions",
    ),
    FlowVersionState.IN_USE: (
        "flow_version_in_use",
        "remove the older version once its tasks have ended; see: phonefleet flow versions",
    ),
}


def versions_of(session: Session, flow: str, *, lock: bool = False) -> Sequence[FlowVersion]:
    """Returns the known versions of a flow, in no order. `lock`: nobody else decides about them meanwhile."""
    wanted = select(FlowVersion).where(FlowVersion.flow == flow)
    return session.scalars(wanted.with_for_update().execution_options(populate_existing=True) if lock else wanted).all()


def all_versions(session: Session) -> Sequence[FlowVersion]:
    """Returns the known versions of all flows."""
    return session.scalars(select(FlowVersion).order_by(FlowVersion.flow)).all()


def find_version(session: Session, flow: str, version: str) -> FlowVersion | None:
    """Returns one version as the ledger has it now; None if it does not know it."""
    return session.get(FlowVersion, (flow, version))


def version_in_use(session: Session, flow: str) -> str | None:
    """Returns the version with which new tasks of the flow are planted; None before the coordinator saw it."""
    in_use = (FlowVersion.flow == flow, FlowVersion.state == FlowVersionState.IN_USE)
    return session.scalar(select(FlowVersion.version).where(*in_use))


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided something about a version, why, and when."""

    who: str
    why: str
    at: datetime


def set_version(
    session: Session,
    flow: str,
    version: str,
    state: FlowVersionState,
    by: Decided,
    *,
    phones: Sequence[str] | None = None,
    alerts: bool = False,
) -> FlowVersion:
    """Moves a version to a state, with an audit entry; `alerts`: and tells people, where the end of a trial does.

    The caller has locked the flow's versions. `phones`: of a trial, which begins now.
    """
    flow_version = find_version(session, flow, version)
    before = None if flow_version is None else flow_version.state
    if flow_version is None:
        flow_version = FlowVersion(flow=flow, version=version, given=0)
        session.add(flow_version)
    flow_version.state, flow_version.since, flow_version.why = state, by.at, storable_text(by.why) or None
    told = str(state)
    if state == FlowVersionState.CANARY:
        flow_version.phones, flow_version.given, flow_version.tried_at = list(phones or ()), 0, by.at
        told = f"{state} on {', '.join(flow_version.phones)}"
    with for_reason(by.why):
        record_change(session, by.who, f"flow {flow} {version}", before, told)
    if alerts and state in _ALERTS:
        kind, remedy = _ALERTS[state]
        raise_alert(session, kind, f"flow:{flow} {version}", f"{flow} {version}: {by.why}", remedy, by.at)
    session.flush()
    return flow_version


def note_run(
    session: Session, task: Task, serial: str | None, outcome: TrialOutcome, code: str | None, now: datetime
) -> None:
    """Stores one run of a version on trial: the current attempt at this task."""
    session.add(
        FlowTrialRun(
            flow=task.flow,
            version=task.flow_version,
            task_id=task.id,
            attempt=task.attempt,
            phone_serial=serial,
            outcome=outcome,
            failure_code=code,
            at=now,
        )
    )


def runs_of(session: Session, version: FlowVersion) -> Sequence[FlowTrialRun]:
    """Returns the runs of the version's latest trial, oldest first."""
    mine = (FlowTrialRun.flow == version.flow, FlowTrialRun.version == version.version)
    if version.tried_at is None:
        return []
    wanted = select(FlowTrialRun).where(*mine, FlowTrialRun.at >= version.tried_at).order_by(FlowTrialRun.id)
    return session.scalars(wanted.limit(MOST_RUNS_READ)).all()
