"""Ways to a phone: the addresses at which adb reaches it, and whether they all lead to one phone. Pure.

A serial does not tell: phones of one make may all say 0123456789ABCDEF, and one phone on USB and in the network is
two addresses. The kernel draws a boot id when it starts: what has the same one is the same phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FRESH_SECONDS = 15.0  # a phone that started again meanwhile was away for longer


@dataclass(frozen=True, slots=True)
class Way:
    """The identity that the phone at an address told, and when (monotonic seconds). `boot`: '' where it is not told."""

    serial: str
    model: str
    boot: str
    at: float


def ways_to(ways: Mapping[str, Way], serial: str) -> dict[str, Way]:
    """Returns the ways to phones of this serial, by address, in the order in which they were found."""
    return {address: way for address, way in ways.items() if way.serial == serial}


def same_phone(ways: Mapping[str, Way], boot: str) -> str | None:
    """Returns the name under which the phone of this boot id is known already, such as one that the operator gave."""
    return next((way.serial for way in ways.values() if boot and way.boot == boot), None)


def one_phone(ways: Mapping[str, Way]) -> bool:
    """True when these ways may all lead to one phone. A phone that tells no boot id may be any phone."""
    boots = {way.boot for way in ways.values()}
    return len(ways) < 2 or (len(boots) == 1 and "" not in boots)


def to_ask_again(ways: Mapping[str, Way], now: float) -> list[str]:
    """Returns the ways with an answer too old to compare: their phone may have been started again since."""
    return [address for address, way in ways.items() if now - way.at > FRESH_SECONDS]


def told(ways: Mapping[str, Way]) -> tuple[str, ...]:
    """Describes each way for people: its address and its phone's model."""
    return tuple(f"{address} ({way.model})" if way.model else address for address, way in sorted(ways.items()))
