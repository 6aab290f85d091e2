"""Of many workers at the desk a few wait for quick tasks and the others rest; they wake as soon as they are needed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from tests.support.host.shelf import WAIT, Shelf, ticket
from tests.support.poll import wait_until
from tests.support.servers import Redis
from workers.dispatch.tickets import queued_ids
from workers.host.desk_rest import BUSY_LOOKS, CALM_LOOKS, LEAST_AWAKE, DeskLook, DeskRest, enough_awake, who_rests
from workers.runtime.slots import Slot, SlotState, own_slot
from workers.runtime.worker_identity import DESK_QUEUE, WorkerIdentity

FREE, BUSY = DeskLook(free=True, rests=False), DeskLook(free=False, rests=False)
ASLEEP, ASLEEP_AT_WORK = DeskLook(free=True, rests=True), DeskLook(free=False, rests=True)
FAR = 1e12


@pytest.mark.parametrize(
    ("desks", "calm", "rest"),
    [
        ([], True, []),
        ([FREE], True, [False]),
        ([FREE] * 3, True, [False, False, True]),
        ([FREE] * 3, False, [False] * 3),
        ([BUSY, FREE, BUSY, FREE, FREE], True, [False, False, False, False, True]),
        ([FREE, FREE, ASLEEP], True, [False, False, True]),
        ([FREE, BUSY, ASLEEP, ASLEEP], False, [False, False, False, True]),
        ([BUSY, BUSY, ASLEEP, ASLEEP_AT_WORK, ASLEEP], False, [False, False, False, False, True]),
        ([BUSY, BUSY, BUSY], False, [False] * 3),
    ],
    ids=repr,
)
def test_two_are_kept_free(desks: Sequence[DeskLook], calm: bool, rest: Sequence[bool]) -> None:
    assert list(who_rests(desks, 2, calm=calm)) == rest


def test_a_machine_keeps_some_for_each_processor() -> None:
    assert enough_awake() >= LEAST_AWAKE


def idle_slots(count: int) -> list[Slot]:
    slots = [own_slot() for _ in range(count)]
    for index, slot in enumerate(slots):
        slot.index = index
        slot.rest()
    return slots


def awake(slots: Sequence[Slot]) -> list[int]:
    return [slot.index for slot in slots if not slot.rests]


def looked(rest: DeskRest, slots: Sequence[Slot], times: int) -> list[int]:
    for _ in range(times):
        rest.look(slots)
    return awake(slots)


def begin(slot: Slot) -> None:
    slot.begin(str(uuid.uuid4()), 1, lease_until=FAR, hard_limit=FAR)


def test_those_who_are_too_many_rest_after_a_while() -> None:
    rest, slots = DeskRest(4), idle_slots(12)
    assert looked(rest, slots, CALM_LOOKS - 1) == [*range(12)]
    assert looked(rest, slots, 1) == [0, 1, 2, 3]
    assert looked(rest, slots, 10 * CALM_LOOKS) == [0, 1, 2, 3]


def test_quick_tasks_wake_nobody() -> None:
    rest, slots = DeskRest(4), idle_slots(12)
    looked(rest, slots, CALM_LOOKS)
    for _ in range(10):
        for slot in slots[:4]:
            begin(slot)
        assert looked(rest, slots, 1) == [0, 1, 2, 3]


def test_tasks_that_take_long_wake_others_until_all_work() -> None:
    rest, slots = DeskRest(4), idle_slots(12)
    looked(rest, slots, CALM_LOOKS)
    for count in (8, 12, 12):
        for index in awake(slots):
            if slots[index].state is SlotState.IDLE:
                begin(slots[index])
        before = awake(slots)
        assert looked(rest, slots, BUSY_LOOKS) == before  # as long as a commit may wait
        assert looked(rest, slots, 1) == [*range(count)]
    for slot in slots:
        slot.rest()
    assert looked(rest, slots, CALM_LOOKS) == [0, 1, 2, 3]


def test_a_worker_that_does_not_consume_yet_counts_for_none() -> None:
    rest, slots = DeskRest(4), idle_slots(8)
    looked(rest, slots, CALM_LOOKS)
    for slot in slots[:2]:
        slot.clear()
    assert looked(rest, slots, 1) == [0, 1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def lasting_desk() -> Iterator[Shelf]:
    with Redis() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PHONEFLEET_REDIS_URL", server.url)
        environment.setenv("PHONEFLEET_TASKS", "tests.support.host.sample_tasks")
        shelf = Shelf([], server.url)
        try:
            identity = WorkerIdentity(None, "", 5038, "shelf", str(uuid.uuid4()), shelf.zygote.slots[0])
            shelf.zygote.fork(identity)
            shelf.identities = {"desk": identity}
            shelf.wait_consuming()
            yield shelf
        finally:
            shelf.close()


@pytest.fixture
def desk_shelf(lasting_desk: Shelf) -> Shelf:
    """One worker at the desk, which the tests share and must leave at work, with no ticket."""
    lasting_desk.traces.redis.delete("trace")
    return lasting_desk


def clients(redis: Any) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", redis.client_list())


def waits(redis: Any) -> bool:
    """Whether a client of this Redis is blocked until a ticket comes."""
    return any("b" in one["flags"] for one in clients(redis))


@pytest.mark.fleet
def test_a_worker_that_rests_leaves_the_desk_to_others_and_comes_back(desk_shelf: Shelf) -> None:
    redis, slot = desk_shelf.traces.redis, desk_shelf.identities["desk"].slot
    (before,) = desk_shelf.send(ticket("sample.quick", DESK_QUEUE))
    desk_shelf.traces.wait(1)
    wait_until(lambda: waits(redis), WAIT, "the worker to wait for its next ticket")
    slot.send_to_rest(True)
    wait_until(lambda: not waits(redis), WAIT, "the worker to leave the desk")
    (left,) = desk_shelf.send(ticket("sample.quick", DESK_QUEUE))
    assert queued_ids(redis, [DESK_QUEUE])[DESK_QUEUE] == {left}
    slot.send_to_rest(False)
    assert [task_id for _, task_id, _ in desk_shelf.traces.wait(2)] == [before, left]


@pytest.mark.fleet
def test_who_comes_and_goes_loses_no_ticket_and_takes_none_twice(desk_shelf: Shelf) -> None:
    slot = desk_shelf.identities["desk"].slot
    sent: list[str] = []
    for number in range(20):
        slot.send_to_rest(number % 2 == 0)
        sent += desk_shelf.send(*(ticket("sample.quick", DESK_QUEUE) for _ in range(5)))
        done = len(desk_shelf.traces.all())
        if number % 2:
            # it serves the desk; what it has asked Redis for comes while it leaves. It may have done all of them by now
            desk_shelf.traces.wait(min(done + 1, len(sent)))
    slot.send_to_rest(False)
    assert sorted(task_id for _, task_id, _ in desk_shelf.traces.wait(len(sent))) == sorted(sent)
