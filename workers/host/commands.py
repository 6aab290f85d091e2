"""The commands that the roster gives to the agent."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from workers.runtime.worker_identity import WorkerIdentity


@dataclass(frozen=True, slots=True)
class Identify:
    """Ask the phone at this address for its serial and model."""

    address: str


@dataclass(frozen=True, slots=True)
class RegisterPhone:
    """Write into the ledger that this phone is served by this incarnation."""

    identity: WorkerIdentity
    model: str
    waited: float = 0.0  # seconds since another host was first found to serve the phone


@dataclass(frozen=True, slots=True)
class ForkWorker:
    """Fork a worker with this identity."""

    identity: WorkerIdentity


@dataclass(frozen=True, slots=True)
class SignalWorker:
    """Signal a worker."""

    incarnation: str
    number: signal.Signals


@dataclass(frozen=True, slots=True)
class ReleaseDeadWorker:
    """Release a dead worker's task in the ledger, and put its ticket back.

    `spent`: a task of that ticket ran, so the ledger owes it another one, and nothing is left to do with this one.
    """

    incarnation: str
    why: str
    tag: str
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Write into the ledger that this phone cannot work."""

    serial: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class EqualSerials:
    """Tell people that several phones have one serial: `phones` says how each is reached."""

    serial: str
    model: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forget:
    """A phone that was reported by its address, before it told its serial, has told it or is gone."""

    address: str


Order = Identify | RegisterPhone | ForkWorker | SignalWorker | ReleaseDeadWorker | Report | EqualSerials | Forget
