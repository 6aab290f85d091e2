"""Whoever connects and says nothing, or half a request, is not waited for; whoever asks too late is told so."""

from __future__ import annotations

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from gateway.caller import Keyring
from gateway.door import Door, _declined
from gateway.knock import Porter
from gateway.turnstile import Buckets, SignedBefore
from tests.gateway.api_server import Api

ASKED = b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of patience."""
    monkeypatch.setattr("gateway.patience.HEAD_SECONDS", 1.0)


def connected(api: Api) -> socket.socket:
    to = urlsplit(api.url)
    return socket.create_connection((to.hostname or "", to.port or 0), timeout=10)


@pytest.mark.parametrize("said", [b"", ASKED[:20]], ids=["nothing", "half a head"])
def test_who_says_nothing_is_not_waited_for(api: Api, hasty: None, said: bytes) -> None:
    with connected(api) as silent:
        silent.sendall(said)
        assert silent.recv(100) == b""


def test_who_asked_once_is_not_waited_for_in_the_middle_of_the_next(api: Api, hasty: None) -> None:
    with connected(api) as slow:
        slow.sendall(ASKED)
        answer = b""
        while b'{"status":"ok"}' not in answer:
            answer += slow.recv(1000)
        slow.sendall(ASKED[:20])
        assert slow.recv(100) == b""


def test_requests_beyond_what_waits_at_once_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.door.MOST_AT_ONCE", 1)
    said: list[dict[str, Any]] = []

    async def ask() -> None:
        forever = asyncio.Event()

        async def never() -> Any:
            await forever.wait()

        async def send(message: Any) -> None:
            said.append(dict(message))

        porter = Porter(Buckets(), SignedBefore(), None)  # type: ignore[arg-type]  # nobody gets as far
        keyring = Keyring(None)  # type: ignore[arg-type]
        door = Door(None, keyring, porter, remember=print, clock=None, plain_for_all=False)  # type: ignore[arg-type]
        scope = {"type": "http", "path": "/v1/tasks", "headers": [], "method": "GET", "query_string": b""}
        waits = asyncio.create_task(door(scope, never, send))
        await asyncio.sleep(0)
        await door(scope, never, send)
        waits.cancel()

    asyncio.run(ask())
    assert said[0]["status"] == 503
    assert dict(said[0]["headers"])[b"retry-after"] == b"1"
    assert b'"code":"unavailable"' in said[1]["body"]


def test_a_mistake_of_ours_in_the_ledger_is_not_told_as_its_absence() -> None:
    cause = RuntimeError("no such table")
    assert _declined(OperationalError("SELECT", None, cause)).code == "unavailable"
    assert _declined(ProgrammingError("SELECT", None, cause)).code == "internal"
