"""Strangers: who has no key is answered by the head of the request, and takes neither memory nor connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import Engine

from gateway.access.body import SMALL_BYTES, BodyBudget
from gateway.keys.api_keys import revoke_key
from gateway.protocol.signed_text import KEY_HEADER
from tests.gateway.access.asked import TASK
from tests.support.gateway.api_server import Api, Caller, Raw, listening, signed_question
from tests.support.gateway.certificates import certificate
from tests.support.poll import wait_until

BODY = 900_000
BAD = b"x" * BODY


@contextmanager
def connected(api: Api, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    to = urlsplit(api.url)
    with socket.create_connection((to.hostname or "", to.port or 0), 10, (source, 0)) as made:
        yield made


def head(key_id: str | None, length: str = f"Content-Length: {BODY}") -> bytes:
    named = "" if key_id is None else f"{KEY_HEADER}: {key_id}\r\n"
    return f"POST /v1/tasks HTTP/1.1\r\nHost: here\r\n{named}{length}\r\n\r\n".encode()


def answer(connection: socket.socket) -> bytes:
    """The answer's first line; nothing when the connection ended."""
    said = b""
    while b"\r\n" not in said:
        try:
            more = connection.recv(1000)
        except ConnectionResetError:
            more = b""
        if not more:
            break
        said += more
    return said.partition(b"\r\n")[0]


STRANGERS = {
    "no key": None,
    "no key's form": "' OR 1=1 --",
    "an unknown key": "key_0000000000000000",
    "two": "a\r\nphonefleet-key: b",
}


@pytest.mark.parametrize("length", [f"Content-Length: {BODY}", "Transfer-Encoding: chunked"], ids=["long", "chunked"])
def test_a_stranger_is_answered_before_the_body_is_there(api: Api, length: str) -> None:
    for who, key_id in STRANGERS.items():
        assert first_answer(api, key_id, length).split()[1] == b"401", who


def first_answer(api: Api, key_id: str | None, length: str) -> bytes:
    """The answer when 4 kB of the body are there."""
    with connected(api) as stranger:
        stranger.sendall(head(key_id, length))
        began = (
            BAD[:SMALL_BYTES] if "Content" in length else f"{SMALL_BYTES:x}\r\n".encode() + BAD[:SMALL_BYTES] + b"\r\n"
        )
        stranger.sendall(began)
        return answer(stranger)


def test_the_holder_of_a_revoked_key_is_a_stranger(raw: Raw) -> None:
    revoke_key(raw.api.engine, raw.caller.key_id, who="test")
    wait_until(lambda: raw.send("GET", "/v1/tasks").status_code == 401, 10, "the key to be refused")
    with connected(raw.api) as stranger:
        stranger.sendall(head(raw.caller.key_id) + BAD[:SMALL_BYTES])
        assert answer(stranger).split()[1] == b"401"


def test_a_stranger_who_sends_all_of_a_big_body_still_reads_the_refusal(api: Api) -> None:
    told = [requests.post(f"{api.url}/v1/tasks", data=BAD, timeout=30).status_code for _ in range(3)]
    assert told == [401] * 3


def test_a_known_keys_body_is_read_whole(raw: Raw) -> None:
    asked = {**TASK, "params": {"author_id": "x" * 500_000}}
    assert raw.send("POST", "/v1/tasks", asked).status_code == 422


def test_all_bodies_together_have_a_bound_and_one_keys_half_of_it() -> None:
    bodies = BodyBudget(100)
    assert [bodies.take("a", 50), bodies.take("a", 1), bodies.take("b", 50), bodies.take("c", 1)] == [
        True,
        False,
        True,
        False,
    ]
    bodies.give_back("a", 20)
    assert [bodies.take("c", 20), bodies.take("a", 1)] == [True, False]


