"""Loaded into every worker of a test's fleet: its flows hear neither their limits nor a stop, only the lease.

It stands for a flow that does not look, as one does that computes for ever or waits on something of its own.
"""

from __future__ import annotations

import time

from workers.watch import SlotWatch


def _hears_nothing(_watch: SlotWatch) -> None:
    pass


def _as_long_as_the_lease(watch: SlotWatch) -> float:
    return watch._slot.lease_until - time.monotonic()


setattr(SlotWatch, "check", _hears_nothing)  # noqa: B010 - a plain assignment is none that a type checker allows
setattr(SlotWatch, "remaining", _as_long_as_the_lease)  # noqa: B010
