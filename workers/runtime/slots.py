"""Slots: a host agent and each of its workers exchange state through one fixed slot of shared memory.

The memory is anonymous (a memfd), made before the zygote so that every process inherits it. A slot
is made of machine words, each read and written whole, so no lock is needed. Times are seconds of
the monotonic clock, which all processes of a machine share.

Reasons to stop belong to a *turn* (one task in one slot): the agent writes them with the turn that
it looked at before it asked the ledger. A stop that comes late, when the next task already runs,
meets another turn and says nothing.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Sequence
from enum import IntEnum, IntFlag

SLOT_BYTES = 256
ID_BYTES = 36  # task ids and delivery tags are UUIDs in text
STEP_BYTES = 64  # as many as the ledger's column has characters

# Word numbers in a slot, each written by one side alone; both write the lease, and either value is
# a safe one (see workers.host.leases).
_STOP, _DRAIN, _LEASE, _TURN, _STATE, _ATTEMPT, _HARD, _NO_POOL, _PULSE, _RESTS = range(10)
_ACCOUNT, _FREE_AT, _SEEN, _SEEN_AT, _SETTLED = range(10, 15)  # of looks at who is logged in
_WORDS = 120
_TASK = slice(_WORDS, _WORDS + ID_BYTES)
_TAG = slice(_WORDS + ID_BYTES, _WORDS + 2 * ID_BYTES)
_STEP = slice(_WORDS + 2 * ID_BYTES, _WORDS + 2 * ID_BYTES + STEP_BYTES)
_WHY = 0xFF  # the low byte of the stop word says why, the rest of it to which turn


class Stop(IntFlag):
    """The reasons to ask a worker to leave its task."""

    NO = 0
    TASK = 1  # the ledger asks for this task to be left: a stop or a pause
    DRAIN = 2  # this worker is to end: hand the task back
    LEASE = 4  # the lease was lost or ran out: another may hold the phone


class SlotState(IntEnum):
    """The states of a worker."""

    EMPTY = 0  # no worker has this slot, or its worker is still starting
    IDLE = 1
    RUNNING = 2


def safe_until(asked_at: float, lease: float) -> float:
    """Returns when a worker must stop touching its phone, by a lease of `lease` seconds asked for at `asked_at`.

    Monotonic seconds. Counted from before the ledger was asked, less a fifth of the lease, so that
    the worker lets go before the ledger gives the task to another.
    """
    return asked_at + lease * 0.8


class Slot:
    """One worker's slot. A check costs a fraction of a microsecond and never blocks."""

    __slots__ = ("_bytes", "_times", "_words", "index")

    def __init__(self, memory: mmap.mmap, index: int) -> None:
        self._bytes = memoryview(memory)[index * SLOT_BYTES : (index + 1) * SLOT_BYTES]
        self._words = self._bytes[:_WORDS].cast("Q")
        self._times = self._bytes[:_WORDS].cast("d")
        self.index = index

    def clear(self) -> None:
        """Wipes the state of the worker before; call it while no worker has this slot. Turns go on counting."""
        turn = self.turn
        self._bytes[:] = bytes(SLOT_BYTES)
        self._words[_TURN] = turn + 1

    # the worker says

    def take_ticket(self, tag: str) -> None:
        """A ticket was received under this delivery tag; should the worker die, its agent puts it back."""
        self._bytes[_TAG] = _padded(tag)

    def rest(self) -> None:
        """Notes that the worker consumes and no task runs."""
        self._words[_STATE] = SlotState.IDLE
        self._times[_HARD] = 0.0

    def begin(self, task_id: str, attempt: int, *, lease_until: float, hard_limit: float) -> None:
        """A task was claimed: its phone may be touched until `lease_until`; at `hard_limit` its worker is killed.

        Call it after the claim was committed: an agent that sees a running task for which the
        ledger knows no lease takes the lease for lost.
        """
        self._words[_TURN] += 1
        self._bytes[_TASK] = _padded(task_id)
        self.at_step(None)
        self._words[_ATTEMPT] = attempt
        self._times[_LEASE] = lease_until
        self._times[_HARD] = hard_limit
        self._words[_STATE] = SlotState.RUNNING

    def at_step(self, name: str | None) -> None:
        """Notes the running task's step of its flow; empty between two steps."""
        self._bytes[_STEP] = (name or "").encode()[:STEP_BYTES].ljust(STEP_BYTES, b"\0")

    def pulse(self) -> None:
        """Notes that the process runs. A thread of its own calls this, independent of the task."""
        self._times[_PULSE] = time.monotonic()

    def see_again(self, account: int, began: float) -> None:
        """Notes that a look, begun at `began`, found the account that the agent had named (see `known_account`)."""
        self._words[_SEEN] = account
        self._times[_SEEN_AT] = began

    # the agent says

    def say_phone(self, account: int, asked_at: float) -> None:
        """Says what the ledger, asked at `asked_at`, said of the phone: it is this worker's, nobody paused it.

        `account`: the mark of the account on it; 0 when the worker is to write down itself whom it sees.
        """
        self._words[_ACCOUNT] = account
        self._times[_FREE_AT] = asked_at

    def leave_phone_alone(self) -> None:
        """Says that the phone is paused: the worker asks the ledger itself before it touches it for a look."""
        self._times[_FREE_AT] = 0.0
        self._words[_ACCOUNT] = 0

    def settle(self, seen_at: float) -> None:
        """Says that the look of `seen_at` is in the ledger, or was refused there."""
        self._times[_SETTLED] = seen_at

    def ask(self, why: Stop, turn: int) -> None:
        """Asks the worker to leave the task of that turn. DRAIN applies to the worker in any turn."""
        if why & Stop.DRAIN:
            self._words[_DRAIN] = 1
        bits = why & ~Stop.DRAIN
        if bits:
            said = self._words[_STOP]
            before = said & _WHY if said >> 8 == turn else 0
            self._words[_STOP] = turn << 8 | before | bits

    def extend(self, lease_until: float) -> None:
        """Notes that the running task's lease was renewed."""
        self._times[_LEASE] = lease_until

    def open_pool(self, may: bool) -> None:
        """Says whether the worker may take tickets from the pool. It always serves its own queue."""
        self._words[_NO_POOL] = 0 if may else 1

    def send_to_rest(self, rests: bool) -> None:
        """Says whether the worker leaves the desk's queue to others, because enough of them wait."""
        self._words[_RESTS] = 1 if rests else 0

    # both read

    @property
    def phone_free_at(self) -> float:
        """Monotonic seconds at which the phone was last known to be this worker's and not paused; 0: it is not."""
        return self._times[_FREE_AT]

    @property
    def known_account(self) -> int:
        """The mark of the account that the ledger last had on this phone, or 0."""
        return self._words[_ACCOUNT]

    @property
    def seen_again(self) -> tuple[int, float] | None:
        """The mark of an account that a look saw again and when it began, if that is not settled."""
        at = self._times[_SEEN_AT]
        return (self._words[_SEEN], at) if at > self._times[_SETTLED] else None

    @property
    def rests(self) -> bool:
        """True while the worker leaves the desk's queue to others, as its agent said."""
        return bool(self._words[_RESTS])

    @property
    def serves_pool(self) -> bool:
        """True when the pool is open to this worker, as it is unless its agent closed it."""
        return not self._words[_NO_POOL]

    @property
    def stop(self) -> Stop:
        """Returns the reasons to leave the running task, `Stop.NO` for none. An expired lease is one."""
        words = self._words
        said = words[_STOP]
        why: int = said & _WHY if said and said >> 8 == words[_TURN] else 0
        if words[_DRAIN]:
            why |= Stop.DRAIN
        if words[_STATE] == SlotState.RUNNING and time.monotonic() >= self._times[_LEASE]:
            why |= Stop.LEASE
        return Stop(why) if why else Stop.NO

    @property
    def turn(self) -> int:
        """The number of the task in this slot, counted since the agent started."""
        return self._words[_TURN]

    @property
    def state(self) -> SlotState:
        """Returns the worker's state."""
        return SlotState(self._words[_STATE])

    @property
    def running(self) -> tuple[int, str] | None:
        """The turn and the task that runs, of one moment; None between tasks, or while one begins."""
        turn = self.turn  # raised before anything else of the next task is written, and RUNNING is written last
        if self.state is not SlotState.RUNNING:
            return None
        task_id = self.task_id
        return (turn, task_id) if self.turn == turn else None

    @property
    def task_id(self) -> str:
        """The running task; between tasks the last one. Empty before the first."""
        return _text(self._bytes[_TASK])

    @property
    def attempt(self) -> int:
        """The attempt number of `task_id`."""
        return self._words[_ATTEMPT]

    @property
    def doing(self) -> str:
        """Returns the running attempt, its task and the step of its flow, for a log line."""
        if self.running is None:
            return "no task"
        at = "" if self.step is None else f", at step {self.step}"
        return f"attempt {self.attempt} of task {self.task_id}{at}"

    @property
    def tag(self) -> str:
        """The delivery tag of the last ticket, answered for or not. Empty before the first."""
        return _text(self._bytes[_TAG])

    @property
    def step(self) -> str | None:
        """The step that the running task is at, for people: read while it is written, it may be cut."""
        return bytes(self._bytes[_STEP]).rstrip(b"\0").decode(errors="ignore") or None

    @property
    def pulse_at(self) -> float:
        """Monotonic seconds of the last pulse; 0 before the first."""
        return self._times[_PULSE]

    @property
    def lease_until(self) -> float:
        """Monotonic seconds after which the worker must not touch the phone."""
        return self._times[_LEASE]

    def lease_lasts(self) -> bool:
        """True until `lease_until`: so long the running task may still write to the ledger."""
        return time.monotonic() < self._times[_LEASE]

    @property
    def hard_limit(self) -> float:
        """Monotonic seconds at which the worker is killed; 0 while no task runs."""
        return self._times[_HARD]


def _padded(text: str) -> bytes:
    data = text.encode()
    if len(data) > ID_BYTES:
        raise ValueError(f"{text!r} is longer than {ID_BYTES} bytes")
    return data.ljust(ID_BYTES, b"\0")


def _text(view: memoryview) -> str:
    return bytes(view).rstrip(b"\0").decode()


def make_memory(count: int) -> int:
    """A descriptor of new anonymous memory for `count` slots; a program started with it shares them."""
    descriptor = os.memfd_create("phonefleet-slots")
    os.ftruncate(descriptor, max(1, count) * SLOT_BYTES)
    return descriptor


def map_slots(descriptor: int, count: int) -> Sequence[Slot]:
    """The `count` slots in the memory that `make_memory` made, shared with every process forked afterwards."""
    memory = mmap.mmap(descriptor, max(1, count) * SLOT_BYTES)
    return tuple(Slot(memory, index) for index in range(count))


def own_slot() -> Slot:
    """Returns a slot that no other process reads, for a worker without a host agent."""
    return Slot(mmap.mmap(-1, SLOT_BYTES), 0)
