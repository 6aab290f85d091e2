"""The counts that the model of the shelf's day keeps, held to a full count of all rows after each step of a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.shelf_clock import Clock
from benchmarks.shelf_counts import SHARED_QUEUES, Line, Rows
from benchmarks.shelf_day import DAY, Day, Make, draw_day
from benchmarks.shelf_model import ModelFleet
from benchmarks.shelf_rows import Row
from benchmarks.shelf_run import Run, Taken, serial_of
from models.tasks.states import State
from models.values.enums import RunsOn
from workers.dispatch.routing import URGENT_STEP
from workers.dispatch.tickets import Ticket
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue

FEW = Make(sessions=2, comments=4, directed=4, looks=3)
MOST = 7  # rows of a line that are asked for: fewer than there are
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def counted_anew(rows: Rows) -> tuple[Counter[object], Counter[object]]:
    """The kinds of tickets that are out and of what runs, from every row."""
    out: Counter[object] = Counter()
    running: Counter[object] = Counter()
    for row in rows.by_id.values():
        if row.state == State.RUNNING:
            running[row.key_id, row.sandbox, row.runs_on, row.attempt > 1] += 1
        elif row.state == State.READY and row.rung_queue is not None:
            begun, one_phones = row.attempt > 0 and row.rung_step == URGENT_STEP, row.rung_queue not in SHARED_QUEUES
            out[row.key_id, row.sandbox, row.runs_on, one_phones, row.rung_step, row.pinned, begun] += 1
    return out, running


def holds(rows: Rows, phones: Sequence[str], now: datetime) -> None:
    """Each answer is that of a full count."""
    out, running = counted_anew(rows)
    assert {astuple(one)[:-1]: one.count for one in rows.tickets()} == out
    assert {astuple(one)[:-1]: one.count for one in rows.running()} == running
    everything = rows.by_id.values()
    lying = [row for row in everything if row.state == State.READY and row.rung_queue is not None]
    assert {(queue, name) for queue, there in rows.lying.items() for name in there} == {
        (row.rung_queue, row.id) for row in lying
    }
    assert all(rows.lying.values()), "no empty queue is kept"
    at = rows.at(phones)
    pins = Counter(row.rung_queue for row in lying if row.pinned)
    assert at.lying == {serial: pins[phone_queue(serial)] for serial in phones}
    runs = [row for row in everything if row.state == State.RUNNING]
    assert at.running == {row.phone_serial: row.key_id for row in runs if row.phone_serial is not None}
    owed = [row for row in everything if row.owed]
    for runs_on, queue in ((str(RunsOn.PHONE), POOL_QUEUE), (str(RunsOn.DESK), DESK_QUEUE)):
        mine = [row for row in owed if row.runs_on == runs_on and not row.pinned]
        assert rows.out(runs_on) == sum(row.rung_queue == queue for row in lying)
        assert rows.waits(runs_on) == len(mine)
        due = sorted((row for row in mine if row.not_before <= now), key=lambda row: (row.not_before, row.position))
        for priority in {row.priority for row in mine}:
            first = [row for row in rows.first(runs_on, now, MOST) if row.priority == priority]
            assert [order(row) for row in first] == [order(row) for row in due if row.priority == priority][:MOST]
    accounts = {f"a{serial[1:]}": serial for serial in phones}
    begun = [row for row in owed if row.attempt and row.not_before <= now]
    assert {row.id for row in rows.begun(now, len(owed), accounts)} == {
        row.id for row in begun if placed(row, accounts)
    }
    assert {row.id for row in rows.stranded(set(SHARED_QUEUES), now)} == {
        row.id for row in lying if row.rung_queue not in SHARED_QUEUES
    }


def order(row: Row) -> tuple[datetime, int]:
    return row.not_before, row.position


def placed(row: Row, accounts: dict[str, str]) -> bool:
    return row.pinned_account is None or row.pinned_account in accounts


class Counting(ModelFleet):
    """The model, whose counts are held to the rows before each ring and after each claim."""

    def __init__(self, clock: Clock, day: Day) -> None:
        super().__init__(clock, day)
        self.looks = 0
        self._all = [serial_of(phone) for phone in range(day.phones)]

    def ring(self, task_ids: Sequence[str] | None) -> Sequence[Ticket]:
        self._look()
        return super().ring(task_ids)

    def claim(self, phone: int, ticket: Ticket) -> Taken | Ticket | None:
        got = super().claim(phone, ticket)
        self._look()
        return got

    def _look(self) -> None:
        self.looks += 1
        holds(self._rows, self._all, self._clock.now)


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_counts_that_are_kept_equal_a_full_count_at_each_step_of_a_day(seed: int) -> None:
    day = draw_day(seed, 5, accounts=3, make=FEW, length=400.0, failures=0.3, deaths=0.2)
    clock = Clock()
    fleet = Counting(clock, day)
    outcome = Run(day, fleet, clock, DAY).run()
    assert fleet.looks > len(outcome.starts) > len(day.to_do), "some failed"
    assert outcome.passed_on, "and some lay in the queue of one phone"


def a_row(name: int, after: float) -> Row:
    due = BEGIN + timedelta(seconds=after)
    return Row(f"t{name}", 1, name, "looks", "phone", False, 6, due, State.READY, 0)


def test_a_row_that_comes_late_stands_where_its_moment_and_its_place_are() -> None:
    line, now = Line(), BEGIN + timedelta(seconds=10)
    rows = [a_row(number, after=number) for number in (1, 3, 5, 7, 20)]
    for row in rows:
        line.add(row)
    assert line.first(now, 3) == rows[:3]
    between, before, behind = a_row(2, after=2), a_row(0, after=0), a_row(6, after=6)
    for row in (between, before, behind):
        line.add(row)
    assert line.first(now, 9) == [before, rows[0], between, *rows[1:3], behind, rows[3]], "and 20 is not due"
    before.rung_at = now
    rows[0].ticket += 1  # it was rung and taken back: it stands there anew
    line.add(rows[0])
    assert line.first(now, 2) == [rows[0], between]
    assert line.first(now + timedelta(seconds=20), 99)[-1] == rows[4]
