"""Large answers that are hardly read: they have a bound together, and each reader a least rate."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, update

from models.tables import Task
from models.transactions.read_write import write
from tests.gateway.access.asked import TASK
from tests.support.gateway.api_server import Api, Caller, Raw, listening, signed_question
from tests.support.ledger.drive import owned_author
from tests.support.poll import wait_until

LARGE = {"titles": ["x" * 1000] * 3700}  # some 5 MB when it is sealed
pytestmark = [
    pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("redis_url", "master_key"),
]


@pytest.fixture
def api(ledger: Engine) -> Iterator[Api]:
    """A gateway of whose answers one key may hold up 6 MB."""
    owned_author(ledger)
    with listening(ledger, answer_bytes=12_000_000) as made:
        yield made


def large_task(raw: Raw) -> str:
    """The path of a task with a large result."""
    task_id = raw.opened(raw.send("POST", "/v1/tasks", TASK))["id"]
    write(
        raw.api.engine,
        lambda session: session.execute(update(Task).where(Task.id == task_id).values(result=LARGE, state="succeeded")),
    )
    return f"/v1/tasks/{task_id}"


@contextmanager
def reading_slowly(api: Api, caller: Caller, path: str) -> Iterator[socket.socket]:
    """A connection that asks, and has read no more than that the answer began."""
    to = urlsplit(api.url)
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(20)
        made.connect((to.hostname, to.port))
        made.sendall(signed_question(caller, path))
        assert made.recv(12) == b"HTTP/1.1 200"
        yield made


def test_slow_readers_of_large_answers_hold_up_their_own_key_alone(api: Api) -> None:
    acme, other = Raw(api, api.caller()), Raw(api, api.caller("other"))
    path, theirs = large_task(acme), large_task(other)
    with reading_slowly(api, acme.caller, path):
        refused = acme.send("GET", path)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert acme.opened(refused)["code"] == "unavailable"
        assert acme.send("GET", "/v1/tasks").status_code == 200  # a short answer counts nowhere
        assert other.send("GET", theirs).status_code == 200
    wait_until(lambda: acme.send("GET", path).status_code == 200, 20, "the bytes to be given back")


def test_all_answers_together_have_a_bound(api: Api) -> None:
    holders = [Raw(api, api.caller(name)) for name in ("one", "two", "three")]
    paths = [large_task(one) for one in holders]
    with ExitStack() as opened:
        for one, path in list(zip(holders, paths, strict=True))[:2]:
            opened.enter_context(reading_slowly(api, one.caller, path))
        assert holders[2].send("GET", paths[2]).status_code == 503
    wait_until(lambda: holders[2].send("GET", paths[2]).status_code == 200, 20, "the bytes to be given back")


def test_who_does_not_read_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.access.sending.PIECE_SECONDS", 0.1)
    acme = Raw(api, api.caller())
    path = large_task(acme)
    with reading_slowly(api, acme.caller, path):
        wait_until(lambda: acme.send("GET", path).status_code == 200, 20, "the reader to be given up")


def test_a_large_answer_is_whole(api: Api) -> None:
    acme = Raw(api, api.caller())
    assert acme.opened(acme.send("GET", large_task(acme)))["result"] == LARGE
