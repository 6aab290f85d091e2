"""The secure channel: every request under /v1, and every answer, passes through this middleware.

Of a request it bounds the body, checks the signature and opens the seal. It seals and signs the
answer with the secret that signed the request. The app behind it sees plain JSON and a caller, and
runs for authenticated callers only.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.authentication import AuthenticatedRequest, Authenticator, SignedRequest, payload_of
from gateway.access.body import SMALL_BYTES, BodyBudget, BodyReader
from gateway.access.caller import SCOPE, Caller, Keyring, Known, Replayed
from gateway.access.long_answer import UNTIL_SENT, AnswerCut, LongAnswer
from gateway.access.parsed_body import PAYLOAD
from gateway.access.rate_limit import too_many
from gateway.access.shared_rate import SharedRate
from gateway.problem import CODES, MEDIA_TYPE, ApiProblem
from gateway.protocol.seal import seal_json, sign
from gateway.protocol.signed_text import ANSWER, of_answer
from workers.runtime.db_retry import is_unavailable

log = logging.getLogger("phonefleet.gateway")

MOST_BYTES = 1_000_000
MOST_AT_ONCE = 200  # requests under way; threads and the ledger's connection pool serve fewer at a time
LOOKUPS_AT_ONCE = 4
LOOKUP_SECONDS = 15.0  # most of it is the wait for the look-ups before
QUESTIONS = frozenset({"GET", "HEAD"})
SEND_SECONDS = 60.0
BEHIND = "/v1/"
KEPT_HEADERS = (b"retry-after", b"allow", b"location")
JSON_TYPE = "application/json"
NOT_AUTHENTICATED = CODES["not_authenticated"][0]


@dataclass(slots=True)
class Answer:
    """The app's answer."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    long: LongAnswer | None = None  # in place of `body`, when the app gave it in pieces


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """The limits that requests share: the bytes of bodies in this process, the rate of a key in all of them."""

    bodies: BodyBudget
    rate: SharedRate


