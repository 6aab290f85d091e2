"""Who sends what next: in order, one hand a delivery, a bound for each lane, a breaker for each endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.breakers import LONGEST_LANE_PAUSE, OPENS_AFTER, enable
from models.notify.deliveries import GIVE_UP
from models.notify.lanes import RUNG_FOR, any_due, give_up_old, lanes_due, lock_lane, settle_tries, take_next
from models.notify.sending import Sending, TryResult
from models.tables import Alert, Delivery, DeliveryAttempt, Lane
from models.transactions.read_write import read, write
from tests.support.gateway.customers import Customer, customer, deliveries, delivery, endpoint, lane, make_due
from tests.support.threads import at_once

ORIGIN = "https://hooks.example.com"
HOLD = 30.0
ARRIVED = TryResult(0.1, 204, None, None, 60.0)
FAILED = TryResult(0.1, 500, "http_500", 60.0, 600.0)
SILENT = TryResult(10.0, None, "timed_out", 60.0, 600.0)
GONE = TryResult(0.1, 410, "http_410", None, 60.0)


@pytest.fixture(autouse=True)
def _with_master_key(master_key: str) -> None:
    """Customers have keys."""


@pytest.fixture
def acme(ledger: Engine) -> Customer:
    """A customer."""
    return customer(ledger, ORIGIN)


def take(engine: Engine, *, most: int = 10, of: str | None = None) -> Sending | None:
    lane_id = of or lane(engine)

    def work(session: Session) -> Sequence[Sending]:
        row = lock_lane(session, lane_id)
        assert row is not None
        return take_next(session, row, database_now(session), HOLD, most)

    return next(iter(write(engine, work)), None)


def must_take(engine: Engine) -> Sending:
    taken = take(engine)
    assert taken is not None
    return taken


def settle(engine: Engine, sending: Sending, came: TryResult, now: datetime | None = None) -> bool:
    def work(session: Session) -> set[int]:
        row = lock_lane(session, sending.lane)
        assert row is not None
        return settle_tries(session, row, [(sending, came)], now or database_now(session))

    return write(engine, work) == {sending.number}


def lapse(engine: Engine, sending: Sending) -> None:
    """Its sender was silent for too long."""

    def work(session: Session) -> None:
        past = database_now(session) - timedelta(seconds=1)
        session.execute(update(Delivery).where(Delivery.number == sending.number).values(next_at=past))

    write(engine, work)


def test_the_oldest_goes_first_and_each_once(ledger: Engine, acme: Customer) -> None:
    ids = acme.owe(3)
    taken = [must_take(ledger) for n in range(3)]
    assert [one.id for one in taken] == ids
    assert take(ledger) is None
    for one in taken:
        assert settle(ledger, one, ARRIVED)
    assert {(one.state, one.attempts, one.last_status) for one in deliveries(ledger)} == {("delivered", 1, 204)}


def test_of_many_hands_at_once_each_gets_another_and_no_more_than_the_bound(ledger: Engine, acme: Customer) -> None:
    acme.owe(20)
    where = lane(ledger)
    got = at_once([lambda: take(ledger, most=5, of=where) for _ in range(8)])
    taken = [one.id for one in got if one is not None]
    assert len(taken) == len(set(taken)) == 5


def test_a_tasks_later_event_waits_for_its_earlier_one(ledger: Engine, acme: Customer) -> None:
    first, second = acme.owe(2, subject="task:one")
    (other,) = acme.owe(1, subject="task:two")
    taken = must_take(ledger)
    assert taken.id == first
    assert must_take(ledger).id == other
    assert take(ledger) is None
    settle(ledger, taken, FAILED)
    assert take(ledger) is None  # the second still waits, while the first waits for its next try
    make_due(ledger)
    settle(ledger, must_take(ledger), ARRIVED)
    assert must_take(ledger).id == second


def test_a_first_event_that_is_given_up_lets_the_later_one_go(ledger: Engine, acme: Customer) -> None:
    first, second = acme.owe(2, subject="task:one")
    settle(ledger, must_take(ledger), TryResult(0.1, 400, "http_400", None, 60.0))
    assert delivery(ledger, first).state == "failed"
    assert must_take(ledger).id == second


def test_the_hand_of_a_dead_sender_is_not_waited_for_and_not_heard_later(ledger: Engine, acme: Customer) -> None:
    (one,) = acme.owe()
    dead = must_take(ledger)
    lapse(ledger, dead)
    alive = must_take(ledger)
    assert alive.id == dead.id == one
    assert not settle(ledger, dead, FAILED)
    assert not settle(ledger, dead, GONE)
    assert (endpoint(ledger).failures, endpoint(ledger).disabled_at) == (0, None)
    assert settle(ledger, alive, ARRIVED)
    assert delivery(ledger, one).state == "delivered"
    tries = read(ledger, lambda session: session.scalar(select(func.count()).select_from(DeliveryAttempt)))
    assert tries == 3


def test_after_so_many_failures_an_endpoint_is_left_alone_then_tried_with_one(ledger: Engine, acme: Customer) -> None:
    acme.owe(OPENS_AFTER + 5)
    taken = [must_take(ledger) for n in range(OPENS_AFTER + 2)]
    for one in taken:
        assert not one.probe
        settle(ledger, one, FAILED)
    assert endpoint(ledger).failures == OPENS_AFTER  # those that were under way say no more
    assert take(ledger) is None
    assert not _due_lanes(ledger)
    make_due(ledger)
    probe = must_take(ledger)
    assert probe.probe
    assert take(ledger) is None
    settle(ledger, probe, FAILED)
    assert endpoint(ledger).failures == OPENS_AFTER + 1
    (alert,) = read(ledger, lambda session: session.scalars(select(Alert)).all())  # told once
    assert (alert.kind, "http_500" in alert.text) == ("endpoint_failing", True)
    assert take(ledger) is None
    make_due(ledger)
    settle(ledger, must_take(ledger), ARRIVED)
    assert endpoint(ledger).failures == 0
    assert not must_take(ledger).probe


def test_one_that_arrives_in_between_keeps_the_breaker_closed(ledger: Engine, acme: Customer) -> None:
    acme.owe(OPENS_AFTER * 2)
    for turn in range(OPENS_AFTER * 2):
        settle(ledger, must_take(ledger), ARRIVED if turn == OPENS_AFTER - 1 else FAILED)
    assert endpoint(ledger).failures == OPENS_AFTER
    assert endpoint(ledger).last_arrived_at is not None


def test_one_endpoint_that_fails_does_not_close_its_neighbours(ledger: Engine, acme: Customer) -> None:
    acme.owe(OPENS_AFTER)
    for _ in range(OPENS_AFTER):
        settle(ledger, must_take(ledger), FAILED)
    (other,) = acme.owe(url=acme.url + "/other")
    assert must_take(ledger).id == other


def test_an_origin_that_does_not_answer_is_left_alone_on_every_path(ledger: Engine, acme: Customer) -> None:
    """Where each task has an address of its own, no two deliveries have an endpoint together."""
    for number in range(OPENS_AFTER + 3):
        acme.owe(url=f"{acme.url}/order-{number}")
    taken = [must_take(ledger) for n in range(OPENS_AFTER + 1)]
    for one in taken:
        settle(ledger, one, SILENT)
    assert take(ledger) is None
    assert not _due_lanes(ledger)
    alert = read(ledger, lambda session: session.scalars(select(Alert)).one())
    assert (alert.kind, f"{ORIGIN} of" in alert.text) == ("endpoint_failing", True)
    make_due(ledger)
    probe = must_take(ledger)
    assert probe.probes_lane
    assert take(ledger) is None, "no second one until this one came back"
    settle(ledger, probe, SILENT)
    assert take(ledger) is None
    make_due(ledger)
    settle(ledger, must_take(ledger), FAILED)  # somebody is there again, and answers
    assert not must_take(ledger).probes_lane
    assert len(read(ledger, lambda session: session.scalars(select(Alert)).all())) == 1


@pytest.mark.parametrize(
    ("status", "seconds"), [(500, 14.9), (500, 2.1), (404, 5.0), (302, 14.9), (429, 8.0), (503, 59.0)]
)
def test_an_origin_that_fails_late_is_left_alone_on_every_path(
    ledger: Engine, acme: Customer, status: int, seconds: float
) -> None:
    late = TryResult(seconds, status, f"http_{status}", 60.0, 600.0)
    for number in range(OPENS_AFTER + 4):
        acme.owe(url=f"{acme.url}/order-{number}")
    for _ in range(OPENS_AFTER - 1):
        settle(ledger, must_take(ledger), late)
    settle(ledger, must_take(ledger), FAILED)  # a quick failure among them mends nothing
    assert not must_take(ledger).probes_lane
    settle(ledger, must_take(ledger), late)
    assert take(ledger) is None
    assert not _due_lanes(ledger)
    alert = read(ledger, lambda session: session.scalars(select(Alert)).one())
    assert (alert.kind, f"{ORIGIN} of" in alert.text) == ("endpoint_failing", True)
    make_due(ledger)
    probe = must_take(ledger)
    assert probe.probes_lane
    settle(ledger, probe, late)
    assert take(ledger) is None
    make_due(ledger)
    settle(ledger, must_take(ledger), ARRIVED)
    assert not must_take(ledger).probes_lane


@pytest.mark.parametrize("came", [FAILED, ARRIVED, TryResult(14.9, 200, None, None, 60.0)])
def test_quick_failures_and_late_arrivals_do_not_close_other_paths(
    ledger: Engine, acme: Customer, came: TryResult
) -> None:
    for number in range(OPENS_AFTER * 2 + 1):
        acme.owe(url=f"{acme.url}/order-{number}")
    for _ in range(OPENS_AFTER * 2):
        settle(ledger, must_take(ledger), came)
    assert not must_take(ledger).probes_lane


def test_late_failures_count_only_since_the_last_arrival(ledger: Engine, acme: Customer) -> None:
    late = TryResult(14.9, 500, "http_500", 60.0, 600.0)
    for number in range(OPENS_AFTER * 2):
        acme.owe(url=f"{acme.url}/order-{number}")
    for turn in range(OPENS_AFTER * 2 - 1):
        settle(ledger, must_take(ledger), ARRIVED if turn == OPENS_AFTER - 1 else late)
    assert must_take(ledger).probes_lane is False


def test_a_lane_that_stays_silent_is_tried_less_and_less_often(ledger: Engine, acme: Customer) -> None:
    acme.owe(40)
    waits = []
    for _ in range(OPENS_AFTER + 12):
        make_due(ledger)
        now = read(ledger, database_now)
        settle(ledger, must_take(ledger), SILENT, now)
        row = read(ledger, lambda session: session.scalars(select(Lane)).one())
        if row.paused_until is not None:
            waits.append((row.paused_until - now).total_seconds())
    assert waits[:3] == [5, 10, 20]
    assert waits[-1] == LONGEST_LANE_PAUSE.total_seconds()


def test_410_disables_the_endpoint_with_all_it_is_owed_and_tells_the_operator(ledger: Engine, acme: Customer) -> None:
    acme.owe(3)
    settle(ledger, must_take(ledger), GONE)
    assert {one.state for one in deliveries(ledger)} == {"disabled"}
    alert = read(ledger, lambda session: session.scalars(select(Alert)).one())
    assert (alert.kind, acme.url in alert.text) == ("endpoint_disabled", True)
    assert take(ledger) is None
    row = endpoint(ledger)
    assert write(ledger, lambda session: enable(session, [row.id])) == 1
    (one,) = acme.owe()
    assert must_take(ledger).id == one


def test_a_receiver_that_asks_for_a_pause_is_sent_nothing_meanwhile(ledger: Engine, acme: Customer) -> None:
    acme.owe(2)
    settle(ledger, must_take(ledger), TryResult(0.1, 429, "http_429", 120.0, 60.0, asked_pause=120.0))
    row = endpoint(ledger)
    assert row.paused_until is not None
    assert row.paused_until > read(ledger, database_now) + timedelta(seconds=60)
    assert take(ledger) is None
    make_due(ledger)
    assert not must_take(ledger).probe


def test_lanes_that_are_due_are_rung_once_and_again_when_their_ticket_is_lost(ledger: Engine, acme: Customer) -> None:
    other = customer(ledger, "https://slow.example.com", "other")
    acme.owe(2)
    other.owe(9)
    wanted = _due_lanes(ledger)
    assert sorted(wanted.values()) == [2, 4]
    assert _due_lanes(ledger) == {}
    past = read(ledger, database_now) - RUNG_FOR - timedelta(seconds=1)
    write(ledger, lambda session: session.execute(update(Lane).values(rung_at=past)))
    assert _due_lanes(ledger) == wanted
    for one in wanted:
        while (taken := take(ledger, of=one)) is not None:
            settle(ledger, taken, ARRIVED)
    assert not read(ledger, lambda session: any_due(session, database_now(session)))
    acme.owe()
    assert list(_due_lanes(ledger).values()) == [1]  # whoever emptied the lane said so


def test_a_lane_in_which_all_waits_for_an_earlier_event_is_not_rung(ledger: Engine, acme: Customer) -> None:
    acme.owe(2, subject="task:one")
    settle(ledger, must_take(ledger), FAILED)
    write(ledger, lambda session: session.execute(update(Lane).values(rung_at=None)))
    assert _due_lanes(ledger) == {}


def test_what_cannot_be_delivered_in_a_week_is_given_up_unless_it_is_under_way(ledger: Engine, acme: Customer) -> None:
    old, young, sent = acme.owe(3)
    past = read(ledger, database_now) - timedelta(seconds=1)
    taken = must_take(ledger)
    assert taken.id == old
    old, sent = sent, old
    change = update(Delivery).where(Delivery.id != young).values(give_up_at=past)
    write(ledger, lambda session: session.execute(change))
    assert write(ledger, lambda session: give_up_old(session, database_now(session))) == 1
    assert (delivery(ledger, old).state, delivery(ledger, old).last_error) == ("failed", "too_old")
    assert (delivery(ledger, young).state, delivery(ledger, sent).state) == ("owed", "owed")
    assert timedelta(hours=76) < GIVE_UP


def _due_lanes(engine: Engine) -> dict[str, int]:
    return write(engine, lambda session: lanes_due(session, database_now(session), 4))
