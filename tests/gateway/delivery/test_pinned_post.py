"""Posting to real receivers on loopback: pinned, bounded, and deaf to all but the status."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests.adapters

from gateway.delivery.pinned_post import Answer, NotSent, post
from models.notify.addresses import Address, read_address
from tests.support.gateway.certificates import certificate
from tests.support.gateway.receiver import Receiver, Reply

SECONDS = 10.0
HERE = "127.0.0.1"


def send(url: str, seconds: float = SECONDS, ip: str = HERE) -> Answer:
    return post(read_address(url), ip, b'{"a":1}', {"Content-Type": "application/json", "X-Own": "1"}, seconds)


@contextmanager
def raw(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does with its first connection what the test wants; its URL."""
    with socket.create_server((HERE, 0)) as server:

        def accept() -> None:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://{HERE}:{server.getsockname()[1]}/"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(30)


def test_it_is_sent_as_it_is_to_the_host_that_was_named(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(202, {"Retry-After": "7"}, b"unread")
    answer = send(f"http://hooks.example.com:{receiver.port}/in?task=1")
    assert answer == Answer(202, "7")
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/in?task=1", b'{"a":1}')
    assert request.headers["host"] == f"hooks.example.com:{receiver.port}"
    assert request.headers["x-own"] == "1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    with Receiver() as inside:
        receiver.answer = lambda _: Reply(status, {"Location": f"{inside.origin}/metadata"})
        assert send(receiver.origin).status == status
        assert inside.requests == []


def test_no_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert send(receiver.origin).status == 204


def test_a_receiver_that_does_not_answer_is_left(receiver: Receiver) -> None:
    receiver.hold.clear()
    with pytest.raises(NotSent, match="timed_out"):
        send(receiver.origin, 0.2)


def test_a_receiver_that_drips_is_cut_off_in_the_middle() -> None:
    cut = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.settimeout(0.02)
        for letter in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 3000:
            try:
                connection.sendall(bytes([letter]))
                if connection.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        cut.set()

    with raw(drip) as url:
        with pytest.raises(NotSent, match="timed_out"):
            send(url, 1.0)
        assert cut.wait(30)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no_http"),
        (b"", "no_http"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "no_http"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, "no_http"),
    ],
    ids=["another protocol", "nothing", "many headers", "a long header"],
)
def test_what_is_no_answer_in_http_is_a_failure(answer: bytes, code: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        try:
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
        except OSError:
            return  # it was cut off

    with raw(serve) as url, pytest.raises(NotSent, match=code):
        send(url)


def test_an_endless_body_is_not_read() -> None:
    sent = threading.Event()

    def pour(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        try:
            for _ in range(1000):
                connection.sendall(b"x" * 1_000_000)
        except OSError:
            sent.set()

    with raw(pour) as url:
        assert send(url).status == 200
        assert sent.wait(30)  # the connection was closed on it


def test_where_nobody_listens_there_is_no_connection() -> None:
    with socket.socket() as deaf:
        deaf.bind((HERE, 0))  # its own, and it does not listen
        with pytest.raises(NotSent, match="no_connection"):
            send(f"http://{HERE}:{deaf.getsockname()[1]}/")


def test_over_tls_the_name_is_checked_against_the_certificate_and_not_the_pinned_ip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, authority = certificate(tmp_path, "hooks.example.com")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain)
    with Receiver(tls=tls) as receiver:
        with pytest.raises(NotSent, match="tls_failed"):  # nobody whom we trust signed it
            send(f"https://hooks.example.com:{receiver.port}/")
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(authority))
        assert send(f"https://hooks.example.com:{receiver.port}/").status == 204
        with pytest.raises(NotSent, match="tls_failed"):
            send(f"https://other.example.com:{receiver.port}/")
        assert len(receiver.requests) == 1


def test_an_authority_of_the_operators_own_takes_the_place_of_the_public_ones(tmp_path: Path) -> None:
    chain, authority = certificate(tmp_path, "hooks.example.com")
    (tmp_path / "other").mkdir()
    _, another = certificate(tmp_path / "other", "hooks.example.com")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain)
    with Receiver(tls=tls) as receiver:
        address = read_address(f"https://hooks.example.com:{receiver.port}/")
        assert post(address, HERE, b"{}", {}, SECONDS, authority).status == 204
        with pytest.raises(NotSent, match="tls_failed"):
            post(address, HERE, b"{}", {}, SECONDS, another)


def test_a_receiver_that_never_shakes_hands_is_left() -> None:
    left = threading.Event()

    def silent(connection: socket.socket) -> None:
        while connection.recv(65536):
            continue
        left.set()

    with raw(silent) as url:
        with pytest.raises(NotSent, match="timed_out"):
            send(url.replace("http:", "https:"), 1.0)
        assert left.wait(30)


def test_an_address_that_is_not_the_one_that_was_checked_goes_nowhere(receiver: Receiver) -> None:
    """requests tidies addresses up: this one is called by another port than its own origin says."""
    with pytest.raises(NotSent):
        post(Address("http", HERE, 0, "/in"), HERE, b"{}", {}, SECONDS)
    assert receiver.requests == []
