"""Ways to a phone: by which addresses adb reaches it, and whether what answers there is one phone. Pure.

A serial does not tell: phones of one make may all say 0123456789ABCDEF, and one phone on USB and in the network is
two addresses. The kernel draws a boot id when it starts: what has the same one is the same phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FRESH_SECONDS = 15.0  # a phone that started again meanwhile was away for longer


@dataclass(frozen=True, slots=True)
class Way:
    """What the phone at an address said of itself, and when (monotonic seconds). `boot`: '' where it is not told."""

    serial: str
    model: str
    boot: str
    at: float


def ways_to(ways: Mapping[str, Way], serial: str) -> dict[str, Way]:
    """Those to phones of this serial, by address, in the order in which they were found."""
    return {address: way for address, way in ways.items() if way.serial == serial}


def same_phone(ways: Mapping[str, Way], boot: str) -> str | None:
    """What the phone of this boot id is called already: the name that the operator gave to one way to it, say."""
    return next((way.serial for way in ways.values() if boot and way.boot == boot), None)


def one_phone(ways: Mapping[str, Way]) -> bool:
    """Do these lead to one phone, for all that is known? What tells no boot id may be any phone."""
    boots = {way.boot for way in ways.values()}
    return len(ways) < 2 or (len(boots) == 1 and "" not in boots)


def to_ask_again(ways: Mapping[str, Way], now: float) -> list[str]:
    """Whose answer is too old to hold against others: its phone may have been started again since."""
    return [address for address, way in ways.items() if now - way.at > FRESH_SECONDS]


def told(ways: Mapping[str, Way]) -> tuple[str, ...]:
    """Each for people: its address and its phone's model."""
    return tuple(f"{address} ({way.model})" if way.model else address for address, way in sorted(ways.items()))
