"""A stock Celery fleet that nothing strikes does all of its work: what it loses in the storm, the storm took."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.celery_storm import send
from benchmarks.stock_fleet import StockFleet
from benchmarks.stock_told import task_rows
from chaos.judge import Rows, judge
from chaos.material import read_material
from chaos.plan import Canvas, plan_work
from chaos.rows import read_truth
from models.tasks.states import ENDED, State
from tests.support.poll import wait_until

SECONDS = 120.0


def one_of_each(work: list[Canvas]) -> list[Canvas]:
    """The first canvas of each shape."""
    shapes: dict[str, Canvas] = {}
    for canvas in work:
        shapes.setdefault(canvas.name.partition(" of ")[0], canvas)
    return list(shapes.values())


@pytest.mark.fleet
def test_stock_fleet_without_faults_loses_and_doubles_nothing(tmp_path: Path) -> None:
    work = one_of_each(plan_work(150, read_material(1, 2), seed=1))
    wanted = sum(canvas.tasks for canvas in work)
    with StockFleet(tmp_path, phones=2, seed=1) as fleet:
        send(fleet, work)

        def ended() -> bool:
            rows = task_rows(fleet.told())
            return len(rows) == wanted and all(row.state in ENDED for row in rows)

        wait_until(ended, SECONDS, f"{wanted} tasks to end", every=0.2)
        wait_until(lambda: not fleet.messages(), SECONDS, "every message to be acknowledged")
        rows = Rows(task_rows(fleet.told()), edges=[], attempts=[], acts=[], truth=read_truth(fleet.truth))

    verdict = judge(rows, wanted)
    assert (verdict.lost, verdict.doubled, verdict.stuck) == ((), (), ())
    assert {row.state for row in rows.tasks} == {State.SUCCEEDED}
    assert len(rows.truth) > 10
