"""Whoever connects and says nothing, or half a request, is not waited for; whoever asks too late is told so."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from gateway.access.answer import declined_with
from tests.support.gateway.api_server import Api, Raw

ASKED = b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of patience."""
    monkeypatch.setattr("gateway.access.connection_timeouts.HEAD_SECONDS", 1.0)


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


def test_requests_beyond_what_waits_at_once_are_told_to_come_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Raw(api, api.caller())
    assert raw.send("GET", "/v1/phones").status_code == 200
    monkeypatch.setattr("gateway.access.middleware.MOST_AT_ONCE", 0)
    held = raw.send("GET", "/v1/phones")
    assert (held.status_code, held.headers["retry-after"], held.json()["code"]) == (503, "1", "unavailable")
    assert raw.send("GET", "/v1/phones", headers={"webhook-signature": "v1,AAAA"}).status_code == 401


def test_a_body_that_does_not_come_takes_nobodys_place(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.access.middleware.MOST_AT_ONCE", 1)
    with connected(api) as slow:
        slow.sendall(b"POST /v1/tasks HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n")
        assert Raw(api, api.caller()).send("GET", "/v1/phones").status_code == 200


def test_a_mistake_of_ours_in_the_ledger_is_not_told_as_its_absence() -> None:
    cause = RuntimeError("no such table")
    assert declined_with(OperationalError("SELECT", None, cause)).code == "unavailable"
    assert declined_with(ProgrammingError("SELECT", None, cause)).code == "internal"


TWO_LENGTHS = b"POST /health HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_request_whose_body_has_two_lengths_is_refused_with_all_that_follows(api: Api, swapped: bool) -> None:
    first, host, one, other, *rest = TWO_LENGTHS.split(b"\r\n")
    lines = [first, host, other, one, *rest] if swapped else [first, host, one, other, *rest]
    with connected(api) as proxied:
        proxied.sendall(b"\r\n".join(lines) + ASKED)
        told = b"".join(iter(lambda: proxied.recv(1000), b""))
    assert told.startswith(b"HTTP/1.1 400")
    assert b'{"status":"ok"}' not in told


def test_no_other_protocol_is_spoken_than_http(api: Api) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    with connected(api) as other:
        other.sendall(ASKED[:-2] + upgrade + b"x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n")
        assert other.recv(15) == b"HTTP/1.1 200 OK"
