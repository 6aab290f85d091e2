"""Strangers and ill-meaning users of the console: what they send is bounded, and holds up nobody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import Response

from gateway.access.body import BodyBudget
from gateway.console.form import MOST_BODY, MOST_OF_STRANGERS, form_of
from gateway.console.live.feed import MOST_OF_ONE, Feed
from gateway.console.not_allowed import NotAllowed
from gateway.console.people.login_limit import AT_ONCE, MOST_OF_ADDRESS, OF_NAME, LoginTurns, address_of
from gateway.console.view import COOKIE
from models.values.enums import Role
from tests.support.console.monday import PASSWORD, PEOPLE
from tests.support.console.served import Served, served
from tests.support.poll import wait_until

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
WRONG = "not the right one"


@contextmanager
def connected(console: Served) -> Iterator[socket.socket]:
    to = urlsplit(console.url)
    with socket.create_connection((to.hostname or "", to.port or 0), 20) as made:
        yield made


def head(console: Served, path: str, length: str, cookie: str = "") -> bytes:
    """The head of a form of this site."""
    kept = f"Cookie: {COOKIE}={cookie}\r\n" if cookie else ""
    host = urlsplit(console.url).netloc
    return f"POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {console.url}\r\n{FORM}{kept}{length}\r\n\r\n".encode()


def status(connection: socket.socket) -> int:
    """The status of the answer; 0 when the connection ended without one."""
    with connection.makefile("rb") as told:
        line = told.readline()
        return int(line.split()[1]) if line else 0


def test_a_strangers_form_is_refused_before_it_is_there(shown: Served) -> None:
    for length in (f"Content-Length: {MOST_OF_STRANGERS + 1}", "Content-Length: x", "Transfer-Encoding: chunked"):
        with connected(shown) as stranger:
            stranger.sendall(head(shown, "/login", length))
            if "chunked" in length:
                stranger.sendall(f"{MOST_OF_STRANGERS + 1:x}\r\n".encode() + b"x" * (MOST_OF_STRANGERS + 1) + b"\r\n")
            assert status(stranger) in (400, 413), length


def test_a_form_that_does_not_come_is_not_waited_for(shown: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    person = shown.as_role("operator")
    monkeypatch.setattr("gateway.access.body.BODY_SECONDS", 0.2)
    for path, cookie in (("/login", ""), ("/acts/phones/pause", person.cookie)):
        with connected(shown) as slow:
            slow.sendall(head(shown, path, "Content-Length: 100", cookie) + b"name=")
            assert status(slow) == 408


def scope(length: int) -> dict[str, Any]:
    headers = {"host": "here", "origin": "http://here", "content-length": str(length)}
    headers["content-type"] = "application/x-www-form-urlencoded"
    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": "/", "headers": told}


async def read_form(length: int, budget: BodyBudget, message: dict[str, Any], who: str) -> str:
    async def receive() -> dict[str, Any]:
        return message

    try:
        async with form_of(Request(scope(length), receive), budget, who) as form:
            return form.raw("a")
    except NotAllowed as declined:
        return str(declined.status)


def test_who_leaves_in_the_middle_of_a_form_is_no_mistake_of_ours() -> None:
    assert asyncio.run(read_form(10, BodyBudget(MOST_BODY), {"type": "http.disconnect"}, "")) == "408"


def test_all_forms_together_have_a_bound_and_give_their_bytes_back() -> None:
    budget, long = BodyBudget(20_000), {"type": "http.request", "body": b"a=" + b"x" * 9_000, "more_body": False}
    assert budget.take("lena", 9_000)
    assert asyncio.run(read_form(9_002, budget, long, "lena")) == "503"
    for _ in range(5):
        assert asyncio.run(read_form(9_002, budget, long, "mei")) == "x" * 9_000


def test_who_is_logged_in_keeps_the_connection_when_strangers_come(console: Served) -> None:
    with served(console.engine, connections=20, connections_per_address=0) as full, ExitStack() as opened:
        cookie, kept = full.as_role("viewer").cookie, HTTPConnection(urlsplit(full.url).netloc, timeout=20)
        kept.connect()
        for _ in range(3):
            assert asked_again(kept, cookie) == 200
            strangers = [opened.enter_context(connected(full)) for _ in range(60)]
            assert strangers[0].recv(1) == b""  # the oldest of them went
        assert asked_again(kept, cookie) == 200
        kept.close()


def asked_again(connection: HTTPConnection, cookie: str) -> int:
    """The status of a page over a connection that was there before; none is made anew."""
    connection.auto_open = 0
    connection.request("GET", "/me", headers={"cookie": f"{COOKIE}={cookie}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_logins_of_one_moment_pass_the_limit_by_no_more_than_are_tried_at_once(console: Served) -> None:
    def tried(_: int) -> int:
        return console.nobody().post("/login", name=PEOPLE[Role.ADMIN], password=WRONG).status_code

    with ThreadPoolExecutor(30) as pool:
        told = Counter(pool.map(tried, range(60)))
    assert set(told) <= {403, 429, 503}
    assert told[403] < OF_NAME.amount + AT_ONCE


def test_a_flood_of_logins_waits_by_itself_and_the_pages_go_on(
    console: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, go_on = console.as_role("viewer"), threading.Event()
    monkeypatch.setattr("gateway.console.pages.login.log_in", lambda *_: go_on.wait(60) and None)

    def tried(_: int) -> int:
        return console.nobody().post("/login", name="nobody", password=WRONG).status_code

    try:
        with ThreadPoolExecutor(50) as pool:
            told = [pool.submit(tried, number) for number in range(50)]
            most = len(told) - MOST_OF_ADDRESS
            wait_until(lambda: sum(one.done() for one in told) == most, 30, "the flood to be told to come back")
            assert person.get("/me").status_code == 200
            go_on.set()
    finally:
        go_on.set()
    assert Counter(one.result() for one in told) == {503: most, 403: MOST_OF_ADDRESS}


def test_one_address_waits_for_its_own_logins() -> None:
    turns, go_on = LoginTurns(), threading.Event()

    def come_from(host: str) -> Request:
        return Request({"type": "http", "client": (host, 1), "headers": []})

    def work() -> Response:
        go_on.wait(60)
        return Response()

    async def all_of_them() -> tuple[list[str], Response]:
        first = [asyncio.create_task(turns.take(come_from("10.0.0.1"), work)) for _ in range(MOST_OF_ADDRESS + 3)]
        await asyncio.wait(first, return_when=asyncio.FIRST_EXCEPTION)
        other = asyncio.create_task(turns.take(come_from("10.0.0.2"), work))
        await asyncio.sleep(0)
        go_on.set()
        return [str(one) for one in await asyncio.gather(*first, return_exceptions=True)], await other

    told, other = asyncio.run(all_of_them())
    assert sum("too many logins" in one for one in told) == 3
    assert other.status_code == 200


def test_the_addresses_of_one_line_count_as_one() -> None:
    told = {address_of(Request({"type": "http", "client": (f"2001:db8:1:2::{n}", 1)})) for n in range(9)}
    assert len(told) == 1


def test_the_present_password_cannot_be_guessed_from_within(console: Served) -> None:
    person = console.as_role("viewer")
    for _ in range(OF_NAME.amount):
        assert person.post("/me/password", old=WRONG).status_code == 422
    told = person.post("/me/password", old=PASSWORD, new="a new good one", again="a new good one")
    assert told.status_code == 422
    assert console.nobody().post("/login", name=PEOPLE[Role.VIEWER], password=PASSWORD).status_code == 429


def test_a_session_is_new_at_each_login_and_none_of_the_visitors_making(console: Served) -> None:
    visitor = console.nobody()
    visitor.session.cookies.set(COOKIE, "fixed-by-somebody-else-0123456789abcdef")
    visitor.post("/login", name=PEOPLE[Role.VIEWER], password=PASSWORD)
    first = console.as_role("viewer").cookie
    assert len({first, "fixed-by-somebody-else-0123456789abcdef", console.as_role("viewer").cookie}) == 3
    for forged in ("fixed-by-somebody-else-0123456789abcdef", first[:-1] + "A" * (first[-1] != "A"), first * 2, ""):
        told = console.nobody().get("/shelf", cookie=f"{COOKIE}={forged}")
        assert told.status_code == 303, forged


def test_one_user_has_so_many_tabs_and_leaves_room_for_others() -> None:
    feed = Feed(dict, lambda *_: "")

    async def work() -> list[bool]:
        tabs = [feed.stream("", "zh", lambda _: True, lambda: True, "lena") for _ in range(MOST_OF_ONE)]
        for tab in tabs:
            await anext(tab)
        told = [feed.full("lena"), feed.full("mei")]
        for tab in tabs:
            await tab.aclose()  # type: ignore[attr-defined]
        await feed.close()
        return [*told, feed.full("lena")]

    assert asyncio.run(work()) == [True, False, False]


FAR = ["0001-01-01T00:00:00+23:59", "0001-06-01", "9999-12-31T23:59:59-23:59", "1969-01-01"]
ODD = [
    "%00",
    "%ff",
    quote("\U0001f600" * 150),
    "9" * 19,
    "9" * 400,
    "-1",
    "1e9",
    "..%2f..%2fetc",
    "' OR 1=1 --",
    "{{7*7}}",
]
PLACES = [
    *(f"/records?since={quote(one)}" for one in FAR),
    *(f"/records?until={quote(one)}" for one in FAR),
    *(f"/records?at={quote(one)}&id=x" for one in FAR),
    *(f"/texts?until={quote(one)}" for one in FAR),
    *(f"{path}{one}" for one in ODD for path in (
        "/texts?after=", "/texts?text=", "/records?account=", "/records?at=2026-01-01&id=", "/callbacks?before=",
        "/campaigns?before=", "/failures?hours=", "/shelf?find=", "/overview?hours=", "/watches/", "/many/", "/tasks/",
        "/campaigns/", "/phones/", "/exports/", "/shelf/changes?since=", "/login?next=/",
        "/drift/",
    )),
]  # fmt: skip


OF_RECORDINGS = [
    *(f"{path}{one}" for one in ODD for path in (
        "/recorder/", "/recorder/1?element=", "/recorder/1/pictures/", "/recorder/1/files/", "/flows?done=",
    )),
    "/recorder/99999999999999999999/state",
]  # fmt: skip


def test_whatever_stands_in_an_address_is_no_mistake_of_ours(furnished: Served) -> None:
    person = furnished.as_role("viewer")
    assert [path for path in PLACES if person.get(path).status_code >= 500] == []
    lena = furnished.as_role("operator")
    assert [path for path in OF_RECORDINGS if lena.get(path).status_code >= 500] == []
