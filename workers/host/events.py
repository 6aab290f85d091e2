"""The events that the agent's main thread takes one by one."""

from __future__ import annotations

from dataclasses import dataclass

from workers.host import zygote_messages
from workers.host.adb_watch import NoRoomFor, Seen
from workers.host.ask_identity import Identified, Unidentified


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The ledger was told of an incarnation, or could not be."""

    incarnation: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Occupied:
    """Another host serves the phone."""

    incarnation: str
    why: str


@dataclass(frozen=True, slots=True)
class EndAsked:
    """Somebody asked the host to end."""


# None: the zygote is lost
Happening = (
    Seen | NoRoomFor | Identified | Unidentified | Enrolled | Occupied | EndAsked | zygote_messages.Message | None
)
