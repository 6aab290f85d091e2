"""The matrix: a round for each method, in which a worker is held at every moment at once, and a test for each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from models.tables import ActionRow
from tests.kills.cells import (
    BEFORE,
    Cell,
    Place,
    Result,
    Rows,
    ended,
    plant_cells,
    read_result,
    settle_reports,
    words_of,
)
from tests.kills.expected import Expected
from tests.kills.fleet import KillFleet
from tests.kills.hold import Held
from tests.kills.methods import Caught, Method, release
from tests.kills.moments import DESK, PHONE, Moment

Round = Mapping[tuple[Place, Moment], Result]


def matrix(methods: Sequence[Method]) -> pytest.MarkDecorator:
    """Each cell a test, those of a method one after the other."""
    cells = [
        pytest.param(method, place, moment, id=f"{method.name}-{place}-{moment}")
        for method in methods
        for place, moments in ((Place.PHONE, PHONE), (Place.DESK, DESK))
        for moment in moments
    ]
    return pytest.mark.parametrize(("method", "place", "moment"), cells)


class Rounds:
    """The rounds of a fleet, each run when its first cell is asked for. One that failed fails all its cells."""

    def __init__(self, fleet: KillFleet, methods: Sequence[Method]) -> None:
        self._fleet = fleet
        self._after = {method.name: after for method, after in pairwise(methods)}
        self._run: dict[str, Round | Exception] = {}

    def of(self, method: Method) -> Round:
        """Raises TimeoutError when somebody is never held, or something does not end."""
        if method.name not in self._run:
            try:
                self._run[method.name] = run_round(self._fleet, method, self._after.get(method.name, method))
            except Exception as error:  # noqa: BLE001  # told by each cell
                self._run[method.name] = error
        came = self._run[method.name]
        if isinstance(came, Exception):
            raise came
        return came


def run_round(fleet: KillFleet, method: Method, after: Method) -> Round:
    """`after`: whose round is the next. Raises TimeoutError when somebody is never held, or something does not end."""
    fleet.wait_whole(method.drain)
    # A worker that is held before its claim has a ticket that the coordinator would soon take for lost: on a slow
    # machine another worker would get it before all are held.
    fleet.board.keep_tickets()
    cells: Sequence[Cell] = ()
    try:
        cells = plant_cells(fleet, method.name, method.act)
        caught = _catch(fleet, cells)
        fleet.board.miss_tickets()
        fleet.drain_when_started_again(after.drain)
        method.strike(fleet, caught)
        campaigns = {cell.campaign_id for cell in cells}
        fleet.wait(lambda: not settle_reports(fleet, cells) and ended(fleet, campaigns), "every campaign to end")
        if not method.kills:
            fleet.wait(lambda: _all_left(fleet, caught), "all that were held to leave their tasks")
    finally:
        fleet.board.miss_tickets()
        release(fleet, cells)
        for cell in cells:
            fleet.board.release(BEFORE.get((cell.place, cell.moment), cell.moment), cell.task_id)
    return {(cell.place, cell.moment): read_result(fleet, cell) for cell in cells}


def _catch(fleet: KillFleet, cells: Sequence[Cell]) -> Caught:
    """All of them, held at the same time."""
    early = [cell for cell in cells if (cell.place, cell.moment) not in BEFORE]
    caught = [(cell, _held(fleet, cell, cell.moment)) for cell in early]
    by_key = {(cell.place, cell.moment): cell for cell in cells}
    for key, before in BEFORE.items():
        cell = by_key[key]
        _held(fleet, cell, before)
        fleet.board.release(before, cell.task_id)
        caught.append((cell, _held(fleet, cell, cell.moment)))
    return caught


def _held(fleet: KillFleet, cell: Cell, moment: Moment) -> Held:
    held: Held = fleet.wait(lambda: fleet.board.held(moment, cell.task_id), f"somebody at {moment} with {cell.words!r}")
    return held


def _all_left(fleet: KillFleet, caught: Caught) -> bool:
    return all(fleet.board.left(cell.task_id, held.pid) for cell, held in caught)


def check(result: Result, method: Method) -> None:
    """Hold every row of a cell against the table, and against what really happened."""
    if result.cell.place is Place.PHONE:
        check_done(result, method.table.phone[result.cell.moment])
    else:
        check_grown(result, method.table.desk[result.cell.moment])
    _check_incarnations(result, method)


def check_done(result: Result, expected: Expected) -> None:
    """The act is on the app once, and every row tells how that came about."""
    _check_rows(result.struck, expected)
    done = next(one for one in result.struck.actions if one.outcome == "done")
    assert [(deed.account, deed.phone) for deed in result.deeds] == [(done.account_id, done.phone_serial)]
    assert result.struck.task.result is not None
    assert words_of(result.struck.task.result) == result.cell.words
    assert result.in_place == []
    _check_ran_once(result)
    assert result.behind.task.result == result.cell.words
    asked = ["task.needs_review"] if expected.reviewed else []
    assert result.owed == [*asked, "task.succeeded", "campaign.ended"]


def check_grown(result: Result, expected: Expected) -> None:
    """What grew was planted once, each of it ran once, and then what comes behind it."""
    _check_rows(result.struck, expected)
    assert [one.task.result for one in result.in_place] == [[f"{result.cell.words} {number}"] for number in (0, 1)]
    assert result.deeds == []
    _check_ran_once(result)
    assert result.behind.task.result == [f"{result.cell.words} {number}" for number in (0, 1)]
    assert result.owed == (["campaign.ended"] if result.for_customer else [])  # a task at the desk is a step


def _check_rows(rows: Rows, expected: Expected) -> None:
    told = [(one.number, one.outcome, one.incarnation, one.phone_serial, one.reason) for one in rows.attempts]
    assert tuple(one.outcome for one in rows.attempts) == expected.attempts, told
    assert tuple((one.attempt, one.outcome) for one in rows.actions) == expected.actions
    assert tuple(one.what for one in rows.refused) == expected.refused
    assert [one.number for one in rows.attempts] == list(range(1, len(expected.attempts) + 1))
    assert all(one.ended_at is not None for one in rows.attempts)
    task = rows.task
    assert (task.state, task.attempt, task.missing) == ("succeeded", len(rows.attempts), 0)
    assert (task.incarnation, task.lease_until, task.verifying, task.failure_code) == (None, None, False, None)
    attempts = {one.number: one for one in rows.attempts}
    for act in rows.actions:
        own = attempts[act.attempt]
        by = (own.incarnation, own.phone_serial, own.account_id)
        assert (act.incarnation, act.phone_serial, act.account_id, act.verified) == (*by, _seen(act))
    for late in rows.refused:
        assert (late.attempt, late.incarnation) == (1, attempts[1].incarnation)


def _seen(act: ActionRow) -> bool:
    """Was it seen on the app? No app shows a report: a person alone can say that one happened."""
    return act.kind != "report_comment" or (act.outcome == "done" and act.reason is not None)


def _check_incarnations(result: Result, method: Method) -> None:
    """The first attempt is that of whom the strike met, the dead are not heard of again, and only who acted looks."""
    held, attempts = result.held, result.struck.attempts
    assert held is not None
    claimed = result.cell.moment is not Moment.RECEIVED
    if claimed:
        assert attempts[0].incarnation == held.incarnation
    if method.kills:
        assert all(one.incarnation != held.incarnation for one in attempts[1 if claimed else 0 :])
    for act in result.struck.actions:
        own = attempts[act.attempt - 1]
        assert act.ended_at is not None
        assert own.ended_at is not None
        if act.ended_at > own.ended_at:  # left open: the attempt after it looked
            assert attempts[act.attempt].account_id == act.account_id


def _check_ran_once(result: Result) -> None:
    """What follows ran to its end once; whoever else began it was killed with it, or gave it back."""
    for rows in (*result.in_place, result.behind):
        *before, last = (one.outcome for one in rows.attempts)
        assert last == "succeeded"
        assert set(before) <= {"lost", "handed_back"}
        assert rows.refused == []
