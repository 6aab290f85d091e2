"""Verify: what a customer's callback endpoint does with a request of ours before it believes it."""

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
    """A callback that is ours: its id (the same in every try), its type, when it came about, what it tells."""

    id: str
    type: str
    created: datetime
    data: Mapping[str, Any]


def verify(
    headers: Mapping[str, str], body: bytes, secrets: Secret | Sequence[Secret], *, now: datetime | None = None
) -> Event:
    """The event of a callback, from its headers and its body exactly as it came.

    `secrets` are those that `phonefleet keys` showed; two while a key is rotated. Raises
    SignatureRefused and SealBroken: then answer 400 and believe nothing of it. The same id may come
    twice: do nothing the second time.
    """
    known = [secrets] if isinstance(secrets, Secret) else list(secrets)
    webhook_id = check(headers, body, known, now or datetime.now(UTC))
    data = open_sealed(body, known, id=webhook_id)
    envelope = json.loads(body)  # it was opened, so it is whole
    return Event(webhook_id, envelope["event_type"], datetime.fromisoformat(envelope["create_time"]), data)
