"""Keeps the versions of packaged flows: tries a new one on two phones, promotes it or takes it back, moves tasks.

The fleet has the versions that the leading coordinator has.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, or_, select
from sqlalchemy.orm import Session

from flows.specs.catalogue import VERSIONS
from models.database.clock import database_now
from models.fleet.flow_versions import MOST_PHONES, Decided, runs_of, set_version, versions_of
from models.fleet.online_phones import phones_at_work
from models.tables import FlowVersion, Task
from models.tasks.states import State
from models.tasks.transitions import owe_ticket
from models.transactions.read_write import read, write
from models.values.enums import FlowVersionState, TrialOutcome
from workers.lifecycle.planted_version import give_version
from workers.policy.flow_trial import Move, absent_states, moves_of, trial_phones

log = logging.getLogger("phonefleet.versions")

WHO = "coordinator"
BATCH_SIZE = 500  # tasks that move in one transaction; the next round moves the rest
PATIENCE = timedelta(minutes=10)  # so long a task waits for its trial's phones
EAGER = timedelta(minutes=10)  # so long after a version went its tasks are looked for in each round
OPEN = (State.WAITING, State.READY, State.HELD)


Looked = dict[tuple[str, str], datetime]  # flow and version → when the tasks of one that went were looked for


def keep_versions(engine: Engine, looked: Looked) -> list[str]:
    """Carries out what is due for each flow in a package. Returns the ids of tasks that moved and are ready.

    `looked` stays with the caller from round to round.
    """
    ready: list[str] = []
    for flow, versions in VERSIONS.items():
        ready += _keep(engine, flow, [*versions], looked)
    return ready


def _keep(engine: Engine, flow: str, there: Sequence[str], looked: Looked) -> list[str]:
    """Looks without a lock first: nothing is due in nearly every round."""
    if read(engine, lambda session: _due(session, flow, there, versions_of(session, flow))):
        write(engine, lambda session: _carry_out(session, flow, there))
    rows, now = read(engine, lambda session: (versions_of(session, flow), database_now(session)))
    stable = next((row.version for row in rows if row.state == FlowVersionState.IN_USE), None)
    left = [row for row in rows if _may_leave(row, now, looked)]
    if stable is None or not left:
        return []
    return write(engine, lambda session: _move_tasks(session, left, stable, now))


def _may_leave(row: FlowVersion, now: datetime, looked: Looked) -> bool:
    """Returns whether tasks of the version are looked for that cannot stay with it, or with its trial's phones."""
    if row.state == FlowVersionState.CANARY:
        return True
    went = bool(absent_states({row.version: FlowVersionState(row.state)}))
    if not went and (row.state != FlowVersionState.IN_USE or not row.phones):
        return False
    key = row.flow, row.version
    if now - row.since > EAGER and now - looked.get(key, row.since) < EAGER:
        return False
    looked[key] = now
    return True


def _move_tasks(session: Session, rows: Sequence[FlowVersion], stable: str, now: datetime) -> list[str]:
    moved: list[str] = []
    for row in rows:
        if row.state == FlowVersionState.CANARY:
            which = _stranded(session, row, now)
        elif row.state == FlowVersionState.IN_USE:
            which = _in_trial(row)  # it is over: any phone may take them
        else:
            which = Task.state.in_(OPEN)
        moved += _give(session, row, stable, which)
    return moved


def _states(rows: Sequence[FlowVersion]) -> dict[str, FlowVersionState]:
    return {row.version: FlowVersionState(row.state) for row in rows}


def _due(session: Session, flow: str, there: Sequence[str], rows: Sequence[FlowVersion]) -> list[Move]:
    trial = next((row for row in rows if row.state == FlowVersionState.CANARY), None)
    outcomes = [] if trial is None else [TrialOutcome(run.outcome) for run in runs_of(session, trial)]
    untried = len(there) > 1 and trial is None
    return moves_of(there, _states(rows), outcomes, phones=bool(untried and phones_at_work(session)))


def _carry_out(session: Session, flow: str, there: Sequence[str]) -> None:
    rows = versions_of(session, flow, lock=True)
    now = database_now(session)
    named = [serial for row in sorted(rows, key=lambda one: one.since) for serial in reversed(row.phones or ())]
    for move in _due(session, flow, there, rows):
        phones = None
        if move.state == FlowVersionState.CANARY:
            phones = trial_phones([*dict.fromkeys(reversed(named))], phones_at_work(session), MOST_PHONES)
        by = Decided(WHO, move.why, now)
        set_version(session, flow, move.version, move.state, by, phones=phones, alerts=move.ends_trial)
        log.warning("flow %s %s is %s now: %s", flow, move.version, move.state, move.why)


def _in_trial(row: FlowVersion) -> ColumnElement[bool]:
    return and_(Task.state == State.READY, Task.own_pins.is_not(None), Task.pinned_phone.in_(row.phones or ()))


def _stranded(session: Session, row: FlowVersion, now: datetime) -> ColumnElement[bool]:
    """Returns which tasks of a trial wait for phones that do not take them."""
    working = {serial for serial, _ in phones_at_work(session)}
    gone = [serial for serial in row.phones or () if serial not in working]
    return and_(_in_trial(row), or_(Task.pinned_phone.in_(gone), Task.not_before < now - PATIENCE))


def _give(session: Session, row: FlowVersion, stable: str, which: ColumnElement[bool]) -> list[str]:
    """Gives these tasks of a version to the one in use. Returns the ids of those that are ready."""
    mine = (Task.flow == row.flow, Task.flow_version == row.version, ~Task.verifying, which)
    wanted = select(Task).where(*mine).order_by(Task.id).limit(BATCH_SIZE).with_for_update(skip_locked=True)
    ready: list[str] = []
    for task in session.scalars(wanted):
        give_version(task, stable)
        if task.state == State.READY:
            owe_ticket(task)
            ready.append(task.id)
        if row.version != stable:
            task.waits_for = task.waits_for if task.state == State.HELD else _moved(row, stable)
    return ready


def _moved(row: FlowVersion, stable: str) -> str:
    return f"it goes on under version {stable}; {row.version} is {row.state}: {row.why or ''}"
