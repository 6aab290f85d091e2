"""Forked Celery workers over a real Redis: they consume, in the right order, and leave nothing behind."""

from __future__ import annotations

import os
import random
import signal
from typing import cast

import pytest
from celery.bootsteps import Blueprint
from kombu.asynchronous import Hub
from redis import Redis as Client
from redis.exceptions import RedisError

from scripts.local.embedded import free_port
from tests.support.host.shelf import WAIT, Shelf, alive, celery_for, ticket
from tests.support.poll import wait_until
from tests.support.servers import Redis
from workers.dispatch.tickets import NotPublished, publish, put_back, queue_lengths, queued_ids
from workers.host.celery_worker import PhoneWorker
from workers.runtime.slots import Stop

pytestmark = pytest.mark.fleet


def test_a_zygote_forks_workers_that_all_consume_their_own_queue(host_redis: str) -> None:
    shelf = Shelf([f"S{number}" for number in range(12)], host_redis)
    try:
        sent = shelf.send(*(ticket("sample.quick", f"phone.{serial}", 0) for serial in shelf.identities))
        done = shelf.traces.wait(len(sent))
        assert {task_id: worker for _, task_id, worker in done} == {
            task_id: f"{serial}@shelf" for task_id, serial in zip(sent, shelf.identities, strict=True)
        }
    finally:
        shelf.close()


def test_nobody_outlives_a_killed_zygote(host_redis: str) -> None:
    shelf = Shelf(["A", "B", "C"], host_redis)
    try:
        pids = [shelf.pid(identity) for identity in shelf.identities.values()]
        assert all(map(alive, pids))
        os.kill(shelf.zygote.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(alive, pids)), WAIT, "the workers to end with their zygote")
        wait_until(shelf.zygote_gone, WAIT, "word of the zygote's end")
    finally:
        shelf.close()


def test_pinned_work_goes_before_a_hundred_waiting_pool_tickets(same_worker: Shelf) -> None:
    same_worker.send(ticket("sample.long", "pool"))
    same_worker.traces.wait(1)
    same_worker.send(*(ticket("sample.quick", "pool", 0) for _ in range(100)))
    (pinned,) = same_worker.send(ticket("sample.quick", "phone.A", 0))
    same_worker.traces.release()
    done = [task_id for what, task_id, _ in same_worker.traces.wait(103) if what == "done"]
    assert done.index(pinned) == 1  # right after the one that held the phone


def test_pool_work_runs_by_priority_and_within_one_as_it_came(same_worker: Shelf) -> None:
    same_worker.send(ticket("sample.long", "pool", 0))
    same_worker.traces.wait(1)
    priorities = [0, 3, 6, 9] * 5
    random.Random(7).shuffle(priorities)
    sent = same_worker.send(*(ticket("sample.quick", "pool", priority) for priority in priorities))
    same_worker.traces.release()
    done = [task_id for what, task_id, _ in same_worker.traces.wait(22) if what == "done"][1:]
    assert [priorities[sent.index(task_id)] for task_id in done] == sorted(priorities)
    assert done == [task_id for _, task_id in sorted(zip(priorities, sent, strict=True), key=lambda pair: pair[0])]


def test_a_ticket_tells_its_worker_the_priority_that_it_came_with(same_worker: Shelf) -> None:
    sent = same_worker.send(ticket("sample.step", "pool", 7), ticket("sample.step", "phone.A", 0))
    assert sorted(what for what, task_id, _ in same_worker.traces.wait(2) if task_id in sent) == ["step:0", "step:7"]


def test_a_worker_leaves_the_pool_and_joins_it_again_and_serves_its_own_queue_throughout(same_worker: Shelf) -> None:
    slot = same_worker.identities["A"].slot

    def done() -> set[str]:
        return {task_id for _, task_id, _ in same_worker.traces.all()}

    def leaves_the_pool_alone() -> set[str]:
        """The pool's ticket goes before the own one of a lower step, unless the pool is not served."""
        pooled, own = same_worker.send(ticket("sample.quick", "pool", 6), ticket("sample.quick", "phone.A", 9))
        wait_until(lambda: own in done(), WAIT, "its own ticket")
        return {pooled} - done()

    assert not leaves_the_pool_alone()
    slot.open_pool(False)
    left = wait_until(leaves_the_pool_alone, WAIT, "the worker to leave the pool")
    assert left <= queued_ids(same_worker.traces.redis, ["pool"])["pool"]
    slot.open_pool(True)
    wait_until(lambda: left <= done(), WAIT, "the worker to serve the pool again")
    assert not leaves_the_pool_alone()


