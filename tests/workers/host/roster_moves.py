"""Moves of a roster that its tests share."""

from __future__ import annotations

from workers.host.commands import (
    ForkWorker,
    Identify,
    Order,
    RegisterPhone,
)
from workers.host.roster import Roster


def plug(roster: Roster, address: str = "a:1", serial: str = "S1", now: float = 0.0, boot: str = "") -> str:
    """A phone is plugged in and gets its worker; the incarnation."""
    assert roster.seen({**roster.states, address: "device"}, now) == [Identify(address)]
    (enrol,) = roster.identified(address, serial, "Model", boot or f"boot of {serial}", now)
    assert isinstance(enrol, RegisterPhone)
    assert (enrol.identity.serial, enrol.identity.address, enrol.model) == (serial, address, "Model")
    assert roster.enrolled(enrol.identity.incarnation, now) == [ForkWorker(enrol.identity)]
    return enrol.identity.incarnation


def kinds(orders: list[Order]) -> list[type[Order]]:
    return [type(order) for order in orders]
