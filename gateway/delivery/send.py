"""Send: seals, signs and posts one delivery, and decides what follows from the answer."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.delivery.address_guard import NotThere, resolve
from gateway.delivery.pinned_post import Answer, NotSent, post
from gateway.delivery.retry_schedule import again_in, breaker_pause
from gateway.keys.api_keys import Key
from gateway.protocol.retry_after import read_retry_after
from gateway.protocol.seal import seal, sign
from models.notify.addresses import check_allowed, read_address
from models.notify.sending import Sending, TryResult
from models.values.refused import Refused
from workers.settings import Network

ASKS_FOR_A_PAUSE = frozenset({429, 503})  # here Retry-After applies to the endpoint, not to the one delivery
HEADERS = {"Content-Type": "application/json", "User-Agent": "phonefleet"}
# A later try cannot succeed until the key or the address changes.
FINAL = frozenset({"key_revoked", "address_not_allowed"})


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """The rules for sending. Times are in seconds."""

    timeout: float
    schedule: Sequence[float]
    networks: Sequence[Network]
    rng: random.Random
    authorities: Path | None = None  # the CAs of the receivers' certificates; None: the public ones


def send(sending: Sending, key: Key | NotSent, config: DeliverySettings) -> TryResult:
    """Tries once. Faults of the receiver, the network or the key are results, not exceptions."""
    began, now = time.monotonic(), datetime.now(UTC)
    answer, error = None, None
    try:
        answer = _post(sending, key, config, now)
        error = None if 200 <= answer.status < 300 else _code_of(answer.status)
    except (NotSent, NotThere) as failed:
        error = failed.code
    except Refused:
        error = "address_not_allowed"
    return judge(sending, answer, error, config, time.monotonic() - began, now)


def judge(
    sending: Sending, answer: Answer | None, error: str | None, config: DeliverySettings, seconds: float, now: datetime
) -> TryResult:
    """Decides what follows a try: when to try again, and how long to pause the endpoint."""
    asked = read_retry_after(answer.retry_after, now) if answer is not None and error is not None else None
    final = error in FINAL or (answer is not None and answer.status == 410)
    return TryResult(
        seconds=seconds,
        status=None if answer is None else answer.status,
        error=error,
        again_in=None if final else again_in(config.schedule, sending.attempts, asked, config.rng),
        pause=breaker_pause(config.schedule, sending.attempts),
        asked_pause=asked or 0.0 if answer is not None and answer.status in ASKS_FOR_A_PAUSE else 0.0,
    )


def _post(sending: Sending, key: Key | NotSent, config: DeliverySettings, now: datetime) -> Answer:
    if isinstance(key, NotSent):
        raise key
    address = read_address(sending.url)
    check_allowed(address, key.allowlist)
    ip = resolve(address.host, address.port, config.networks)
    body = seal(
        sending.payload,
        secret=key.seals_with,
        event_type=sending.event_type,
        id=sending.id,
        now=sending.created_at,
    )
    signed = sign(sending.id, int(now.timestamp()), body, key.secrets)
    return post(address, ip, body, {**HEADERS, **signed}, config.timeout, config.authorities)


def _code_of(status: int) -> str:
    return "redirected" if 300 <= status < 400 else f"http_{status}"
