"""Who is taken for frozen: a worker whose pulse stopped while its agent was awake, and nobody else."""

from __future__ import annotations

import time

import pytest

from workers.runtime.liveness import DOZE_SECONDS, IDLE_SECONDS, RUNNING_SECONDS, Awake, silent
from workers.runtime.slots import Slot, own_slot

FAR = 1e12
LONG_AGO = 0.0


def beating(*, runs: bool) -> tuple[Slot, float]:
    """The slot of a worker that runs a task or idles, and the moment of its pulse."""
    slot = own_slot()
    slot.rest()
    if runs:
        slot.begin("t1", 1, lease_until=FAR, hard_limit=FAR)
    slot.pulse()
    return slot, slot.pulse_at


@pytest.mark.parametrize(("runs", "seconds"), [(True, RUNNING_SECONDS), (False, IDLE_SECONDS)])
def test_a_pulse_that_stopped_is_seen_after_a_while(runs: bool, seconds: float) -> None:
    slot, beat_at = beating(runs=runs)
    assert silent(slot, LONG_AGO, beat_at + seconds) is None
    assert "no sign of life for" in (silent(slot, LONG_AGO, beat_at + seconds + 0.1) or "")
    slot.pulse()
    assert silent(slot, LONG_AGO, slot.pulse_at + seconds) is None


def test_a_worker_that_is_still_starting_is_not_silent() -> None:
    assert silent(own_slot(), LONG_AGO, FAR) is None


def test_silence_counts_from_when_the_agent_was_awake() -> None:
    slot, beat_at = beating(runs=True)
    thawed = beat_at + 60
    assert silent(slot, thawed, thawed) is None
    assert silent(slot, thawed, thawed + RUNNING_SECONDS) is None
    assert silent(slot, thawed, thawed + RUNNING_SECONDS + 0.1) is not None


def test_an_agent_that_looked_without_a_break_has_been_awake_all_along() -> None:
    awake = Awake(since=10.0, looked=10.0)
    assert [awake.look(at) for at in (10.3, 10.6, 10.6 + DOZE_SECONDS)] == [10.0, 10.0, 10.0]


def test_an_agent_that_stood_still_begins_anew() -> None:
    awake = Awake(since=10.0, looked=10.0)
    assert awake.look(40.0) == 40.0
    assert awake.look(40.25) == 40.0


def test_a_pulse_is_the_moment_of_now() -> None:
    slot, before = own_slot(), time.monotonic()
    assert slot.pulse_at == 0
    slot.pulse()
    assert before <= slot.pulse_at <= time.monotonic()