def test_who_knows_a_key_and_sends_slowly_holds_up_that_key_alone(raw: Raw) -> None:
    small, big = {**TASK, "reference": "two"}, {**TASK, "params": {"author_id": "x" * 600_000}}
    with listening(raw.api.engine, body_bytes=2_000_000) as tight, ExitStack() as slow:
        held, other = Raw(tight, raw.caller), Raw(tight, tight.caller("other"))

        def share_is_taken() -> bool:
            # one that arrived beside the question before was refused for it: each time one more begins
            slow.enter_context(connected(tight)).sendall(head(raw.caller.key_id) + BAD[:600_000])
            return held.send("POST", "/v1/tasks", big).status_code == 503

        wait_until(share_is_taken, 10, "the key's share to be taken", every=0.2)
        refused = held.send("POST", "/v1/tasks", big)
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("unavailable", "1")
        assert held.send("POST", "/v1/tasks", small).status_code == 201  # these count nowhere
        assert other.send("POST", "/v1/tasks", big).status_code == 422
        slow.close()
        wait_until(lambda: held.send("POST", "/v1/tasks", big).status_code == 422, 10, "the share to be free again")


def test_one_address_has_so_many_connections_and_no_more(ledger: Engine, redis_url: str, master_key: str) -> None:
    with listening(ledger, connections_per_address=3) as api, ExitStack() as opened:
        many = [opened.enter_context(connected(api)) for _ in range(3)]
        with connected(api) as refused:
            assert refused.recv(1) == b""
        with connected(api, "127.0.0.2") as elsewhere:
            elsewhere.sendall(head(None, "Content-Length: 0"))
            assert answer(elsewhere).split()[1] == b"401"
        many[0].close()

        def served() -> bool:
            with connected(api) as again:
                again.sendall(head(None, "Content-Length: 0"))
                return answer(again) != b""

        wait_until(served, 10, "the closed one's place to be free")


def test_connections_beyond_all_are_told_so_and_further_ones_end(
    ledger: Engine, redis_url: str, master_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.access.serving.SPARE", 1)
    with listening(ledger, connections=10, connections_per_address=0) as api, ExitStack() as opened:
        caller = api.caller()
        for _ in range(9):
            assert ask(opened.enter_context(connected(api)), caller).split()[1] == b"200"
        told = opened.enter_context(connected(api))
        told.sendall(head(None, "Content-Length: 0"))
        assert answer(told).split()[1] == b"503"
        further = [opened.enter_context(connected(api)) for _ in range(3)]  # the one that was told has gone
        assert further[-1].recv(1) == b""


def ask(connection: socket.socket, caller: Caller) -> bytes:
    """The first line of the answer to a question of a key's holder; the answer is read to its end."""
    connection.sendall(signed_question(caller, "/v1/phones"))
    with connection.makefile("rb") as told:
        first = told.readline()
        lengths = [int(line.split()[1]) for line in iter(told.readline, b"\r\n") if line.startswith(b"content-length")]
        told.read(lengths[0])
    return first


STRANGERS_SEND = {"nothing": b"", "half a head": b"GET", "a question": head(None, "Content-Length: 0")}


@pytest.mark.parametrize("sent", STRANGERS_SEND.values(), ids=STRANGERS_SEND.keys())
def test_where_it_is_full_the_oldest_stranger_goes_and_who_has_a_key_stays(
    ledger: Engine, redis_url: str, master_key: str, sent: bytes
) -> None:
    with listening(ledger, connections=20, connections_per_address=0) as api, ExitStack() as opened:
        caller = api.caller()
        old = opened.enter_context(connected(api))
        assert ask(old, caller).split()[1] == b"200"
        strangers = [opened.enter_context(connected(api)) for _ in range(60)]
        for one in strangers[-15:]:
            one.sendall(sent)
        assert strangers[0].recv(1) == b""
        new = opened.enter_context(connected(api))
        for one in (old, new, old):
            assert ask(one, caller).split()[1] == b"200"


def test_a_tls_handshake_that_does_not_come_is_not_waited_for(
    ledger: Engine, redis_url: str, master_key: str, tmp_path: Path
) -> None:
    chain, _ = certificate(tmp_path, "127.0.0.1")
    with listening(ledger, chain, tls_handshake=1.0) as api, connected(api) as silent, connected(api) as half:
        half.sendall(b"\x16\x03\x01\x02\x00")
        assert [silent.recv(1), half.recv(1)] == [b"", b""]
