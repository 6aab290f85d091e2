"""The memory that a host agent and its workers share."""

from __future__ import annotations

import os
import time

import pytest

from workers.runtime.slots import Slot, SlotState, Stop, make_memory, map_slots, own_slot, safe_until

FAR = 1e12
TASK, TAG = "0f1c4a5e-0000-4000-8000-000000000001", "0f1c4a5e-0000-4000-8000-000000000002"


def why(slot: Slot) -> Stop:
    """A fresh look: a type checker would take the attribute for unchanged."""
    return slot.stop


def test_two_mappings_of_the_memory_show_the_same_and_slots_do_not_touch() -> None:
    memory = make_memory(3)
    agent, worker = map_slots(memory, 3), map_slots(memory, 3)
    os.close(memory)
    worker[1].take_ticket(TAG)
    worker[1].begin(TASK, 7, lease_until=FAR, hard_limit=12.5)
    worker[1].at_step("comments")
    seen = agent[1]
    assert (seen.task_id, seen.tag, seen.attempt, seen.step) == (TASK, TAG, 7, "comments")
    assert (seen.state, seen.lease_until, seen.hard_limit) == (SlotState.RUNNING, FAR, 12.5)
    assert seen.doing == f"attempt 7 of task {TASK}, at step comments"
    worker[1].at_step(None)
    assert seen.doing == f"attempt 7 of task {TASK}"
    for other in (agent[0], agent[2]):
        assert other.doing == "no task"
        assert (other.task_id, other.tag, other.state, other.turn) == ("", "", SlotState.EMPTY, 0)


def test_a_stop_reaches_the_task_that_it_was_meant_for_and_no_other() -> None:
    slot = own_slot()
    slot.begin(TASK, 1, lease_until=FAR, hard_limit=FAR)
    meant = slot.turn
    assert why(slot) == Stop.NO
    slot.ask(Stop.TASK, meant)
    assert why(slot) == Stop.TASK
    slot.rest()
    slot.begin(TASK, 2, lease_until=FAR, hard_limit=FAR)
    slot.ask(Stop.LEASE, meant)
    assert why(slot) == Stop.NO


def test_reasons_to_stop_add_up() -> None:
    slot = own_slot()
    slot.begin(TASK, 1, lease_until=FAR, hard_limit=FAR)
    slot.ask(Stop.TASK, slot.turn)
    slot.ask(Stop.LEASE, slot.turn)
    slot.ask(Stop.DRAIN, slot.turn)
    assert why(slot) == Stop.TASK | Stop.LEASE | Stop.DRAIN


def test_a_drain_is_meant_for_the_worker_and_ends_with_it() -> None:
    slot = own_slot()
    slot.ask(Stop.DRAIN, slot.turn)
    slot.begin(TASK, 1, lease_until=FAR, hard_limit=FAR)
    assert why(slot) == Stop.DRAIN
    slot.clear()
    assert why(slot) == Stop.NO


def test_a_lease_that_ran_out_stops_a_running_task_only() -> None:
    slot, now = own_slot(), time.monotonic()
    slot.begin(TASK, 1, lease_until=now, hard_limit=FAR)
    assert why(slot) == Stop.LEASE
    slot.extend(now + 60)
    assert why(slot) == Stop.NO
    slot.extend(now)
    slot.rest()
    assert why(slot) == Stop.NO


def test_a_new_life_begins_with_a_clean_slot_and_a_turn_of_its_own() -> None:
    slot = own_slot()
    slot.take_ticket(TAG)
    slot.begin(TASK, 1, lease_until=FAR, hard_limit=FAR)
    turn = slot.turn
    slot.ask(Stop.TASK, turn)
    slot.clear()
    assert (slot.state, slot.task_id, slot.tag, slot.step) == (SlotState.EMPTY, "", "", None)
    assert slot.turn > turn


def test_ids_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="longer than 36 bytes"):
        own_slot().take_ticket("x" * 37)


def test_a_worker_lets_go_before_its_lease_ends() -> None:
    assert 100 < safe_until(asked_at=100.0, lease=30.0) < 130
