"""Finds the tasks whose flow is here in several versions, and has the version of each chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from flows.specs.catalogue import VERSIONS
from workers.canvas.rows import PlantedRow
from workers.planting.chosen_version import ChosenVersion


def choose_versions(session: Session, rows: Sequence[PlantedRow], *, sandbox: bool) -> Mapping[str, ChosenVersion]:
    """Returns the version of each task of a flow that is here in several, by the task's id.

    Fast path: hardly any installation has two versions of a flow at one time.
    """
    several = {name for name, versions in VERSIONS.items() if len(versions) > 1}
    if not several:
        return {}
    from workers.planting.choose_version import choose  # noqa: PLC0415 - as above

    chosen: dict[str, ChosenVersion] = {}
    for flow in sorted(several):
        mine = [row for row in rows if row.task == flow]
        if mine:
            chosen |= choose(session, flow, VERSIONS[flow], mine, sandbox=sandbox)
    return chosen
