"""What a phone is said to be that its host's adb server has no room to connect. No I/O."""

from __future__ import annotations

from models.values.enums import PhoneState
from workers.host.commands import Order, Report
from workers.host.roster import Roster
from workers.host.ways import ways_to


def no_room(roster: Roster, address: str, why: str) -> list[Order]:
    """Reports, once, a phone that waits to be connected; none that is reached another way, or is there by now."""
    name = roster.serials.get(address, address)
    if roster.states.get(address) == "device" or ways_to(roster.ways, name):
        return []
    if roster.reported.get(name) == PhoneState.UNCONNECTED:
        return []
    roster.reported[name] = PhoneState.UNCONNECTED
    return [Report(name, PhoneState.UNCONNECTED, why)]
