"""Decides which workers at the desk rest: of many that wait, a few take the tickets of quick tasks, and stay warm.

Redis gives a ticket to the worker that has waited longest. So of forty idle workers each runs every fortieth task, with
nothing of what it needs in the processor's caches: a ticket waited twice as long for its start as with eight.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers.runtime.slots import Slot, SlotState

LEAST_AWAKE = 8
AWAKE_A_PROCESSOR = 4  # that are free: two keep it busy with quick tasks, while others wait for the ledger's disk
CALM_LOOKS = 4  # so often more than enough are free before some rest: a second
BUSY_LOOKS = 2  # so often a worker is seen at the same task before it counts as busy: a commit may wait for the disk


@dataclass(frozen=True, slots=True)
class DeskLook:
    """One worker: it is free when it waits, or ended a task in the last looks; whether it rests."""

    free: bool
    rests: bool


def who_rests(desks: Sequence[DeskLook], enough: int, *, calm: bool) -> Sequence[bool]:
    """Returns for each whether it is to rest now. When fewer than `enough` are free, others wake at once.

    `calm`: more than enough were free for a while; then the last of those that are free may rest.
    """
    rests = [one.rests for one in desks]
    free = [at for at, one in enumerate(desks) if one.free and not one.rests]
    for at in free[enough:] if calm else ():
        rests[at] = True
    asleep = [at for at, one in enumerate(desks) if one.rests]
    for at in asleep[: max(0, enough - len(free))]:
        rests[at] = False
    return rests


def enough_awake() -> int:
    """Returns how many free workers at the desk this machine needs."""
    return max(LEAST_AWAKE, AWAKE_A_PROCESSOR * len(os.sched_getaffinity(0)))


class DeskRest:
    """Looks at a host's workers at the desk, and tells them by their slots."""

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self._seen: Mapping[int, tuple[int, int]] = {}  # of each slot its turn, and the looks at which it ran that one
        self._calm = 0  # looks in a row with more than enough

    def look(self, slots: Sequence[Slot]) -> None:
        """Tells each of these workers whether it rests; the agent looks several times a second."""
        self._seen = {slot.index: self._looked_at(slot) for slot in slots}
        seen = [DeskLook(_is_free(slot, self._seen[slot.index][1]), slot.rests) for slot in slots]
        free = sum(one.free and not one.rests for one in seen)
        self._calm = self._calm + 1 if free > self._enough else 0
        for slot, rests in zip(slots, who_rests(seen, self._enough, calm=self._calm >= CALM_LOOKS), strict=True):
            if rests != slot.rests:
                slot.send_to_rest(rests)

    def _looked_at(self, slot: Slot) -> tuple[int, int]:
        turn, looks = self._seen.get(slot.index, (-1, 0))
        running = slot.state is SlotState.RUNNING
        return slot.turn, (looks + 1 if running and turn == slot.turn else int(running))


def _is_free(slot: Slot, looks: int) -> bool:
    if slot.state is SlotState.RUNNING:
        return looks <= BUSY_LOOKS
    return slot.state is SlotState.IDLE
