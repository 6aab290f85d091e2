"""A thousand hostile connections: the gateway's memory grows by half at most, and it serves when they are gone."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from sqlalchemy import update

from gateway.protocol.signed_text import KEY_HEADER
from models.database.engine import connect
from models.tables import Task
from models.transactions.read_write import write
from scripts.local.embedded import end, free_port
from tests.gateway.access.asked import TASK
from tests.support.gateway.api_server import Api, Raw, signed_question
from tests.support.gateway.certificates import certificate
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.drive import owned_author
from tests.support.poll import wait_until

HOSTILE = 1000
ON_ONE_ADDRESS = 50
MOST_OF_IDLE = 1.5
BODY = 900_000
HEAD = b"POST /v1/tasks HTTP/1.1\r\nHost: here\r\n"


def unknown_key(number: int) -> bytes:
    return HEAD + f"{KEY_HEADER}: key_{number:016x}\r\nContent-Length: {BODY}\r\n\r\n".encode() + b"x" * BODY


def no_key(_: int) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 20


def half_a_head(_: int) -> bytes:
    return HEAD + b"X: " + b"x" * 16_000


KINDS: list[Callable[[int], bytes] | None] = [None, half_a_head, unknown_key, no_key]  # None: not even TLS


def memory(process: subprocess.Popen[bytes], what: str) -> int:
    """VmRSS or VmHWM, its highest, in kB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


class Gateway:
    """The process, and who comes to it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, authority: Path | None, ledger: str) -> None:
        self.process = process
        self.api = Api(f"http://127.0.0.1:{port}", connect(ledger))
        self.port = port
        self._authority = authority

    def answers(self) -> bool:
        assert self.process.poll() is None
        url = f"http{'s' if self._authority else ''}://localhost:{self.port}/health"
        try:
            return requests.get(url, verify=str(self._authority or ""), timeout=10).ok
        except requests.RequestException:
            return False

    def hostile(self, number: int) -> socket.socket:
        """A connection of its kind, whose bytes went as far as they were taken."""
        source = f"127.1.{number // ON_ONE_ADDRESS}.1"
        made = socket.create_connection(("127.0.0.1", self.port), 10, (source, 0))
        kind = KINDS[number % len(KINDS)]
        if kind is None:
            return made
        with contextlib.suppress(OSError):  # it is one too many, and was ended
            if self._authority is not None:
                made = ssl.create_default_context(cafile=str(self._authority)).wrap_socket(
                    made, server_hostname="localhost"
                )
            made.setblocking(False)
            made.send(kind(number))
        return made


SLOW_READERS = 90
LARGE = {"titles": ["x" * 1000] * 3700}  # some 5 MB when it is sealed


@pytest.fixture(params=["plain", "TLS"])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_database: str, redis_url: str, master_key: str
) -> Iterator[Gateway]:
    copied_ledger(sqlite_database).dispose()
    chain, authority = certificate(tmp_path, "localhost")
    port, tls = free_port(), request.param == "TLS"
    told: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PHONEFLEET_")},
        "PHONEFLEET_DATABASE_URL": sqlite_database,
        "PHONEFLEET_REDIS_URL": redis_url,
        "PHONEFLEET_MASTER_KEY": master_key,
    }
    options = ["--tls-cert", str(chain), "--tls-key", str(chain)] if tls else []
    command = [sys.executable, "-m", "gateway", "--port", str(port), *options]
    with subprocess.Popen(command, env=told, stderr=subprocess.DEVNULL) as process:
        made = Gateway(process, port, authority if tls else None, sqlite_database)
        try:
            wait_until(made.answers, 60, "the gateway to answer", every=0.1)
            yield made
        finally:
            process.kill()
            end(process, 10)


@pytest.mark.fleet
def test_a_thousand_hostile_connections_take_half_as_much_again_at_most(served: Gateway) -> None:
    idle = memory(served.process, "VmRSS")
    with ExitStack() as opened:
        many = [opened.enter_context(served.hostile(number)) for number in range(HOSTILE)]
        asking = [one for number, one in enumerate(many) if KINDS[number % len(KINDS)] in (unknown_key, no_key)]
        waiting = {one for one in asking if one.fileno() >= 0}  # the others were ended during their handshake

        def all_told() -> bool:
            poll = select.poll()
            for one in waiting:
                poll.register(one, select.POLLIN)
            told = {number for number, _ in poll.poll(0)}
            waiting.difference_update({one for one in waiting if one.fileno() in told})
            return not waiting

        wait_until(all_told, 60, "every stranger to be answered, or ended")
        assert memory(served.process, "VmHWM") <= MOST_OF_IDLE * idle
    wait_until(served.answers, 30, "the gateway to answer again")


def large_task(raw: Raw) -> str:
    """The path of a task of a customer that ended with a large result."""
    owned_author(raw.api.engine)
    task_id = raw.opened(raw.send("POST", "/v1/tasks", TASK))["id"]
    ended = update(Task).where(Task.id == task_id).values(result=LARGE, state="succeeded")
    write(raw.api.engine, lambda session: session.execute(ended))
    return f"/v1/tasks/{task_id}"


@pytest.mark.fleet
@pytest.mark.parametrize("served", ["plain"], indirect=True)
def test_readers_of_large_answers_that_hardly_read_take_half_as_much_again_at_most(served: Gateway) -> None:
    customer = Raw(served.api, served.api.caller())
    path = large_task(customer)
    with ThreadPoolExecutor(SLOW_READERS) as pool:  # it has served as many ordinary questions at once, and rests
        told = set(pool.map(lambda _: customer.send("GET", "/v1/tasks?limit=1").status_code, range(SLOW_READERS)))
    assert told == {200}
    idle = memory(served.process, "VmRSS")
    asking: list[socket.socket] = []
    with ExitStack() as opened:
        for number in range(SLOW_READERS):
            source = f"127.2.{number // ON_ONE_ADDRESS}.1"
            made = opened.enter_context(socket.create_connection(("127.0.0.1", served.port), 10, (source, 0)))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.settimeout(60)
            made.sendall(signed_question(customer.caller, path))
            asking.append(made)
        began = {made.recv(12) for made in asking}
        assert began <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert b"HTTP/1.1 200" in began
        assert memory(served.process, "VmHWM") <= MOST_OF_IDLE * idle
    assert served.answers()
