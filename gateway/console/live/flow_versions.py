"""The board of flow packages: the versions of each, their open tasks, and the trials of new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import Session

from models.fleet.flow_versions import all_versions, runs_of
from models.tables import FlowTrialRun, FlowVersion
from models.values.enums import FlowVersionState, TrialOutcome
from workers.control.flow_versions import open_tasks

MOST_VERSIONS = 200
MOST_RUNS = 20  # of a trial; the coordinator gives it twelve tasks
_ORDER = [*FlowVersionState]  # in use first, removed last


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version on the board. `number`: its place there. `tasks`: how many of it have not ended."""

    row: FlowVersion
    number: int
    tasks: int
    runs: Sequence[FlowTrialRun]
    may_promote: bool
    may_withdraw: bool

    def count(self, outcome: str) -> int:
        """Returns how many runs of the latest trial ended so."""
        return sum(run.outcome == TrialOutcome(outcome) for run in self.runs)


def board(session: Session) -> Mapping[str, Sequence[ShownVersion]]:
    """Returns by flow its versions: the one in use first, then the one on trial; of the same state the newest first."""
    left, found = open_tasks(session), dict[str, Sequence[ShownVersion]]()
    rows = sorted(all_versions(session), key=lambda one: -one.since.timestamp())
    rows.sort(key=lambda one: (one.flow, _ORDER.index(FlowVersionState(one.state))))
    numbered = enumerate(rows[:MOST_VERSIONS], 1)
    for flow, group in groupby(numbered, key=lambda one: one[1].flow):
        mine = [*group]
        states = {FlowVersionState(row.state) for _, row in mine}
        found[flow] = [_shown(session, row, number, left, states) for number, row in mine]
    return found


def _shown(
    session: Session, row: FlowVersion, number: int, left: Mapping[tuple[str, str], int], states: set[FlowVersionState]
) -> ShownVersion:
    state, gone = FlowVersionState(row.state), (FlowVersionState.WITHDRAWN, FlowVersionState.REMOVED)
    return ShownVersion(
        row=row,
        number=number,
        tasks=left.get((row.flow, row.version), 0),
        runs=runs_of(session, row)[:MOST_RUNS],
        may_promote=state not in (FlowVersionState.IN_USE, FlowVersionState.REMOVED),
        may_withdraw=state not in gone and (state != FlowVersionState.IN_USE or FlowVersionState.RETIRED in states),
    )
