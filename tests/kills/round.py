"""One round: a worker held at every moment at once, one strike, and each cell's rows when all is over."""

from __future__ import annotations

from collections.abc import Mapping

from tests.kills.cells import Cell, Result, ended, plant_cells, read_result
from tests.kills.expected import Expected
from tests.kills.fleet import KillFleet
from tests.kills.hold import Held
from tests.kills.methods import Caught, Method, let_go
from tests.kills.moments import Moment

Round = Mapping[tuple[bool, Moment], Result]  # at the desk?, moment


def run_round(fleet: KillFleet, method: Method) -> Round:
    """Raises TimeoutError when somebody is never held, or something does not end."""
    fleet.wait_whole(method.drain)
    cells = plant_cells(fleet, method.name)
    caught = [(cell, _caught(fleet, cell)) for cell in cells]
    try:
        method.strike(fleet, caught)
        campaigns = {cell.campaign_id for cell in cells}
        fleet.wait(lambda: ended(fleet, campaigns), "every campaign to end")
        if not method.kills:
            fleet.wait(lambda: _all_left(fleet, caught), "all that were held to leave their tasks")
    finally:
        let_go(fleet, caught)
    return {(cell.at_desk, cell.moment): read_result(fleet, cell) for cell in cells}


def _caught(fleet: KillFleet, cell: Cell) -> Held:
    held: Held = fleet.wait(
        lambda: fleet.board.held(cell.moment, cell.task_id), f"somebody at {cell.moment} with {cell.words!r}"
    )
    return held


def _all_left(fleet: KillFleet, caught: Caught) -> bool:
    return all(fleet.board.left(cell.task_id, held.pid) for cell, held in caught)


def check_phone(result: Result, method: Method) -> None:
    """The comment is on the app once, and every row tells how that came about."""
    _check_struck(result, method.table.phone[result.cell.moment], method)
    done = next(one for one in result.struck.actions if one.outcome == "done")
    assert [(deed.account, deed.phone) for deed in result.deeds] == [(done.account_id, done.phone_serial)]
    assert result.struck.task.result is not None
    assert result.struck.task.result["text"] == result.cell.words
    assert result.in_place == []
    _check_ran_once(result)
    assert result.behind.task.result == result.cell.words


def check_desk(result: Result, method: Method) -> None:
    """What grew was planted once, each of it ran once, and then what comes behind it."""
    _check_struck(result, method.table.desk[result.cell.moment], method)
    assert [one.task.result for one in result.in_place] == [[f"{result.cell.words} {number}"] for number in (0, 1)]
    assert result.deeds == []
    _check_ran_once(result)
    assert result.behind.task.result == [f"{result.cell.words} {number}" for number in (0, 1)]


def _check_struck(result: Result, expected: Expected, method: Method) -> None:
    rows = result.struck
    assert tuple(one.outcome for one in rows.attempts) == expected.attempts
    assert tuple((one.attempt, one.outcome) for one in rows.actions) == expected.actions
    assert tuple(one.what for one in rows.refused) == expected.refused
    assert [one.number for one in rows.attempts] == list(range(1, len(expected.attempts) + 1))
    assert all(one.ended_at is not None for one in rows.attempts)
    task = rows.task
    assert (task.state, task.attempt, task.missing) == ("succeeded", len(rows.attempts), 0)
    assert (task.incarnation, task.lease_until, task.verifying, task.failure_code) == (None, None, False, None)
    _check_incarnations(result, method)


def _check_incarnations(result: Result, method: Method) -> None:
    """The first attempt is that of whom the strike met; the dead are not heard of again; each act is its attempt's."""
    rows, held = result.struck, result.held
    by_number = {one.number: one for one in rows.attempts}
    if result.cell.moment is not Moment.RECEIVED:
        assert by_number[1].incarnation == held.incarnation
    if method.kills:
        later = [one for one in rows.attempts if one.number > 1 or result.cell.moment is Moment.RECEIVED]
        assert all(one.incarnation != held.incarnation for one in later)
    for act in rows.actions:
        own = by_number[act.attempt]
        assert (act.incarnation, act.phone_serial, act.account_id) == (
            own.incarnation,
            own.phone_serial,
            own.account_id,
        )
        assert act.verified
    doubtful = [act for act in rows.actions if result.cell.moment in (Moment.DECLARED, Moment.TAPPED)]
    assert len({one.account_id for one in rows.attempts if doubtful}) <= 1  # only who acted can look
    assert {one.incarnation for one in rows.refused} <= {held.incarnation}
    assert {one.attempt for one in rows.refused} <= {1}


def _check_ran_once(result: Result) -> None:
    """What follows ran to its end once; whoever else began it was killed with it, or gave it back."""
    for rows in (*result.in_place, result.behind):
        outcomes = [one.outcome for one in rows.attempts]
        assert outcomes[-1] == "succeeded"
        assert set(outcomes[:-1]) <= {"lost", "handed_back"}
        assert rows.refused == []
