"""A delivery that a sender has taken, and the result of a try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery that a sender has taken."""

    number: int
    id: str
    key_id: str
    lane: str
    endpoint_id: str
    url: str
    event_type: str
    payload: Mapping[str, Any]
    created_at: datetime
    attempts: int  # earlier tries, all of which failed
    token: str
    probe: bool  # it probes an endpoint whose breaker was open
    probes_lane: bool  # it probes a lane whose breaker was open


@dataclass(frozen=True, slots=True)
class TryResult:
    """The result of one try: the HTTP status, or an error code if there is none, and the next pauses."""

    seconds: float
    status: int | None
    error: str | None
    again_in: float | None  # seconds until the next try; None for none
    pause: float  # seconds that the endpoint pauses if its breaker opens or stays open
    asked_pause: float = 0.0  # seconds that the receiver asked for

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Demand:
    """What the senders of one process want of a lane."""

    hands: int  # that wait for a delivery to send at once
    under_way: int = 0  # that they send
    claims: int = 0  # deliveries that they have, in all
    ahead: int = 0  # to be sent when a hand is free


ONE = Demand(1)
