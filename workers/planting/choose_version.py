"""Chooses the version of tasks of one flow that is here in several: the one in use, or the one on trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from flows.specs.flow_spec import FlowSpec, check_given
from models.database.clock import database_now
from models.fleet.flow_versions import versions_of
from models.fleet.online_phones import online_phones
from models.tables import FlowVersion
from models.values.enums import FlowVersionState
from workers.canvas.rows import PlantedRow, Value
from workers.planting.chosen_version import ChosenVersion
from workers.planting.pins import pin_of
from workers.planting.validate import given_params
from workers.policy.flow_trial import TrialPhone, gets_trial, place_in_trial

Versions = Mapping[str, FlowSpec[Any, Any]]  # oldest first


def choose(
    session: Session, flow: str, there: Versions, rows: Sequence[PlantedRow], *, sandbox: bool
) -> dict[str, ChosenVersion]:
    """Returns the version of each of these tasks of the flow, by the task's id."""
    known = versions_of(session, flow)
    if any(one.state == FlowVersionState.CANARY for one in known):
        known = versions_of(session, flow, lock=True)  # its trial may not be given more tasks than it has left
    oldest = next(iter(there))
    in_use = (one.version for one in known if one.state == FlowVersionState.IN_USE and one.version in there)
    stable = next(in_use, oldest)
    trial = next((one for one in known if one.state == FlowVersionState.CANARY and one.version in there), None)
    phones = [] if trial is None else _phones(session, trial)
    chosen: dict[str, ChosenVersion] = {}
    for place, row in enumerate(rows):
        one = None if trial is None else _in_trial(trial, there, phones, place, row, sandbox=sandbox)
        # what only the oldest version takes, by whose parameters the task was checked, runs under that one
        chosen[row.id] = one or ChosenVersion(stable if stable == oldest or _fits(there[stable], row) else oldest)
    return chosen


def _in_trial(
    trial: FlowVersion, there: Versions, phones: Sequence[TrialPhone], place: int, row: PlantedRow, *, sandbox: bool
) -> ChosenVersion | None:
    """Returns the trial's version for a task that it can have, and counts it; None for any other."""
    pin = pin_of(row)
    if pin.phone is not None or not gets_trial(place, trial.given) or not _fits(there[trial.version], row):
        return None
    phone = place_in_trial(pin.account, phones, trial.given, sandbox=sandbox)
    if phone is None:
        return None
    trial.given += 1
    return ChosenVersion(trial.version, phone.serial if pin.account is None else None)


def _phones(session: Session, trial: FlowVersion) -> list[TrialPhone]:
    named = set(trial.phones or ())
    online = online_phones(session, database_now(session))
    return [TrialPhone(one.serial, one.account_id, one.sandbox) for one in online if one.serial in named and one.works]


def _fits(version: FlowSpec[Any, Any], row: PlantedRow) -> bool:
    """Returns whether this version takes the task's parameters, all of which must be known."""
    if not all(isinstance(one, Value) for one in row.args):
        return False
    try:
        check_given(version.params_model, given_params(row))
    except ValidationError:
        return False
    return True
