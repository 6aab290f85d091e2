"""The outcome of a strike, and the attempts that it killed."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaos.schedule import Strike


@dataclass(frozen=True, slots=True)
class Death:
    """A worker that the storm killed while it ran an attempt: when (seconds since 1970), and what it ran."""

    at: float
    task_id: str
    attempt: int
    pinned: bool
    kind: str
    no_return: bool


@dataclass(slots=True)
class Blow:
    """A strike carried out; times in seconds since 1970.

    `aimed`: it hit between a claim and its record. `no_return`: right after the tap that cannot be
    taken back. `error`: why it could not be carried out, else empty.
    """

    strike: Strike
    at: float = 0.0
    healed_at: float = 0.0
    target: str = ""
    task_id: str = ""
    aimed: bool = False
    no_return: bool = False
    deaths: list[Death] = field(default_factory=list)
    error: str = ""