class SecureChannelMiddleware:
    """An ASGI middleware that authenticates requests and seals answers."""

    def __init__(
        self,
        app: ASGIApp,
        keyring: Keyring,
        authenticator: Authenticator,
        *,
        remember: Callable[[Caller], None],
        clock: Callable[[], datetime],
        plain_for_all: bool,
        limits: SharedLimits,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._authenticator = authenticator
        self._clock = clock
        self._plain_for_all = plain_for_all
        self._most_bytes = most_bytes
        self._limits = limits
        self._remember = remember
        self._inside = 0
        self._lookups = CapacityLimiter(LOOKUPS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(BEHIND):
            await self._app(scope, receive, send)
            return
        with BodyReader(scope, receive, self._most_bytes, self._limits.bodies) as reader, ExitStack() as until_sent:
            await self._serve({**scope, UNTIL_SENT: until_sent}, reader, send)

    async def _serve(self, scope: Scope, reader: BodyReader, send: Send) -> None:
        try:
            signed_request, authenticated = await self._authenticated(scope, reader)
            if self._inside >= MOST_AT_ONCE:  # only authenticated requests count towards the limit
                raise ApiProblem("unavailable", "too many requests at this moment", headers={"retry-after": "1"})
        except Exception as error:  # noqa: BLE001 - an unauthenticated caller learns no details of any error
            refusal = _as_answer(_declined(error))
            await _send(send, refusal.status, refusal.headers, [refusal.body])
            return
        self._inside += 1
        try:
            answer = await self._ask(scope, signed_request, authenticated)
        finally:
            self._inside -= 1
        if answer.status == NOT_AUTHENTICATED:  # a replay: answered unsigned, as to an unknown caller
            await _send(send, answer.status, [(b"content-type", MEDIA_TYPE.encode())], [answer.body])
            return
        if answer.long is None:
            headers, said = self._sealed(signed_request, authenticated, answer)
            await _send(send, answer.status, headers, [said])
        else:
            headers = _told(answer, JSON_TYPE, answer.long.finish())
            await _send(send, answer.status, headers, answer.long.pieces(), answer.long.length)

    async def _authenticated(self, scope: Scope, reader: BodyReader) -> tuple[SignedRequest, AuthenticatedRequest]:
        """Reads the head, and the body only for a known key: of a stranger's, the first 4 kB. Raises ApiProblem."""
        reader.check_length()
        head = SignedRequest(scope["method"], _target(scope), _header_pairs(scope), b"")
        key_id = head.key_id()
        known = await self._known(key_id)
        body = await reader.start() if known is None else await reader.whole(key_id)
        signed_request = replace(head, body=body)
        authenticated = self._authenticator.authenticate(signed_request, key_id, known)
        rate = authenticated.caller.key.rate_per_second
        seconds = await self._limits.rate.take(key_id, rate, signed_request.weight)
        if seconds:
            raise too_many(rate, seconds)
        return signed_request, authenticated

    async def _known(self, key_id: str) -> Known | None:
        """Returns the key, cached or from the ledger. Look-ups of unknown ids share a limit of their own."""
        if not key_id:
            return None
        kept = self._keyring.kept(key_id)
        if kept is not None:
            return kept[0]
        limiter = None if self._keyring.knows(key_id) else self._lookups
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                return await run_sync(self._keyring.find, key_id, limiter=limiter)
        except TimeoutError:
            raise ApiProblem("unavailable", "too many unknown keys", headers={"retry-after": "5"}) from None

    async def _ask(self, scope: Scope, signed_request: SignedRequest, authenticated: AuthenticatedRequest) -> Answer:
        """Runs the app; turns every exception into an answer."""
        try:
            reading = partial(payload_of, signed_request, authenticated, plain_for_all=self._plain_for_all)
            # a big body is parsed in a thread, so that the event loop stays free
            payload = await run_sync(reading) if len(signed_request.body) > SMALL_BYTES else reading()
            inner = {**scope, SCOPE: authenticated.caller, "headers": _inner_headers(scope, signed_request, payload)}
            if payload is not None:
                inner[PAYLOAD] = payload
            answer = Answer()
            begin = partial(self._begin_long, scope, signed_request, authenticated)
            await self._app(inner, _no_body, _capturing(answer, begin))
        except Exception as error:  # noqa: BLE001 - see above
            answer = _as_answer(_declined(error))
        if signed_request.method not in QUESTIONS and 400 <= answer.status < 500 and answer.status != NOT_AUTHENTICATED:
            await self._keep_refused(authenticated.caller)
        return answer

    def _begin_long(
        self, scope: Scope, signed_request: SignedRequest, authenticated: AuthenticatedRequest, status: int
    ) -> LongAnswer:
        made = LongAnswer(signed_request, authenticated, status, self._clock())
        scope[UNTIL_SENT].callback(made.close)
        return made

    async def _keep_refused(self, caller: Caller) -> None:
        """Records the id of a refused request: a replay of it could otherwise be carried out later."""
        try:
            await run_sync(self._remember, caller)
        except Replayed:  # the code that refused the request has recorded its id
            return
        except Exception as error:  # noqa: BLE001 - it was refused all the same
            log.warning("a refused request is remembered by this process alone: %s", error)

    def _sealed(
        self, signed_request: SignedRequest, authenticated: AuthenticatedRequest, answer: Answer
    ) -> tuple[list[tuple[bytes, bytes]], bytes]:
        request_id, now = authenticated.caller.request_id, self._clock()
        body = bytes(answer.body)
        media_type = _media_type(answer)
        if not signed_request.plain and body:
            body = seal_json(body, secret=authenticated.secret, event_type=ANSWER, id=request_id, now=now)
            media_type = JSON_TYPE
        signed = of_answer(answer.status, signed_request.method, signed_request.target, body)
        headers = sign(request_id, int(now.timestamp()), signed, [authenticated.secret])
        return _told(answer, media_type, headers), body


def _told(answer: Answer, media_type: str, signature: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in answer.headers if name.lower() in KEPT_HEADERS]
    signed = [(name.encode("ascii"), value.encode("ascii")) for name, value in signature.items()]
    return [(b"content-type", media_type.encode("latin-1")), *kept, *signed]


def _target(scope: Scope) -> str:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("latin-1")


def _header_pairs(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]


def _inner_headers(scope: Scope, request: SignedRequest, payload: object) -> list[tuple[bytes, bytes]]:
    dropped = (b"content-length", b"content-type", b"transfer-encoding")
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]
    if payload is None:
        return kept
    length = len(request.body) if request.plain else len(request.body) * 3 // 4  # the seal adds a third
    return [*kept, (b"content-type", JSON_TYPE.encode()), (b"content-length", str(length).encode())]


async def _no_body() -> Message:
    """The app gets the body from the scope, parsed."""
    return {"type": "http.request", "body": b"", "more_body": False}


def _capturing(answer: Answer, begin_long: Callable[[int], LongAnswer]) -> Send:
    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            if answer.long is None and message.get("more_body", False):
                answer.long = begin_long(answer.status)
            if answer.long is None:
                answer.body += message.get("body", b"")
            else:
                answer.long.write(message.get("body", b""))

    return send


def _declined(error: Exception) -> ApiProblem:
    """Returns the problem to answer an error with. The log keeps the details of unexpected errors."""
    if isinstance(error, ApiProblem):
        return error
    if isinstance(error, AnswerCut):
        return error.problem
    if is_unavailable(error):
        log.warning("the ledger does not answer: %s", getattr(error, "orig", error))
        return ApiProblem("unavailable", "try again in a moment", headers={"retry-after": "5"})
    log.error("an unexpected error", exc_info=error)
    return ApiProblem("internal")


def _as_answer(declined: ApiProblem) -> Answer:
    return Answer(declined.status, _problem_headers(declined), bytearray(_json(declined.details())))


def _problem_headers(declined: ApiProblem) -> list[tuple[bytes, bytes]]:
    told = [(name.encode("ascii"), value.encode("ascii")) for name, value in declined.headers.items()]
    return [(b"content-type", MEDIA_TYPE.encode("ascii")), *told]


def _media_type(answer: Answer) -> str:
    found = [value for name, value in answer.headers if name == b"content-type"]
    return found[0].decode("latin-1") if found else JSON_TYPE


def _json(details: Any) -> bytes:
    return json.dumps(details, ensure_ascii=False, separators=(",", ":")).encode()


async def _send(
    send: Send,
    status: int,
    headers: list[tuple[bytes, bytes]],
    pieces: Iterable[bytes | bytearray],
    length: int | None = None,
) -> None:
    """Sends an answer; without its length, `pieces` is its only one."""
    if length is None:
        (length,) = map(len, pieces)
    async with asyncio.timeout(SEND_SECONDS):  # bounds a client that does not read its answer
        start = [*headers, (b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": status, "headers": start})
        for piece in pieces:
            length -= len(piece)
            await send({"type": "http.response.body", "body": bytes(piece), "more_body": length > 0})
