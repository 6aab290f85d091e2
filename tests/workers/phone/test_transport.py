"""The transport against a server that misbehaves byte by byte, as no simulated phone does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from flows.phone import PhoneError
from tests.support.poll import wait_until
from workers.phone import http as phone_http
from workers.phone.adb import Adb
from workers.phone.http import HttpClient
from workers.phone.transport import Deadline

OKAY = b"OKAY"
Script = Callable[[socket.socket], None]


@contextmanager
def adb_server(*scripts: Script) -> Iterator[int]:
    """An adb server of one connection for each script, in the order in which they come; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    serving: list[threading.Thread] = []

    def serve(script: Script, client: socket.socket) -> None:
        with client:
            client.settimeout(10)
            with suppress(OSError):
                script(client)

    def accept() -> None:
        for script in scripts:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            serving.append(threading.Thread(target=serve, args=(script, client)))
            serving[-1].start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(10)
        for each in serving:
            each.join(10)


def request(client: socket.socket) -> None:
    """Take one smart-socket request and agree."""
    size = int(client.recv(4, socket.MSG_WAITALL), 16)
    client.recv(size, socket.MSG_WAITALL)
    client.sendall(OKAY)


def opened(client: socket.socket) -> None:
    request(client)
    request(client)


def http(client: socket.socket) -> bytes:
    """Take one HTTP request without a body."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        chunk = client.recv(1)
        if not chunk:
            raise ConnectionError
        data += chunk
    return data


def answers(*raw: bytes) -> Script:
    """A UI server that answers each request with these bytes, on one connection."""

    def script(client: socket.socket) -> None:
        opened(client)
        for answer in raw:
            http(client)
            client.sendall(answer)
        client.recv(1)

    return script


def ask(client: HttpClient, seconds: float = 5.0) -> bytes:
    return client.request("GET", "/ping", b"", Deadline(seconds, lambda: 60.0))


def client_of(port: int) -> HttpClient:
    adb = Adb(port, "phone")
    return HttpClient(lambda deadline: adb.open("tcp:9008", deadline), adb.ask)


PONG = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong"


@pytest.mark.parametrize(
    "raw",
    [
        PONG,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\npo\r\n2;x=y\r\nng\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length:4\r\n\r\npong",
    ],
)
def test_answers_are_read_and_the_connection_is_kept(raw: bytes) -> None:
    with adb_server(answers(raw, raw)) as port:
        client = client_of(port)
        assert [ask(client), ask(client)] == [b"pong", b"pong"]
        client.close()


def test_an_answer_that_ends_with_the_connection_is_read() -> None:
    def script(client: socket.socket) -> None:
        opened(client)
        http(client)
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\npong")

    with adb_server(script, answers(PONG)) as port:
        client = client_of(port)
        assert [ask(client), ask(client)] == [b"pong", b"pong"]
        client.close()


def test_a_connection_that_the_server_closed_meanwhile_is_replaced_before_sending() -> None:
    closed = threading.Event()

    def script(client: socket.socket) -> None:
        opened(client)
        http(client)
        client.sendall(PONG)
        client.shutdown(socket.SHUT_RDWR)
        closed.set()

    with adb_server(script, answers(PONG)) as port:
        client = client_of(port)
        assert ask(client) == b"pong"
        assert closed.wait(5)
        assert ask(client) == b"pong"
        client.close()


@pytest.mark.parametrize("idle", [2.1, 3.0, 4.9, 5.0, 60.0, 3600.0])
def test_no_request_goes_out_on_a_connection_that_the_server_may_be_closing(
    idle: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NanoHTTPD closes after 5 s: a tap sent in that moment would be neither done nor undone."""
    now = [1000.0]
    with adb_server(answers(PONG, PONG), answers(PONG)) as port:
        client = client_of(port)
        monkeypatch.setattr(phone_http, "monotonic", lambda: now[0])
        assert ask(client) == b"pong"
        first = client._wire
        now[0] += idle
        assert ask(client) == b"pong"
        assert client._wire is not first
        client.close()


