"""Authentication: finds the key that signed a request, and opens the body.

Every refusal looks the same to the caller; only the log says why.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from gateway.access.caller import Caller, Known
from gateway.access.json_checks import check_text, check_values, digits_problem, parse_object, repeated_problem
from gateway.access.rate_limit import RateLimiter, too_many
from gateway.access.replay_guard import ReplayCache
from gateway.problem import ApiProblem
from gateway.protocol.seal import ID_HEADER, SealBroken, Secret, SignatureRefused, check, open_sealed
from gateway.protocol.signed_text import KEY_HEADER, PLAIN, SEAL_PARAMETER, of_request
from gateway.protocol.unique_keys import RepeatedKey, TooManyDigits, read_unique
from models.database.storable import storable_text
from models.values.refused import Problem, Refused, refuse

log = logging.getLogger("phonefleet.gateway")

WEIGHT_BYTES = 100_000  # a body counts as one more request for each such part
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Signatures of unknown keys are checked against this secret, so that both take the same time.
_NOBODY = Secret.make("nobody")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A received request. `target` is its path with its query, byte for byte."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def single_headers(self) -> dict[str, str]:
        """Returns the headers that occur exactly once; duplicates are ambiguous and dropped."""
        found: dict[str, str] = {}
        twice = set()
        for name, value in self.headers:
            if name in found:
                twice.add(name)
            found[name] = value
        return {name: value for name, value in found.items() if name not in twice}

    def key_id(self) -> str:
        """Returns the key id from the header; empty when it is missing or malformed."""
        named = self.single_headers().get(KEY_HEADER, "")
        return named if _KEY_ID.fullmatch(named) else ""

    @property
    def weight(self) -> int:
        """Returns as how many requests it counts."""
        return 1 + len(self.body) // WEIGHT_BYTES

    @property
    def plain(self) -> bool:
        """True when the query asks for plain JSON (`seal=none`): body and answer are then unsealed."""
        query = self.target.partition("?")[2]
        return bool(query) and parse_qs(query).get(SEAL_PARAMETER) == [PLAIN]


@dataclass(frozen=True, slots=True)
class AuthenticatedRequest:
    """The caller, and the secret that signed the request: it also seals and signs the answer."""

    caller: Caller
    secret: Secret


class Authenticator:
    """Accepts a request that a live secret of a key in force signed within the time window, under the rate limit.

    Uses no network.
    """

    def __init__(self, limiter: RateLimiter, seen: ReplayCache, clock: Callable[[], datetime]) -> None:
        self._limiter = limiter
        self._seen = seen
        self._clock = clock

    def authenticate(self, signed_request: SignedRequest, key_id: str, known: Known | None) -> AuthenticatedRequest:
        """Returns the caller and the secret. Raises ApiProblem: not_authenticated for every reason, too_many_requests.

        This check sees replays to this process only; the shared replay check runs where the request is carried out.
        A big body counts as several requests, because reading it takes as long.
        """
        signed = of_request(signed_request.method, signed_request.target, signed_request.body)
        try:
            request_id, secret = _signer(signed_request.single_headers(), signed, known, self._clock())
        except SignatureRefused as refused:
            reason = refused.reason_code if known is not None else "no such key in force"
            log.info("not let in: key %s: %s", storable_text(key_id, 64) or "none", reason)
            raise ApiProblem("not_authenticated") from None
        assert known is not None
        if not self._seen.first_time(known.key.id, request_id):
            log.info("not let in: key %s: it came before", known.key.id)
            raise ApiProblem("not_authenticated")
        seconds = self._limiter.take(known.key.id, known.key.rate_per_second, signed_request.weight)
        if seconds:
            raise too_many(known.key.rate_per_second, seconds)
        return AuthenticatedRequest(Caller(known.key, known.shares_with, request_id), secret)


def _signer(headers: Mapping[str, str], signed: bytes, known: Known | None, now: datetime) -> tuple[str, Secret]:
    """Returns the request's id and the secret that signed it. Raises SignatureRefused."""
    secrets = known.key.secrets if known is not None else (_NOBODY,)
    request_id = check(headers, signed, secrets, now)
    if len(secrets) == 1:
        return request_id, secrets[0]
    for secret in secrets:
        try:
            check(headers, signed, [secret], now)
        except SignatureRefused:
            continue
        return request_id, secret
    raise SignatureRefused("signature_wrong")


SEALED_HOW = "seal the body as the interface describes it under How a body is sealed"
REMEDIES = {
    "id": f"seal the body under the request's own {ID_HEADER}",
    "body": "send one sealed envelope as JSON",
    "resource.ciphertext": "give the base64 of the ciphertext and its tag, sealed with the key's own seal key",
}


def payload_of(
    signed_request: SignedRequest, authenticated: AuthenticatedRequest, *, plain_for_all: bool
) -> Mapping[str, Any] | None:
    """Opens and checks the JSON inside the body; returns its object, or None for a request without a body.

    Raises ApiProblem: plain_not_allowed, seal_broken, and refused for values that no ledger can store.
    """
    key = authenticated.caller.key
    if signed_request.plain and not (plain_for_all or key.plain_json_allowed):
        raise ApiProblem("plain_not_allowed", "leave seal=none out of the address, or ask the operator to allow it")
    try:
        _check_target(signed_request.target)
        if not signed_request.body:
            return None
        if signed_request.plain:
            return parse_object(signed_request.body)
        request_id = authenticated.caller.request_id
        inside = open_sealed(signed_request.body, key.secrets, id=request_id, read=read_unique)
        check_values(inside)
        return inside
    except SealBroken as broken:
        problem = Problem(broken.field, broken.reason, REMEDIES.get(broken.field, SEALED_HOW))
        raise ApiProblem("seal_broken", "the body is no envelope that opens", problems=[problem]) from None
    except RepeatedKey as repeated:
        raise ApiProblem.of(Refused([repeated_problem(repeated)])) from None
    except TooManyDigits:
        raise ApiProblem.of(Refused([digits_problem()])) from None
    except Refused as refused:
        raise ApiProblem.of(refused) from None


def _check_target(target: str) -> None:
    path, _, query = target.partition("?")
    check_text(unquote(path), "path")
    given: set[str] = set()
    for name, value in parse_qsl(query, keep_blank_values=True) if query else ():
        check_text(name, "query")
        if name in given:
            raise refuse(storable_text(name, 60), "it is named twice in the query", "name it once")
        given.add(name)
        check_text(value, storable_text(name, 60))
