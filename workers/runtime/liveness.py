"""Liveness of a worker: a thread in it signals once a second that its process runs.

A worker that is frozen, or gets no processor, keeps its task for as long as its agent renews the
lease: nobody else would ever hear of it. So the agent kills one whose pulse stopped. What it must
not take for that is its own sleep: after a host as a whole stood still, every pulse is old.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.runtime.slots import Slot, SlotState

EVERY_SECONDS = 1.0
# A worker that runs a task holds up that task; an idle one only its own phone. Both numbers are many times
# what a busy machine delays a thread that sleeps.
RUNNING_SECONDS = 4.0
IDLE_SECONDS = 10.0
DOZE_SECONDS = 1.0  # an agent that looks four times a second, and did not for so long, stood still itself


@dataclass(slots=True)
class Awake:
    """How long the agent itself has been looking without a break. Times are monotonic seconds."""

    since: float
    looked: float

    def look(self, now: float) -> float:
        """Notes a look. Returns the time since which the agent has looked without a break."""
        if now - self.looked > DOZE_SECONDS:
            self.since = now
        self.looked = now
        return self.since


def silent(slot: Slot, awake_since: float, now: float) -> str | None:
    """Returns why the worker in this slot must be killed, if its process does not run any more; else None.

    A silence counts from when the agent itself was awake. One that is still starting has no pulse yet.
    """
    state = slot.state
    if state is SlotState.EMPTY:
        return None
    silence = now - max(slot.pulse_at, awake_since)
    if silence <= (RUNNING_SECONDS if state is SlotState.RUNNING else IDLE_SECONDS):
        return None
    return f"its process gave no sign of life for {silence:.1f} s"
