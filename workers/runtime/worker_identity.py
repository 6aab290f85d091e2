"""The identity of a worker: the phone that it serves, its host, and this one life of it.

A worker at the *desk* serves tasks that touch no phone; its identity has no serial.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.runtime.slots import Slot

POOL_QUEUE = "pool"
DESK_QUEUE = "desk"
DELIVERY_QUEUE = "delivery"


def phone_queue(serial: str) -> str:
    """Returns the queue of the tasks that must run on this phone."""
    return f"phone.{serial}"


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """One life of one worker. `incarnation` is new for each life; `slot` is shared with the host agent."""

    serial: str | None  # ro.serialno; None at the desk
    address: str  # what adb calls the phone: a serial, or host:port
    adb_port: int
    host: str
    incarnation: str
    slot: Slot

    @property
    def name(self) -> str:
        """Returns the worker's name, as Flower shows it."""
        return f"{self.serial or f'desk-{self.slot.index}'}@{self.host}"

    @property
    def queues(self) -> tuple[str, ...]:
        """Returns the queues to serve, the first one first: the pool only while the slot opens it."""
        if self.serial is None:
            return (DESK_QUEUE,)
        own = phone_queue(self.serial)
        return (own, POOL_QUEUE) if self.slot.serves_pool else (own,)
