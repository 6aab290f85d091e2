"""Many threads serve one lane: each callback is sent once, few transactions are made, nothing stays taken."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import Engine, event, select

from gateway.delivery.lane_desk import LaneDesk
from gateway.delivery.lane_task import Senders, serve
from gateway.delivery.send import send
from models.notify.breakers import OPENS_AFTER
from models.tables import Delivery
from models.transactions.read_write import read
from tests.support.gateway.customers import Customer, customer, deliveries, delivery_settings, lane
from tests.support.gateway.receiver import Receiver, Reply, Request
from tests.support.poll import wait_until
from tests.support.threads import at_once
from workers.dispatch.messages import MOST_IN_A_LANE

SHARED = 64
on_sqlite = pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)  # the threads' part; MariaDB has a few
PATIENT = delivery_settings(schedule=(3600.0,) * 5)


@pytest.fixture(autouse=True)
def _with_master_key(master_key: str) -> None:
    """Customers have keys."""


@pytest.fixture
def acme(ledger: Engine, receiver: Receiver) -> Customer:
    """A customer whose endpoint is the receiver."""
    return customer(ledger, receiver.origin)


def serve_all(engine: Engine, threads: int = MOST_IN_A_LANE) -> None:
    """Until no thread of a worker finds anything due.

    `start` may return fewer than `threads`: those that it started already ask for more, up to the lane's slots.
    """
    senders = Senders(engine, PATIENT, SHARED)
    assert 0 < senders.start(lane(engine), "acme", threads) <= threads
    wait_until(lambda: senders.lanes == 0, 60, "the lane to be served")
    senders.finish()


def owners(engine: Engine) -> set[str]:
    """Whose the deliveries are that nobody sends any more."""
    return {one for one in read(engine, lambda session: session.scalars(select(Delivery.claimed_by)).all()) if one}


def test_each_callback_is_sent_once_in_less_than_half_as_many_transactions(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    commits = Counter[str]()
    ids = acme.owe(200)
    event.listen(ledger, "commit", lambda _: commits.update(["commit"]))
    serve_all(ledger)
    assert sorted(receiver.ids()) == sorted(ids)
    assert {(one.state, one.attempts, one.claimed_by) for one in deliveries(ledger)} == {("delivered", 1, None)}
    assert receiver.most_at_once <= MOST_IN_A_LANE
    assert commits.total() < len(ids) / 2


def test_two_workers_together_send_no_more_at_once_than_a_receiver_may_get(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    ids = acme.owe(120)
    receiver.hold.clear()
    two = [Senders(ledger, PATIENT, SHARED) for _ in range(2)]
    for worker in two:
        worker.start(lane(ledger), "acme", MOST_IN_A_LANE)
    wait_until(lambda: len(receiver.requests) >= MOST_IN_A_LANE, 60, "the receiver to be full")
    receiver.hold.set()
    for worker in two:
        worker.finish()
    serve_all(ledger)
    assert sorted(receiver.ids()) == sorted(ids)
    assert receiver.most_at_once == MOST_IN_A_LANE
    assert owners(ledger) == set()


@on_sqlite
def test_callbacks_of_one_task_arrive_in_their_order_although_many_threads_send(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    tasks = [f"task:{number}" for number in range(20)]
    wanted = {task: [acme.owe(subject=task)[0] for _ in range(3)] for task in tasks}
    for _ in range(3):
        serve_all(ledger, 12)
    came = receiver.ids()
    for ids in wanted.values():
        assert sorted(ids, key=came.index) == ids
        assert Counter(came)[ids[0]] == 1


@on_sqlite
def test_after_a_quick_receiver_begins_to_fail_it_gets_only_what_was_under_way(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    acme.owe(250)
    good = 60
    receiver.answer = lambda _: Reply(204 if len(receiver.requests) <= good else 500)
    serve_all(ledger)
    failed = [one for one in deliveries(ledger) if one.attempts and one.state == "owed"]
    assert OPENS_AFTER <= len(failed) <= 2 * MOST_IN_A_LANE
    assert owners(ledger) == set()


@on_sqlite
def test_what_was_taken_ahead_is_given_back_when_the_threads_turn_is_over(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    """Each thread leaves after the callback that it sends when half of them have arrived."""
    ids = acme.owe(120)
    over = threading.Event()

    def answer(_: Request) -> Reply:
        if len(receiver.requests) > 60:
            over.set()
        return Reply()

    receiver.answer = answer
    desk = LaneDesk(ledger, lane(ledger), PATIENT)

    def thread() -> None:
        held = desk.visit(None, goes_on=True)
        while held is not None:
            result = send(held.sending, held.key, PATIENT)
            held = desk.visit((held.sending, result), goes_on=not over.is_set())

    at_once([thread] * 16)
    assert owners(ledger) == set()
    arrived = {one.id for one in deliveries(ledger) if one.state == "delivered"}
    assert arrived == set(receiver.ids())
    assert len(arrived) < len(ids)
    assert serve(ledger, lane(ledger), PATIENT, turn=600.0) == len(ids) - len(arrived)


@on_sqlite
def test_a_ledger_that_fails_is_told_to_each_thread_and_the_next_ones_are_served(
    ledger: Engine, acme: Customer, receiver: Receiver
) -> None:
    ids = acme.owe(20)
    broken = threading.Event()
    broken.set()

    def fail(*_: object) -> None:
        if broken.is_set():
            raise RuntimeError("a ledger that fails")

    event.listen(ledger, "commit", fail)
    desk = LaneDesk(ledger, lane(ledger), PATIENT)

    def visit() -> str:
        try:
            desk.visit(None, goes_on=True)
        except RuntimeError as error:
            return str(error)
        return ""

    assert at_once([visit] * 6) == ["a ledger that fails"] * 6
    broken.clear()
    assert serve(ledger, lane(ledger), PATIENT, turn=600.0, desk=desk) == len(ids)


@on_sqlite
def test_a_lane_of_which_more_is_due_gets_further_threads(ledger: Engine, acme: Customer, receiver: Receiver) -> None:
    """It is rung for few, and then much is owed: the worker needs no further ticket."""
    acme.owe(40)

    def answer(_: Request) -> Reply:
        if len(receiver.requests) == 20:
            acme.owe(100)
        return Reply()

    receiver.answer = answer
    serve_all(ledger, 6)
    assert {one.state for one in deliveries(ledger)} == {"delivered"}
    assert receiver.most_at_once <= MOST_IN_A_LANE