def test_an_idle_worker_waits_long_and_asks_at_once_anew_when_the_pool_is_closed(same_worker: Shelf) -> None:
    redis, slot = same_worker.traces.redis, same_worker.identities["A"].slot
    redis.config_resetstat()
    with redis.monitor() as seen:  # type: ignore[no-untyped-call]
        slot.open_pool(False)
        said = (seen.next_command()["command"].split() for _ in range(100))
        wait = next(one for one in said if one[0] == "BRPOP" and "pool" not in one)
    slot.open_pool(True)
    assert (wait[1], wait[-1]) == ("phone.A", "5")
    assert cast("dict[str, object]", redis.info("commandstats"))["cmdstat_client|unblock"]


def test_a_signal_wakes_the_loop_of_a_worker_that_sleeps() -> None:
    worker, hub = object.__new__(PhoneWorker), Hub()  # type: ignore[no-untyped-call]
    worker.blueprint, worker.steps = Blueprint(), []
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    worker.wake_by_signals()
    try:
        worker.register_with_event_loop(hub)
        os.kill(os.getpid(), signal.SIGUSR1)
        (woken,) = hub.poller.poll(WAIT)
        take, arguments = hub.readers[woken[0]]
        take(*arguments)
        assert not hub.poller.poll(0)
    finally:
        os.close(signal.set_wakeup_fd(-1))
        signal.signal(signal.SIGUSR1, before)
        hub.close()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("cancelled", [("phone.A",), ("pool",), ("phone.A", "pool")], ids="+".join)
def test_a_queue_that_is_cancelled_from_outside_is_taken_back(same_worker: Shelf, cancelled: tuple[str, ...]) -> None:
    for queue in cancelled:
        assert same_worker.app.control.cancel_consumer(queue, reply=True, timeout=10, limit=1)
    sent = same_worker.send(ticket("sample.quick", "phone.A", 0), ticket("sample.quick", "pool", 6))
    wait_until(
        lambda: set(sent) <= {task_id for _, task_id, _ in same_worker.traces.all()}, WAIT, "both queues' tickets"
    )
    same_worker.send(ticket("sample.long", "pool"))
    same_worker.traces.wait(3)
    same_worker.send(*(ticket("sample.quick", "pool", 0) for _ in range(5)))
    (pinned,) = same_worker.send(ticket("sample.quick", "phone.A", 0))
    same_worker.traces.release()
    done = [task_id for what, task_id, _ in same_worker.traces.wait(10) if what == "done"]
    assert done.index(pinned) == 3  # pinned work is before the pool as ever


def test_tickets_arrive_after_redis_was_emptied(same_worker: Shelf) -> None:
    same_worker.send(ticket("sample.quick", "pool"))
    same_worker.traces.wait(1)
    same_worker.traces.redis.flushall()
    sent = same_worker.send(ticket("sample.quick", "pool"), ticket("sample.quick", "phone.A", 0))
    assert {task_id for _, task_id, _ in same_worker.traces.wait(2)} == set(sent)


def test_tickets_are_counted_where_they_are(same_worker: Shelf) -> None:
    redis = same_worker.traces.redis
    (held,) = same_worker.send(ticket("sample.long", "pool"))
    same_worker.traces.wait(1)
    waiting = same_worker.send(*(ticket("sample.quick", "pool", priority) for priority in (0, 3, 6, 9)))
    (pinned,) = same_worker.send(ticket("sample.quick", "phone.A", 0))
    assert queued_ids(redis, ["pool", "phone.A"]) == {"pool": set(waiting), "phone.A": {pinned}, "unacked": {held}}
    assert queue_lengths(redis, ["pool", "phone.A", "phone.B"]) == {"pool": 4, "phone.A": 1, "phone.B": 0}
    same_worker.traces.release()
    same_worker.traces.wait(7)
    wait_until(lambda: not queued_ids(redis, ["pool"])["unacked"], WAIT, "all tickets to be answered for")


def test_the_ticket_of_a_killed_worker_goes_back_to_the_head_of_its_queue(one_worker: Shelf) -> None:
    redis, identity = one_worker.traces.redis, one_worker.identities["A"]
    (held,) = one_worker.send(ticket("sample.long", "pool"))
    one_worker.traces.wait(1)
    assert identity.slot.task_id == held
    assert one_worker.kill(identity) == "killed by SIGKILL"
    assert queued_ids(redis, ["pool"]) == {"pool": set(), "unacked": {held}}
    put_back(one_worker.app, [identity.slot.tag])
    put_back(one_worker.app, [identity.slot.tag])  # again: there is nothing left to put back
    assert queued_ids(redis, ["pool"]) == {"pool": {held}, "unacked": set()}
    assert redis.llen("pool\x06\x166") == 1


