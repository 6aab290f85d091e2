"""The gateway on loopback: the real app under uvicorn, in a thread of the test, on the test's ledger and Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import uvicorn
from sqlalchemy import Engine

from gateway.access.serving import open_sockets, run, server_config
from gateway.api.app import create_app
from gateway.client.client import Client
from gateway.keys.api_keys import KeySpec, make_key
from gateway.protocol.seal import Secret, open_sealed, seal, sign
from gateway.protocol.signed_text import KEY_HEADER, of_request
from tests.support.poll import wait_until
from workers.settings import settings

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Caller:
    """A key with its secret, and the client of whoever holds it."""

    key_id: str
    secret: Secret
    client: Client


@dataclass(frozen=True, slots=True)
class Api:
    """A gateway that listens, and its ledger."""

    url: str
    engine: Engine

    def caller(self, customer: str = "acme", **limits: Any) -> Caller:
        """A new key of a customer."""
        asked: dict[str, Any] = {"allowlist": ["https://hooks.example.com"], "rate_per_second": 1000.0, **limits}
        key_id, secret = make_key(self.engine, KeySpec("test", customer, **asked), who="test")
        return Caller(key_id, secret, Client(self.url, key_id, secret, sleep=lambda _: None))


@contextmanager
def listening(engine: Engine, tls: Path | None = None, **changed: Any) -> Iterator[Api]:
    """Serve until the block ends, with these settings changed; `tls`: a chain with its private key."""
    config = replace(settings(), **changed)
    (listener,) = at = open_sockets(config, "127.0.0.1", 0)
    port = listener.getsockname()[1]
    options: dict[str, Any] = {} if tls is None else {"ssl_certfile": tls}
    server = uvicorn.Server(server_config(create_app(engine, config), config, **options))
    thread = threading.Thread(target=run, args=(server, at, config), daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, 20, "the gateway to listen")
        yield Api(f"http{'s' if tls else ''}://127.0.0.1:{port}", engine)
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)


def signed_question(caller: Caller, target: str) -> bytes:
    """A GET of a key's holder, as it goes over a connection that is kept."""
    signed = sign(
        f"req_{uuid4().hex}", int(datetime.now(UTC).timestamp()), of_request("GET", target, b""), [caller.secret]
    )
    headers = {"host": "here", KEY_HEADER: caller.key_id, **signed}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Raw:
    """A request by hand: each part as the test wants it."""

    api: Api
    caller: Caller

    def send(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        request_id: str | None = None,
        at: datetime | None = None,
        signed_as: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        change: Callable[[bytes], bytes] = lambda sealed: sealed,
        resign: bool = False,
        stream: bool = False,
    ) -> requests.Response:
        """Seal and sign and send; `change` alters the sealed body, before it is signed when `resign`, else after.

        With `stream`, only the head of the answer is read.
        """
        known, moment = request_id or f"req_{uuid4().hex}", at or datetime.now(UTC)
        sent = body if isinstance(body, bytes) else b""
        if isinstance(body, Mapping):
            sent = seal(body, secret=self.caller.secret, event_type="request", id=known, now=moment)
        changed = change(sent)
        signed = of_request(method, signed_as or target, changed if resign else sent)
        told: dict[str, str | None] = {KEY_HEADER: self.caller.key_id}
        told |= sign(known, int(moment.timestamp()), signed, [self.caller.secret])
        told |= headers or {}
        url = self.api.url + target
        prepared = requests.Request(method, url, data=changed).prepare()
        prepared.url = url  # as it is: requests would tidy it up
        prepared.headers.update({name: value for name, value in told.items() if value is not None})
        with requests.Session() as session:
            return session.send(prepared, timeout=30, allow_redirects=False, stream=stream)

    def opened(self, answer: requests.Response) -> Mapping[str, Any]:
        """What a sealed answer says."""
        return open_sealed(answer.content, [self.caller.secret])
