"""A short storm over a whole fleet: nothing lost, nothing done twice, nothing stuck."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.report import bad_tasks, last_line, targets
from chaos.storm import Wanted, run_storm

TASKS = 100
FAULTS = 24  # every kind once, and some twice


@pytest.mark.fleet
def test_short_storm(tmp_path: Path) -> None:
    storm = run_storm(Wanted(tasks=TASKS, phones=6, faults=FAULTS, seed=1), tmp_path)

    missed = [target for target in targets(storm) if not target.ok]
    assert not missed, "\n".join([last_line(storm), *map(str, missed), *bad_tasks(storm)])
    assert len(storm.rows.tasks) == TASKS
    assert len(storm.blows) == FAULTS
    assert any(blow.aimed for blow in storm.blows)
    assert len(storm.rows.truth) > TASKS / 2  # what it was held against is no empty log
