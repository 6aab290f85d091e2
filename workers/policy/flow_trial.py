"""Decides about the versions of a packaged flow: which is in use, which is tried, and how a trial ends. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flows.failures import CODES, Culprit
from models.values.enums import FlowVersionState as State
from models.values.enums import TrialOutcome

MOST_RUNS = 12  # tasks that one trial gets
ENOUGH = 5  # that must succeed
MOST_FAULTS = 2  # of the flow or the app, after which it is taken back
_FAULTS = frozenset({Culprit.FLOW, Culprit.APP})


def judge_run(code: str | None) -> TrialOutcome:
    """Returns what a run says about the version: its failure's code; None for a success."""
    if code is None:
        return TrialOutcome.PROVED
    return TrialOutcome.FAULT if CODES[code].culprit in _FAULTS else TrialOutcome.OTHER


@dataclass(frozen=True, slots=True)
class Move:
    """A version that moves to another state, and why. `ends_trial`: people are told."""

    version: str
    state: State
    why: str
    ends_trial: bool = False


def judge_trial(outcomes: Sequence[TrialOutcome]) -> tuple[State, str]:
    """Returns the state that a trial's runs, oldest first, lead to, and why; CANARY while they do not decide it.

    The verdict is that of the first run that decides it: what ended later changes nothing.
    """
    proved = faults = 0
    for runs, outcome in enumerate(outcomes, 1):
        proved += outcome == TrialOutcome.PROVED
        faults += outcome == TrialOutcome.FAULT
        if faults >= MOST_FAULTS:
            return State.WITHDRAWN, f"{faults} of {runs} runs failed by the flow's or the app's fault"
        if proved >= ENOUGH:
            return State.IN_USE, f"{proved} of {runs} runs succeeded"
        if runs >= MOST_RUNS:
            return State.WITHDRAWN, f"only {proved} of {runs} runs succeeded, of which {ENOUGH} must"
    return State.CANARY, ""


def moves_of(
    there: Sequence[str], states: Mapping[str, State], outcomes: Sequence[TrialOutcome], *, phones: bool
) -> list[Move]:
    """Returns the moves that are due.

    `there`: the versions that the fleet has, oldest first. `states`: those that the ledger knows. `outcomes`: of the
    trial under way. `phones`: some could take a trial.
    """
    moves = [
        Move(version, State.REMOVED, "the fleet does not have it any more")
        for version, state in states.items()
        if version not in there and state != State.REMOVED
    ]
    known = {version: state for version, state in states.items() if version in there and state != State.REMOVED}
    in_use = next((version for version, state in known.items() if state == State.IN_USE), None)
    if in_use is None:
        return moves + _first(there, known)
    trial = next((version for version, state in known.items() if state == State.CANARY), None)
    if trial is not None:
        return moves + _verdict(trial, in_use, outcomes)
    newer = there[there.index(in_use) + 1 :]
    moves += [
        Move(version, State.RETIRED, f"it is older than {in_use}")
        for version in there
        if version not in known and version not in newer
    ]
    untried = [version for version in newer if version not in known]
    if untried and phones:
        moves.append(Move(untried[-1], State.CANARY, f"it is newer than {in_use}"))
    return moves


def _first(there: Sequence[str], known: Mapping[str, State]) -> list[Move]:
    """Chooses a version when none is in use: one that was before, else the oldest that was not taken back."""
    if not there:
        return []
    retired = [version for version in there if known.get(version) == State.RETIRED]
    sound = [version for version in there if known.get(version) != State.WITHDRAWN]
    chosen = retired[-1] if retired else (sound or list(there))[0]
    return [Move(chosen, State.IN_USE, "no other version is in use")]


def _verdict(trial: str, in_use: str, outcomes: Sequence[TrialOutcome]) -> list[Move]:
    state, why = judge_trial(outcomes)
    if state == State.CANARY:
        return []
    if state == State.WITHDRAWN:
        return [Move(trial, state, why, ends_trial=True)]
    return [
        Move(in_use, State.RETIRED, f"{trial} took its place"),
        Move(trial, state, why, ends_trial=True),
    ]


def trial_phones(named: Sequence[str], working: Sequence[tuple[str, bool]], most: int) -> list[str]:
    """Returns the phones of a new trial: those that were named, else the first that work, of one sort.

    `working`: serial, and whether the phone is simulated. Real phones go first, as their tasks are the fleet's.
    """
    serials = [serial for serial, _ in working]
    again = [serial for serial in named if serial in serials]
    if again:
        return again[:most]
    real = [serial for serial, simulated in working if not simulated]
    return (real or serials)[:most]


@dataclass(frozen=True, slots=True)
class TrialPhone:
    """A phone of a trial: its serial, the account on it, and whether it is simulated."""

    serial: str
    account_id: str | None
    sandbox: bool


def place_in_trial(
    pinned_account: str | None, phones: Sequence[TrialPhone], turn: int, *, sandbox: bool
) -> TrialPhone | None:
    """Returns the phone on which a trial runs a task, in turn; None where it cannot have the task."""
    mine = [one for one in phones if one.sandbox == sandbox]
    if pinned_account is not None:
        return next((one for one in mine if one.account_id == pinned_account), None)
    return mine[turn % len(mine)] if mine else None


def gets_trial(place: int, given: int) -> bool:
    """Returns whether the trial gets the task at this place among its flow's tasks of one planting: every other one."""
    return place % 2 == 0 and given < MOST_RUNS


def absent_states(states: Mapping[str, State]) -> Collection[str]:
    """Returns the versions whose tasks go to the version in use."""
    return [version for version, state in states.items() if state in (State.WITHDRAWN, State.REMOVED)]
