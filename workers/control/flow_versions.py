"""What a person decides about the versions of a packaged flow: which is tried, where, and which is in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.flow_versions import MOST_PHONES, Decided, set_version, versions_of
from models.fleet.online_phones import phones_at_work
from models.tables import FlowVersion, Phone, Task
from models.tasks.states import State
from models.values.enums import FlowVersionState
from models.values.refused import refuse
from workers.policy.flow_trial import trial_phones

SEE = "see: phonefleet flow versions"
OPEN = (State.WAITING, State.READY, State.RUNNING, State.HELD, State.NEEDS_REVIEW)


def try_version(session: Session, flow: str, version: str, phones: Sequence[str], *, who: str, why: str) -> FlowVersion:
    """Begins a trial of this version, or begins it again. Without `phones` it takes two that work. Raises Refused."""
    rows = versions_of(session, flow, lock=True)
    one = _find(rows, flow, version)
    if one.state == FlowVersionState.IN_USE:
        raise refuse("VERSION", f"{flow} {version} is in use", "try another version")
    if not any(row.state == FlowVersionState.IN_USE for row in rows):
        raise refuse("FLOW", f"no version of {flow} is in use, to which its tasks could go back", SEE)
    other = next((row for row in rows if row.state == FlowVersionState.CANARY and row is not one), None)
    if other is not None:
        remedy = f"wait for its end, or end it: phonefleet flow withdraw {flow} {other.version}"
        raise refuse("VERSION", f"{flow} {other.version} is on trial", remedy)
    chosen = _known_phones(session, phones) or _working_phones(session)
    by = Decided(who, why, database_now(session))
    return set_version(session, flow, version, FlowVersionState.CANARY, by, phones=chosen)


def promote_version(session: Session, flow: str, version: str, *, who: str, why: str) -> FlowVersion:
    """Has new tasks planted with this version. Raises Refused."""
    rows = versions_of(session, flow, lock=True)
    one, by = _find(rows, flow, version), Decided(who, why, database_now(session))
    if one.state == FlowVersionState.IN_USE:
        return one
    for row in rows:
        if row.state == FlowVersionState.IN_USE:
            set_version(session, flow, row.version, FlowVersionState.RETIRED, by)
    return set_version(session, flow, version, FlowVersionState.IN_USE, by)


def withdraw_version(session: Session, flow: str, version: str, *, who: str, why: str) -> FlowVersion:
    """Takes a version back: its open tasks go on under the one in use. Raises Refused.

    When it is itself in use, the one that was in use before it takes its place.
    """
    rows = versions_of(session, flow, lock=True)
    one, by = _find(rows, flow, version), Decided(who, why, database_now(session))
    if one.state == FlowVersionState.WITHDRAWN:
        return one
    if one.state == FlowVersionState.IN_USE:
        before = [row for row in rows if row.state == FlowVersionState.RETIRED]
        if not before:
            reason = f"{flow} {version} is in use, and there is no version that was in use before"
            raise refuse("VERSION", reason, f"promote another one first: phonefleet flow promote {flow} VERSION")
        latest = max(before, key=lambda row: row.since)
        set_version(session, flow, latest.version, FlowVersionState.IN_USE, by)
    return set_version(session, flow, version, FlowVersionState.WITHDRAWN, by)


def open_tasks(session: Session) -> Mapping[tuple[str, str], int]:
    """Returns how many tasks of each flow's versions have not ended."""
    flows = select(FlowVersion.flow).distinct()
    counted = select(Task.flow, Task.flow_version, func.count()).where(Task.state.in_(OPEN), Task.flow.in_(flows))
    return {
        (flow, version): count
        for flow, version, count in session.execute(counted.group_by(Task.flow, Task.flow_version))
    }


def _find(rows: Sequence[FlowVersion], flow: str, version: str) -> FlowVersion:
    if not rows:
        raise refuse("FLOW", f"the fleet has no flow package {flow}", SEE)
    one = next((row for row in rows if row.version == version), None)
    if one is None or one.state == FlowVersionState.REMOVED:
        there = ", ".join(sorted(row.version for row in rows if row.state != FlowVersionState.REMOVED))
        raise refuse("VERSION", f"the fleet has no version {version} of {flow}; it has {there}", SEE)
    return one


def _known_phones(session: Session, phones: Sequence[str]) -> list[str]:
    named = list(dict.fromkeys(phones))
    if len(named) > MOST_PHONES:
        raise refuse("--phone", f"a trial has {MOST_PHONES} phones at most, not {len(named)}", "name one or two")
    known = set(session.scalars(select(Phone.serial).where(Phone.serial.in_(named))))
    for serial in named:
        if serial not in known:
            raise refuse("--phone", f"phone {serial!r} is unknown", "see: phonefleet phones")
    return named


def _working_phones(session: Session) -> list[str]:
    found = trial_phones((), phones_at_work(session), MOST_PHONES)
    if not found:
        raise refuse("--phone", "no phone works that could try it", "name phones that will: --phone SERIAL")
    return found
