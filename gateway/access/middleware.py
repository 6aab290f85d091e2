"""The secure channel: every request under /v1, and every answer, passes through this middleware.

Of a request it bounds the body, checks the signature and opens the seal. It seals and signs the
answer with the secret that signed the request. The app behind it sees plain JSON and a caller, and
runs for authenticated callers only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.answer import JSON_TYPE, Answer, as_answer, declined_with, media_type_of, told_headers
from gateway.access.authentication import AuthenticatedRequest, Authenticator, SignedRequest, payload_of
from gateway.access.body import SMALL_BYTES, BodyBudget, BodyReader
from gateway.access.caller import SCOPE, Caller, Keyring, Known, Replayed
from gateway.access.large_answers import IN_ITS_TURN, TOO_MANY_LARGE, IsLarge, LargeAnswers
from gateway.access.listener import end_connection, known_connection
from gateway.access.long_answer import UNTIL_SENT, LongAnswer
from gateway.access.parsed_body import PAYLOAD
from gateway.access.rate_limit import too_many
from gateway.access.sending import LARGE_BYTES, filed, pieces_of, send_answer
from gateway.access.shared_rate import SharedRate
from gateway.problem import CODES, MEDIA_TYPE, ApiProblem
from gateway.protocol.seal import seal_json, sign
from gateway.protocol.signed_text import ANSWER, of_answer

log = logging.getLogger("phonefleet.gateway")

MOST_BYTES = 1_000_000
MOST_AT_ONCE = 200  # requests under way; threads and the ledger's connection pool serve fewer at a time
LOOKUPS_AT_ONCE = 4
LOOKUP_SECONDS = 15.0  # most of it is the wait for the look-ups before
QUESTIONS = frozenset({"GET", "HEAD"})
BEHIND = "/v1/"
NOT_AUTHENTICATED = CODES["not_authenticated"][0]


Sealed = tuple[int, list[tuple[bytes, bytes]], Iterator[bytes], int]


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """The limits that requests share: bytes of bodies and of answers in this process, a key's rate in all of them."""

    bodies: BodyBudget
    answers: BodyBudget
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
        self._large = LargeAnswers(limits.answers)

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
            refusal = as_answer(declined_with(error), scope)
            await send_answer(send, refusal.status, refusal.headers, pieces_of(refusal.body), len(refusal.body))
            return
        known_connection(scope)
        async with AsyncExitStack() as until_made:
            self._inside += 1
            try:
                answer = await self._ask(scope, signed_request, authenticated, until_made)
            finally:
                self._inside -= 1
            sealed = self._made(scope, signed_request, authenticated, answer)
        status, headers, said, length = sealed
        try:
            await send_answer(send, status, headers, said, length)
        except TimeoutError:
            log.info("key %s: an answer of %d bytes was not read", authenticated.caller.key.id, length)
            end_connection(scope)

    def _made(
        self, scope: Scope, signed_request: SignedRequest, authenticated: AuthenticatedRequest, answer: Answer
    ) -> Sealed:
        """Returns the answer as it goes out: status, headers, body and its length."""
        if answer.status == NOT_AUTHENTICATED:  # a replay: answered unsigned, as to an unknown caller
            bare = [(b"content-type", MEDIA_TYPE.encode())]
            return answer.status, bare, pieces_of(answer.body), len(answer.body)
        if answer.long is None:
            return self._within_budget(scope, signed_request, authenticated, answer)
        headers = told_headers(answer, JSON_TYPE, answer.long.finish())
        return answer.status, headers, answer.long.pieces(), answer.long.length

    def _within_budget(
        self, scope: Scope, signed_request: SignedRequest, authenticated: AuthenticatedRequest, answer: Answer
    ) -> Sealed:
        """Returns the same: of a refusal when too many large answers are being read."""
        headers, said = self._sealed(signed_request, authenticated, answer)
        answer.body.clear()
        key_id, length, answers = authenticated.caller.key.id, len(said), self._limits.answers
        if length <= LARGE_BYTES:
            return answer.status, headers, pieces_of(said), length
        if answers.take(key_id, length):
            scope[UNTIL_SENT].callback(answers.give_back, key_id, length)
            return answer.status, headers, filed(said, scope[UNTIL_SENT]), length
        refusal = as_answer(ApiProblem("unavailable", TOO_MANY_LARGE, headers={"retry-after": "2"}), scope)
        headers, said = self._sealed(signed_request, authenticated, refusal)
        return refusal.status, headers, pieces_of(said), len(said)

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

    async def _ask(
        self,
        scope: Scope,
        signed_request: SignedRequest,
        authenticated: AuthenticatedRequest,
        until_made: AsyncExitStack,
    ) -> Answer:
        """Runs the app; turns every exception into an answer. A large one has its turn until it is made."""
        try:
            reading = partial(payload_of, signed_request, authenticated, plain_for_all=self._plain_for_all)
            # a big body is parsed in a thread, so that the event loop stays free
            payload = await run_sync(reading) if len(signed_request.body) > SMALL_BYTES else reading()
            inner = {**scope, SCOPE: authenticated.caller, "headers": _inner_headers(scope, signed_request, payload)}
            if payload is not None:
                inner[PAYLOAD] = payload
            begin = partial(self._begin_long, scope, signed_request, authenticated)
            try:
                answer = await self._run(inner, begin)
            except IsLarge as found:
                await until_made.enter_async_context(self._large.turn(authenticated.caller.key.id, found.length))
                answer = await self._run({**inner, IN_ITS_TURN: True}, begin)
        except Exception as error:  # noqa: BLE001 - see above
            answer = as_answer(declined_with(error), scope)
        if signed_request.method not in QUESTIONS and 400 <= answer.status < 500 and answer.status != NOT_AUTHENTICATED:
            await self._keep_refused(authenticated.caller)
        return answer

    async def _run(self, inner: Scope, begin: Callable[[int], LongAnswer]) -> Answer:
        answer = Answer()
        await self._app(inner, _no_body, _capturing(answer, begin))
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
        media_type = media_type_of(answer)
        if not signed_request.plain and body:
            body = seal_json(body, secret=authenticated.secret, event_type=ANSWER, id=request_id, now=now)
            media_type = JSON_TYPE
        signed = of_answer(answer.status, signed_request.method, signed_request.target, body)
        headers = sign(request_id, int(now.timestamp()), signed, [authenticated.secret])
        return told_headers(answer, media_type, headers), body


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
    return [*kept, (b"content-length", str(length).encode())]  # without a media type, FastAPI takes it for JSON


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