def test_a_spent_ticket_of_a_killed_worker_goes_nowhere(one_worker: Shelf) -> None:
    redis, identity = one_worker.traces.redis, one_worker.identities["A"]
    (held,) = one_worker.send(ticket("sample.long", "pool"))
    one_worker.traces.wait(1)
    one_worker.kill(identity)
    assert queued_ids(redis, ["pool"]) == {"pool": set(), "unacked": {held}}
    for _ in range(2):
        put_back(one_worker.app, [], spent=[identity.slot.tag])
    assert queued_ids(redis, ["pool"]) == {"pool": set(), "unacked": set()}
    assert redis.zcard("unacked_index") == 0


def test_a_worker_that_is_drained_hands_its_task_back_and_ends(one_worker: Shelf) -> None:
    redis, identity = one_worker.traces.redis, one_worker.identities["A"]
    held, waiting = one_worker.send(ticket("sample.long", "pool"), ticket("sample.quick", "pool", 9))
    one_worker.traces.wait(1)
    one_worker.zygote.signal(identity.incarnation, signal.SIGTERM)
    identity.slot.ask(Stop.DRAIN, identity.slot.turn)
    assert one_worker.death(identity) == "ended with code 0"
    # SIGTERM may come after the wish to drain: then the worker takes the ticket again, and hands it back again
    told = [(what, task_id) for what, task_id, _ in one_worker.traces.all()]
    assert told == [("began", held), ("left:DRAIN", held)] * (len(told) // 2)
    assert queued_ids(redis, ["pool"]) == {"pool": {held, waiting}, "unacked": set()}


def test_a_worker_whose_answer_to_a_ticket_was_lost_connects_anew_instead_of_waiting_for_ever(
    one_worker: Shelf, redis_server: Redis
) -> None:
    pid = one_worker.pid(one_worker.identities["A"])
    one_worker.app.send_task("sample.last_word", (redis_server.pid, 14.0), queue="phone.A", declare=[])
    (next_one,) = wait_until(lambda: _sent(one_worker), WAIT, "Redis to take a ticket") or []
    wait_until(lambda: next_one in _told(one_worker), WAIT, "the next ticket to be taken")
    assert alive(pid)


def _told(shelf: Shelf) -> set[str]:
    """The tasks that left a trace, if Redis answers."""
    try:
        return {task_id for _, task_id, _ in shelf.traces.all()}
    except RedisError:
        return set()


def _sent(shelf: Shelf) -> list[str]:
    """A quick task, once Redis takes it."""
    try:
        return shelf.send(ticket("sample.quick", "phone.A"))
    except NotPublished:
        return []


def test_a_stop_meant_for_one_task_spares_the_next(same_worker: Shelf) -> None:
    slot = same_worker.identities["A"].slot
    first, second = same_worker.send(ticket("sample.long", "pool"), ticket("sample.long", "pool"))
    same_worker.traces.wait(1)
    turn = slot.turn
    slot.ask(Stop.TASK, turn)
    wait_until(lambda: slot.task_id == second and slot.turn == turn + 1, WAIT, "the second task")
    slot.ask(Stop.TASK, turn)  # late: asked before, delivered now
    same_worker.traces.release()
    told = [(what, task_id) for what, task_id, _ in same_worker.traces.wait(4)]
    assert told == [("began", first), ("left:TASK", first), ("began", second), ("done", second)]


def test_tickets_are_published_over_a_connection_that_broke(host_redis: str) -> None:
    app = celery_for(host_redis)
    with Client.from_url(host_redis) as redis:
        publish(app, [ticket("sample.quick", "pool")])
        redis.client_kill_filter(_type="normal", skipme=True)  # as a restart of Redis looks to its clients
        publish(app, [ticket("sample.quick", "pool")])
        assert queue_lengths(redis, ["pool"]) == {"pool": 2}
    app.close()


def test_a_ticket_is_put_back_once_redis_answers_again(host_redis: str) -> None:
    app = celery_for(f"redis://127.0.0.1:{free_port()}/0")
    put_back(celery_for(host_redis), ["no such tag"])
    for _ in range(2):
        with pytest.raises(RedisError):
            put_back(app, ["no such tag"])
    app.conf.broker_url = host_redis
    put_back(app, ["no such tag"])
    app.close()


def test_what_redis_does_not_take_is_not_published() -> None:
    app = celery_for(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(NotPublished, match="1 tickets"):
        publish(app, [ticket("sample.quick", "pool")])
    app.close()
