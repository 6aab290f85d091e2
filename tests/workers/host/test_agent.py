"""The host agent as a process, with a real adb server and simulated phones, from plugging in to SIGTERM."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import cast

import pytest

from tests.support.freeze import frozen, outlast
from tests.support.host.processes import WAIT, Host, Sim, shelf
from tests.support.host.shelf import Traces, alive, celery_for, ticket
from tests.support.poll import wait_until
from tests.support.servers import Redis
from workers.dispatch.tickets import publish, queued_ids
from workers.runtime.liveness import RUNNING_SECONDS

pytestmark = pytest.mark.fleet

QUEUES = ("phone.SIM0001", "phone.SIM0002")
ENDS = ("done", "left:TASK", "left:LEASE")  # a worker that leaves with DRAIN hands its ticket back


class Desk:
    """What a test of the agent works with."""

    def __init__(self, redis_url: str, sim: Sim, host: Host) -> None:
        self.sim = sim
        self.host = host
        self.traces = Traces(redis_url)
        self._app = celery_for(redis_url)
        self._sent: list[str] = []

    def hold(self, serial: str) -> tuple[str, str]:
        """Have a phone's worker begin a long task; its task id and the incarnation that began it first."""
        task = ticket("sample.long", f"phone.{serial}")
        publish(self._app, [task])
        self._sent.append(task.task_id)
        wait_until(lambda: task.task_id in self._told("began"), WAIT, "the task to begin")
        return task.task_id, cast("bytes", self.traces.redis.hget("first", task.task_id)).decode()

    def settle(self) -> None:
        """Let every task end that was begun here: whoever holds one may finish it, now or once it has it again."""
        redis = self.traces.redis

        def settled() -> bool:
            missing = set(self._sent) - self._told(*ENDS)
            if missing and not redis.exists("go"):
                self.traces.release()
            return not missing and not any(map(len, queued_ids(redis, QUEUES).values()))

        wait_until(settled, WAIT, "the tasks to end")
        self._sent.clear()

    def _told(self, *words: str) -> set[str]:
        """The tasks of which a task told one of these words."""
        return {task_id for what, task_id, _ in self.traces.all() if what in words}

    def sigterm(self) -> None:
        """Ask the agent to end, and wait until it heard."""
        self.host.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "ending" in self.host.log(), WAIT, "the agent to hear")


@pytest.fixture
def desk(host_redis: str) -> Iterator[Desk]:
    """Two phones and their host; the test may end it."""
    with shelf(host_redis, 2, PHONEFLEET_DRAIN="6") as (sim, host):
        yield Desk(host_redis, sim, host)


@pytest.fixture(scope="module")
def lasting_desk() -> Iterator[Desk]:
    with Redis() as server, shelf(server.url, 2) as (sim, host):
        yield Desk(server.url, sim, host)


@pytest.fixture
def same_desk(lasting_desk: Desk) -> Iterator[Desk]:
    """Two phones and their host, which the tests share: each must leave both phones online."""
    redis = lasting_desk.traces.redis
    redis.delete("trace", "told")
    yield lasting_desk
    redis.delete("hard", "lease", "stops")
    lasting_desk.settle()
    redis.delete("go", "gone", "first", "leases")


