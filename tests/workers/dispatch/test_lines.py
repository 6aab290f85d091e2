"""The lines counted from rows: the room in each phone's own queue, of the phones that something is pinned to."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace as Row

from workers.dispatch.customers import OPERATOR, Customers
from workers.dispatch.lines import AtPhones, lines_of, pinned_to
from workers.dispatch.routing import WorkingPhones

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PHONES = [f"p{number}" for number in range(4)]
WORKING = WorkingPhones(frozenset(PHONES), {f"a{one}": one for one in PHONES}, sorts=dict.fromkeys(PHONES, False))


ANY = {"key_id": None, "sandbox": False, "runs_on": "phone"}
OWED = {**ANY, "pinned_phone": None, "attempt": 0, "verifying": False, "priority": 6, "not_before": NOW, "position": 0}


def owed(name: str, pin: str | None = None) -> Row:
    return Row(id=name, pinned_account=None if pin is None else f"a{pin}", **OWED)


def out(count: int, *, pinned: bool, of_one_phone: bool) -> Row:
    return Row(of_one_phone=of_one_phone, rung_step=0, pinned=pinned, begun=False, count=count, **ANY)


def running(count: int) -> Row:
    return Row(again=False, count=count, **ANY)


def test_a_phones_queue_has_room_for_one_ticket_beside_what_runs_there() -> None:
    rows = [owed("t1", "p1"), owed("t2", "p2"), owed("t3", "p3"), owed("t4")]
    tickets = [
        out(1, pinned=True, of_one_phone=True),
        out(5, pinned=False, of_one_phone=True),
        out(3, pinned=False, of_one_phone=False),
    ]
    at = AtPhones(lying={"p2": 1}, running={"p1": None, "p2": None})
    assert pinned_to(rows, WORKING) == {"p1", "p2", "p3"}
    line = lines_of(rows, tickets, [running(2)], at, Customers([], 1), WORKING)[False]
    assert line.slots == len(PHONES)
    assert {serial: place.room for serial, place in line.places.items()} == {"p1": 1, "p2": 0, "p3": 2}
    assert {place.running for place in line.places.values()} == {OPERATOR, None}
    standing = line.standings[OPERATOR]
    assert (standing.running, standing.first, standing.behind, standing.passed, standing.waiting) == (2, 1, 3, 5, 4)


def test_nothing_pinned_asks_for_no_phones_queue() -> None:
    assert pinned_to([owed("t1")], WORKING) == set()
    line = lines_of([owed("t1")], [], [running(1)], AtPhones(), Customers([], 1), WORKING)[False]
    assert line.places == {}
    assert [one.task_id for one in line.candidates] == ["t1"]
