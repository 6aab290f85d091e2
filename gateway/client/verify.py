"""Verify: a customer's callback endpoint checks with this that a request came from phonefleet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.protocol.seal import SealBroken, Secret, SignatureRefused, check, open_sealed

__all__ = ["Event", "SealBroken", "Secret", "SignatureRefused", "verify"]


@dataclass(frozen=True, slots=True)
class Event:
    """A verified callback: its id (the same in every try), its type, its time and its data."""

    id: str
    type: str
    created: datetime
    data: Mapping[str, Any]


def verify(
    headers: Mapping[str, str], body: bytes, secrets: Secret | Sequence[Secret], *, now: datetime | None = None
) -> Event:
    """Checks and opens a callback, from its headers and its unchanged body.

    `secrets` are those that `phonefleet keys` showed; two while a key is rotated. Raises
    SignatureRefused and SealBroken: then answer 400 and ignore the body. The same id may arrive
    twice: ignore the second one.
    """
    known = [secrets] if isinstance(secrets, Secret) else list(secrets)
    webhook_id = check(headers, body, known, now or datetime.now(UTC))
    data = open_sealed(body, known, id=webhook_id)
    envelope = json.loads(body)  # open_sealed has checked the envelope
    return Event(webhook_id, envelope["event_type"], datetime.fromisoformat(envelope["create_time"]), data)
