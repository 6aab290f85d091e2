"""Delivery workers and coordinators as processes: one slow receiver harms nobody else, and deaths lose nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, func, select

from models.database.engine import connect
from models.history.state_changes import changes_since
from models.tables import Delivery, DeliveryAttempt
from models.transactions.read_write import read
from scripts.local.processes import COORDINATOR, DELIVERY, Processes
from tests.support.gateway.customers import Customer, customer, task_of
from tests.support.gateway.receiver import Receiver, Reply, Request
from tests.support.host.shelf import celery_for
from tests.support.ledger.copied import make_tables
from tests.support.ledger.drive import do, work
from tests.support.poll import wait_until
from workers.dispatch.messages import MOST_IN_A_LANE
from workers.runtime.worker_identity import DELIVERY_QUEUE

pytestmark = pytest.mark.fleet

SECONDS = 120.0


class Senders:
    """Processes that deliver what one ledger owes."""

    def __init__(self, processes: Processes, engine: Engine) -> None:
        self.processes = processes
        self.engine = engine
        self.coordinator = processes.start(COORDINATOR)

    def count(self, state: str, key_id: str) -> int:
        """How many of a customer's deliveries are in a state."""
        counted = select(func.count()).where(Delivery.state == state, Delivery.key_id == key_id)
        return read(self.engine, lambda session: session.scalar(counted)) or 0

    def wait_for(self, count: int, of: Customer) -> None:
        """Until so many of a customer's deliveries arrived."""
        wait_until(lambda: self.count("delivered", of.key_id) >= count, SECONDS, f"{count} deliveries", every=0.1)


@contextmanager
def senders(folder: Path, database_url: str, redis_url: str, master: str, **env: str) -> Iterator[Senders]:
    """A coordinator and a delivery worker, allowed to call loopback."""
    told = {
        "PHONEFLEET_DATABASE_URL": database_url,
        "PHONEFLEET_REDIS_URL": redis_url,
        "PHONEFLEET_VAR": str(folder),
        "PHONEFLEET_HOST": "shelf",
        "PHONEFLEET_MASTER_KEY": master,
        "PHONEFLEET_CALLBACK_NETWORKS": "127.0.0.0/8",
        **env,
    }
    engine = connect(database_url)
    make_tables(engine)
    try:
        with Processes(folder / "log", told) as processes:
            yield Senders(processes, engine)
    finally:
        engine.dispose()


def test_ten_thousand_callbacks_to_a_receiver_that_hangs_hold_up_nobody_else(
    tmp_path: Path, mariadb_database: str, empty_redis_url: str, master_key: str
) -> None:
    with (
        Receiver() as hangs,
        Receiver() as quick,
        senders(tmp_path, mariadb_database, empty_redis_url, master_key, PHONEFLEET_DELIVERY_TIMEOUT="60") as running,
    ):
        hangs.hold.clear()
        slow = customer(running.engine, hangs.origin, "slow")
        other = customer(running.engine, quick.origin, "other")
        slow.owe_many(10_000)
        other.owe(50)
        running.processes.start(DELIVERY)
        wait_until(lambda: len(hangs.requests) >= MOST_IN_A_LANE, SECONDS, "the slow receiver to be asked")
        other.owe(50)
        running.wait_for(100, other)
        assert running.count("delivered", slow.key_id) == 0
        assert len(hangs.requests) == hangs.most_at_once == MOST_IN_A_LANE
        assert len(set(quick.ids())) == len(quick.ids()) == 100
        hangs.hold.set()  # who ends now waits for nobody


