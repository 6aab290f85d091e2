"""An entry of the roster, and the life of its worker from the decision to fork it to its death. No I/O."""

from __future__ import annotations

import math
import signal
from dataclasses import dataclass
from enum import Enum

from models.values.backoff import Backoff
from workers.host.commands import Order, SignalWorker
from workers.runtime.slots import Slot, SlotState
from workers.runtime.worker_identity import WorkerIdentity

REFORK = Backoff(first=0.5, most=60.0)
STEADY_SECONDS = 60.0  # a worker that lived so long does not count as one more failure in a row


class Stage(Enum):
    """The stages of a WorkerLife."""

    ENROLLING = "enrolling"
    ALIVE = "alive"
    LEAVING = "leaving"


@dataclass(slots=True)
class WorkerLife:
    """One worker, from the decision to fork it to its death."""

    identity: WorkerIdentity
    began: float
    stage: Stage = Stage.ENROLLING
    hand_back_at: float = 0.0  # when the slot asks for the task back
    kill_at: float = 0.0
    why: str = ""  # why it is to end, or was killed
    killed: bool = False  # because of something it did

    @property
    def starts(self) -> bool:
        """True until the worker consumes, or is asked to leave."""
        return self.stage is Stage.ENROLLING or (
            self.stage is Stage.ALIVE and self.identity.slot.state is SlotState.EMPTY
        )


@dataclass(slots=True)
class RosterEntry:
    """A phone or a desk of this host."""

    serial: str | None
    slot: Slot
    address: str = ""
    model: str = ""
    wanted: bool = False
    life: WorkerLife | None = None
    falls: int = 0  # deaths in a row that nobody asked for
    rest_until: float = 0.0
    occupied: str = ""  # the other host that serves the phone
    occupied_since: float = 0.0

    def leave(self, why: str, now: float, patience: float, grace: float) -> list[Order]:
        """Asks the worker to end; after a second request, the shorter time to finish counts."""
        life = self.life
        if life is None or life.stage is Stage.ENROLLING:
            return []
        first = life.stage is Stage.ALIVE
        if first:
            life.stage, life.hand_back_at, life.kill_at = Stage.LEAVING, math.inf, math.inf
        life.hand_back_at = min(life.hand_back_at, now + patience)
        life.kill_at = min(life.kill_at, now + patience + grace)
        life.why = life.why or why
        return [SignalWorker(life.identity.incarnation, signal.SIGTERM)] if first else []

    def rest(self, now: float) -> None:
        """Counts a fall. The next worker is forked after a rest, which grows with the falls in a row."""
        self.life = None
        self.falls += 1
        self.rest_until = now + REFORK.wait(self.falls)