def test_a_phone_that_leaves_loses_its_worker_and_gets_another_when_it_returns(same_desk: Desk) -> None:
    task_id, first = same_desk.hold("SIM0001")
    same_desk.sim.fault("SIM0001", "unplug")
    same_desk.host.wait_told("offline", "SIM0001")
    ((_, _, why, held),) = same_desk.host.wait_told("died", first)
    assert why.startswith("its phone: ")
    assert held == ""  # the task gave its lease up when it handed back
    # SIGTERM may come after the request to drain: then the worker takes the ticket again, and hands it back again
    told, pair = same_desk.traces.all(), ["began", "left:DRAIN"]
    assert told == [(what, task_id, "SIM0001@shelf") for what in pair * (len(told) // 2)]
    same_desk.sim.heal("SIM0001")
    same_desk.host.wait_told("online", "SIM0001")
    assert same_desk.host.incarnation("SIM0001") != first
    began = same_desk.traces.wait(len(told) + 1)[-1]
    assert began == ("began", task_id, "SIM0001@shelf")  # the ticket waited in the phone's own queue
    assert same_desk.host.told("offline", "SIM0002") == []


def test_workers_have_their_phones_in_hand_before_any_task_comes(same_desk: Desk) -> None:
    for serial in same_desk.sim.addresses:
        wait_until(lambda serial=serial: same_desk.sim.phone(serial)["ui_server"], WAIT, "the first UI server")  # type: ignore[misc]
        same_desk.sim.fault(serial, "kill_ui_server")
    zygote, *_ = same_desk.host.workers()
    os.kill(zygote, signal.SIGKILL)
    for serial in same_desk.sim.addresses:
        wait_until(lambda serial=serial: same_desk.sim.phone(serial)["ui_server"], WAIT, "another UI server")  # type: ignore[misc]


def test_an_unauthorized_phone_is_reported_and_served_once_a_person_allowed_it(same_desk: Desk) -> None:
    same_desk.sim.fault("SIM0002", "unauthorized")
    assert same_desk.host.wait_told("problem", "SIM0002", "unauthorized")
    same_desk.sim.heal("SIM0002")
    same_desk.host.wait_told("online", "SIM0002")


def test_a_worker_that_falls_is_mourned_its_ticket_rung_and_another_forked(same_desk: Desk) -> None:
    task_id, first = same_desk.hold("SIM0001")
    workers = same_desk.host.workers()
    pid = int(same_desk.traces.redis.get("pid") or 0)
    assert pid in workers
    os.kill(pid, signal.SIGKILL)
    ((_, _, why, held),) = same_desk.host.wait_told("died", first)
    assert (why, held) == ("killed by SIGKILL", task_id)
    same_desk.host.wait_told("ring")
    assert same_desk.traces.wait(2)[-1] == ("began", task_id, "SIM0001@shelf")
    assert same_desk.host.incarnation("SIM0001") != first


def test_a_worker_whose_task_passed_the_hard_limit_is_killed(same_desk: Desk) -> None:
    same_desk.traces.redis.set("hard", "0.5")
    task_id, first = same_desk.hold("SIM0001")
    same_desk.traces.redis.delete("hard")
    ((_, _, why, held),) = same_desk.host.wait_told("died", first)
    assert (why, held) == ("its task ran past the hard limit", task_id)
    assert f"is killed, in attempt 1 of task {task_id}" in same_desk.host.log()


def test_a_worker_that_is_frozen_is_killed_and_mourned(same_desk: Desk) -> None:
    task_id, first = same_desk.hold("SIM0001")  # its lease is renewed all the while
    os.kill(int(same_desk.traces.redis.get("pid") or 0), signal.SIGSTOP)
    ((_, _, why, held),) = same_desk.host.wait_told("died", first)
    assert "no sign of life" in why
    assert held == task_id
    assert same_desk.traces.wait(2)[-1] == ("began", task_id, "SIM0001@shelf")
    assert same_desk.host.told("offline") == []


def test_a_host_that_stood_still_as_a_whole_kills_nobody_when_it_goes_on(same_desk: Desk) -> None:
    redis = same_desk.traces.redis
    _, incarnation = same_desk.hold("SIM0001")
    everybody = [same_desk.host.process.pid, *same_desk.host.workers()]
    with frozen(*everybody) as since:
        outlast(since, RUNNING_SECONDS + 1)
    looked = int(redis.get("alive") or 0)
    wait_until(lambda: int(redis.get("alive") or 0) > looked + 2, WAIT, "the agent to look after its workers")
    assert same_desk.host.told("died") == []
    assert same_desk.host.incarnation("SIM0001") == incarnation


def test_a_stop_request_reaches_the_worker(same_desk: Desk) -> None:
    task_id, incarnation = same_desk.hold("SIM0001")
    same_desk.traces.redis.sadd("stops", incarnation)
    assert same_desk.traces.wait(2)[-1] == ("left:TASK", task_id, "SIM0001@shelf")


def test_a_worker_that_ignores_a_stop_request_is_killed(desk: Desk) -> None:
    desk.traces.redis.set("stubborn", "1")
    task_id, first = desk.hold("SIM0001")
    desk.traces.redis.sadd("stops", first)
    ((_, _, why, held),) = desk.host.wait_told("died", first)
    assert (why, held) == ("it was asked to leave its task, and had not after 10 s", task_id)
    assert not desk.host.told("died", desk.host.incarnation("SIM0002"))
    desk.host.wait_told("online", "SIM0001", times=2)


def test_leases_are_renewed_until_the_ledger_says_they_are_lost(same_desk: Desk) -> None:
    same_desk.traces.redis.set("lease", "4")  # seconds; renewals come once in one
    task_id, incarnation = same_desk.hold("SIM0001")
    before = int(same_desk.traces.redis.get("renewals") or 0)
    wait_until(lambda: int(same_desk.traces.redis.get("renewals") or 0) >= before + 6, WAIT, "six renewals")
    assert same_desk.traces.all() == [("began", task_id, "SIM0001@shelf")]
    same_desk.traces.redis.hdel("leases", incarnation)
    assert same_desk.traces.wait(2)[-1] == ("left:LEASE", task_id, "SIM0001@shelf")


def test_sigterm_lets_workers_finish_or_hand_back(desk: Desk) -> None:
    held = {desk.hold("SIM0001")[0]: "phone.SIM0001", desk.hold("SIM0002")[0]: "phone.SIM0002"}
    desk.sigterm()
    desk.traces.release()  # one of the two may finish
    assert desk.host.process.wait(WAIT) == 0
    told = {what: task_id for what, task_id, _ in desk.traces.all()[2:]}
    assert told.keys() == {"done", "left:DRAIN"}
    staying, queue = told["left:DRAIN"], held[told["left:DRAIN"]]
    assert queued_ids(desk.traces.redis, list(held.values())) == {
        **{key: set() for key in held.values()},
        queue: {staying},
        "unacked": set(),
    }
    assert {words[1] for words in desk.host.told("offline")} == {"SIM0001", "SIM0002"}


def test_a_second_sigterm_ends_at_once_and_puts_tickets_back(desk: Desk) -> None:
    desk.traces.redis.set("stubborn", "1")
    task_id, first = desk.hold("SIM0001")
    desk.sigterm()
    assert desk.host.end() == 0
    ((_, _, _, held),) = desk.host.told("died", first)
    assert held == task_id
    assert queued_ids(desk.traces.redis, ["phone.SIM0001"]) == {"phone.SIM0001": {task_id}, "unacked": set()}


def test_a_lost_zygote_is_replaced_and_its_workers_mourned(desk: Desk) -> None:
    _, first = desk.hold("SIM0001")
    zygote = desk.host.workers()[0]
    os.kill(zygote, signal.SIGKILL)
    ((_, _, why, _),) = desk.host.wait_told("died", first)
    assert why == "its zygote was lost"
    desk.host.wait_told("online", "SIM0001", times=2)
    desk.traces.wait(2)  # the ticket was put back, and the new worker has it


def test_a_zygote_that_is_frozen_is_replaced(desk: Desk) -> None:
    _, first = desk.hold("SIM0001")
    os.kill(desk.host.workers()[0], signal.SIGSTOP)
    ((_, _, why, _),) = desk.host.wait_told("died", first)
    assert why == "its zygote was lost"
    desk.host.wait_told("online", "SIM0001", times=2)
    desk.traces.wait(2)  # the ticket was put back, and the new worker has it


def test_nothing_of_a_killed_agent_stays(desk: Desk) -> None:
    workers = wait_until(lambda: found if len(found := desk.host.workers()) == 3 else [], WAIT, "zygote and workers")
    desk.host.end(signal.SIGKILL)
    wait_until(lambda: not any(map(alive, workers)), WAIT, "all workers to end with their agent")