def test_fifty_lanes_that_hang_hold_up_nobody_else_whosoever_they_are(
    tmp_path: Path, mariadb_database: str, empty_redis_url: str, master_key: str
) -> None:
    """Half of them are one customer's; a stranger's callback leaves, and one of that customer itself."""
    hostile = [Receiver() for _ in range(50)]
    with (
        ExitStack() as stack,
        Receiver() as healthy,
        senders(tmp_path, mariadb_database, empty_redis_url, master_key, PHONEFLEET_DELIVERY_TIMEOUT="60") as running,
    ):
        for number, receiver in enumerate(hostile):
            stack.enter_context(receiver).hold.clear()
            name = "hostile" if number % 2 else f"hostile {number}"
            customer(running.engine, receiver.origin, name).owe(30)
        running.processes.start(DELIVERY)
        wait_until(lambda: all(one.requests for one in hostile), SECONDS, "each of the fifty to be asked")
        ids = set()
        for name in ("healthy", "hostile"):
            ids.update(customer(running.engine, healthy.origin, name).owe(3))
        wait_until(lambda: set(healthy.ids()) == ids, SECONDS, "the healthy ones' callbacks")
        tries = select(DeliveryAttempt.seconds).join(Delivery, Delivery.number == DeliveryAttempt.delivery)
        ended = read(running.engine, lambda session: session.scalars(tries.where(Delivery.id.not_in(ids))).all())
        assert ended == [], "no thread of the fifty was given back meanwhile"
        for one in hostile:
            one.hold.set()  # who ends now waits for nobody


def test_a_receiver_that_is_down_and_senders_that_are_killed_lose_no_result_and_invent_none(
    tmp_path: Path, mariadb_database: str, empty_redis_url: str, master_key: str
) -> None:
    down, killed_all = Counter[str](), Event()

    def answer(request: Request) -> Reply:
        down[request.id] += 1
        return Reply(204 if killed_all.is_set() and down[request.id] > 3 else 503)

    schedule = ",".join(["0.2"] * 30)
    with (
        Receiver(answer) as receiver,
        senders(
            tmp_path,
            mariadb_database,
            empty_redis_url,
            master_key,
            PHONEFLEET_DELIVERY_SCHEDULE=schedule,
            PHONEFLEET_DELIVERY_TIMEOUT="1",
        ) as running,
    ):
        acme = customer(running.engine, receiver.origin)
        first = running.processes.start(DELIVERY)
        campaigns = [acme.plant(work(number)) for number in range(10)]
        for campaign_id in campaigns:
            do(running.engine, task_of(running.engine, campaign_id).id)
        wait_until(lambda: len(receiver.requests) >= 5, SECONDS, "the first tries")
        receiver.hold.clear()
        before = len(receiver.requests)
        wait_until(lambda: len(receiver.requests) > before, SECONDS, "a try that is under way")
        for killed in (first, running.coordinator):
            killed.kill()
            killed.wait(30)
        killed_all.set()
        receiver.hold.set()
        for part in (COORDINATOR, DELIVERY):
            running.processes.start(part)
        running.wait_for(10, acme)
        owed = read(running.engine, lambda session: set(session.scalars(select(Delivery.id))))
        assert set(receiver.ids()) == owed
        assert len(owed) == 10
        wait_until(
            lambda: _campaigns_told(running.engine, acme.key_id) == set(campaigns),
            SECONDS,
            "all changes to be numbered",
        )


def test_the_delivery_queue_is_taken_back_each_time_that_it_is_cancelled_from_outside(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str, master_key: str
) -> None:
    control = celery_for(empty_redis_url).control
    with Receiver() as receiver, senders(tmp_path, sqlite_database, empty_redis_url, master_key) as running:
        acme = customer(running.engine, receiver.origin)
        running.processes.start(DELIVERY)
        for arrived in range(1, 3):
            replies = wait_until(
                lambda: control.cancel_consumer(DELIVERY_QUEUE, reply=True, timeout=5, limit=1), SECONDS, "the worker"
            )
            assert [reply["ok"] for one in replies for reply in one.values()] == ["no longer consuming from delivery"]
            acme.owe()
            running.wait_for(arrived, acme)


def _campaigns_told(engine: Engine, key_id: str) -> set[str]:
    """The campaigns of which a change was numbered."""
    told = read(engine, lambda session: changes_since(session, key_id, 0, 1000))
    return {one.subject_id for one in told if one.kind == "campaign"}