@pytest.mark.parametrize("idle", [0.0, 0.5, 1.9])
def test_a_connection_used_a_moment_ago_is_used_again(idle: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    with adb_server(answers(PONG, PONG)) as port:
        client = client_of(port)
        monkeypatch.setattr(phone_http, "monotonic", lambda: now[0])
        assert ask(client) == b"pong"
        now[0] += idle
        assert ask(client) == b"pong"
        client.close()


@pytest.mark.parametrize("size", [65_536, 70_000, 1_048_576])
def test_a_request_longer_than_adb_can_count_is_refused_unsent(size: int) -> None:
    refused = pytest.raises(PhoneError, match=f"has {size} bytes; adb takes 65535")
    with adb_server(request) as port, refused as failed:
        Adb(port, "phone").open("shell:".ljust(size, "x"), Deadline(5, lambda: 60.0))
    assert (failed.value.code, failed.value.sent) == ("bad_input", False)


@pytest.mark.parametrize("text", ["x" * 65_529, "语" * 21_843])
def test_a_request_as_long_as_adb_can_count_is_sent(text: str) -> None:
    with adb_server(opened) as port:
        Adb(port, "phone").open(f"shell:{text}", Deadline(5, lambda: 60.0)).close()


def test_a_server_that_drips_cannot_stretch_the_deadline() -> None:
    done = threading.Event()

    def script(client: socket.socket) -> None:
        opened(client)
        http(client)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")  # whole after 5 s, and then no error
        while not done.wait(0.1):
            client.sendall(b".")

    with adb_server(script) as port:
        client = client_of(port)
        with pytest.raises(PhoneError) as failed:
            ask(client, seconds=2.0)
        done.set()
    assert (failed.value.code, failed.value.sent) == ("phone_hung", True)


def test_a_phone_that_is_only_slow_is_asked_whether_it_is_there_and_waited_for() -> None:
    asked: list[bytes] = []
    twice = threading.Event()

    def slow(client: socket.socket) -> None:
        opened(client)
        http(client)
        twice.wait(20)
        client.sendall(PONG)
        client.recv(1)

    def echo(client: socket.socket) -> None:
        request(client)
        size = int(client.recv(4, socket.MSG_WAITALL), 16)
        asked.append(client.recv(size, socket.MSG_WAITALL))
        client.sendall(OKAY + b"\n")
        if len(asked) == 2:
            twice.set()

    with adb_server(slow, echo, echo) as port:
        client = client_of(port)
        assert ask(client, seconds=20) == b"pong"
        client.close()
    assert asked == [b"shell:echo"] * 2


def test_a_phone_that_answers_no_echo_is_hung_long_before_the_deadline() -> None:
    done = threading.Event()

    def silent(client: socket.socket) -> None:
        opened(client)
        with suppress(ValueError):
            http(client)
        done.wait(20)

    with adb_server(silent, silent) as port:
        with pytest.raises(PhoneError, match="not even an echo") as failed:
            ask(client_of(port), seconds=3600)
        done.set()
    assert (failed.value.code, failed.value.sent) == ("phone_hung", True)


def test_an_answer_that_came_while_the_phone_was_asked_counts() -> None:
    done, asked = threading.Event(), threading.Event()

    def slow(client: socket.socket) -> None:
        opened(client)
        http(client)
        asked.wait(20)
        client.sendall(PONG)
        client.recv(1)

    def mute(client: socket.socket) -> None:
        opened(client)
        asked.set()
        done.wait(20)

    with adb_server(slow, mute) as port:
        client = client_of(port)
        assert ask(client, seconds=20) == b"pong"
        client.close()
        done.set()


def test_a_phone_that_adb_lost_meanwhile_is_lost_and_the_call_was_sent() -> None:
    done = threading.Event()

    def silent(client: socket.socket) -> None:
        opened(client)
        http(client)
        done.wait(20)

    def lost(client: socket.socket) -> None:
        size = int(client.recv(4, socket.MSG_WAITALL), 16)
        client.recv(size, socket.MSG_WAITALL)
        client.sendall(b"FAIL000edevice offline")

    with adb_server(silent, lost) as port:
        with pytest.raises(PhoneError) as failed:
            ask(client_of(port), seconds=20)
        done.set()
    assert (failed.value.code, failed.value.sent) == ("phone_lost", True)


def test_a_call_waits_for_as_long_as_the_lease_is_renewed_meanwhile() -> None:
    until = [time.monotonic() + 1.0]

    def slow(client: socket.socket) -> None:
        opened(client)
        http(client)
        until[0] += 30
        wait_until(lambda: time.monotonic() > until[0] - 29.5, 5, "the lease that the call began with to be over")
        client.sendall(PONG)
        client.recv(1)

    with adb_server(slow) as port:
        client = client_of(port)
        assert client.request("GET", "/ping", b"", Deadline(20, lambda: until[0] - time.monotonic())) == b"pong"
        client.close()


def test_an_adb_server_that_says_nothing_is_given_up_unsent() -> None:
    done = threading.Event()

    def script(_client: socket.socket) -> None:
        done.wait(10)

    with adb_server(script) as port:
        with pytest.raises(PhoneError) as failed:
            ask(client_of(port), seconds=0.3)
        done.set()
    assert (failed.value.code, failed.value.sent) == ("phone_hung", False)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "ui_server_lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npong", "ui_server_lost"),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops", "ui_server_lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "ui_server_lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "ui_server_lost"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "ui_server_lost"),
        (b"x" * 20000, "ui_server_lost"),
    ],
)
def test_a_broken_answer_is_an_error_of_a_call_that_was_sent(raw: bytes, code: str) -> None:
    def script(client: socket.socket) -> None:
        opened(client)
        http(client)
        client.sendall(raw)

    with adb_server(script) as port, pytest.raises(PhoneError) as failed:
        ask(client_of(port))
    assert (failed.value.code, failed.value.sent) == (code, True)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (b"device 'phone' not found", "phone_lost"),
        (b"device offline", "phone_lost"),
        (b"device unauthorized.", "phone_lost"),
    ],
)
def test_a_phone_that_adb_refuses_is_lost(reason: bytes, code: str) -> None:
    def script(client: socket.socket) -> None:
        size = int(client.recv(4, socket.MSG_WAITALL), 16)
        client.recv(size, socket.MSG_WAITALL)
        client.sendall(b"FAIL%04x%s" % (len(reason), reason))

    with adb_server(script) as port, pytest.raises(PhoneError) as failed:
        ask(client_of(port))
    assert (failed.value.code, failed.value.sent) == (code, False)
    assert reason.decode() in failed.value.reason


def test_nothing_listening_on_the_phone_is_the_ui_servers_loss() -> None:
    def script(client: socket.socket) -> None:
        request(client)
        size = int(client.recv(4, socket.MSG_WAITALL), 16)
        client.recv(size, socket.MSG_WAITALL)
        client.sendall(b"FAIL0006closed")

    with adb_server(script) as port, pytest.raises(PhoneError) as failed:
        ask(client_of(port))
    assert (failed.value.code, failed.value.sent) == ("ui_server_lost", False)
