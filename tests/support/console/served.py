"""The console under uvicorn, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests
import uvicorn
from sqlalchemy import Engine

from gateway.access.serving import open_sockets, run, server_config
from gateway.console.app import create_console
from gateway.console.serve import END_SECONDS
from gateway.console.view import COOKIE
from models.values.enums import Role
from tests.support.console.monday import PASSWORD, PEOPLE
from tests.support.poll import wait_until
from workers.settings import settings

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Served:
    """A console that listens, and its ledger."""

    url: str
    engine: Engine

    def nobody(self) -> Asker:
        """Somebody who is not logged in."""
        return Asker(self.url, requests.Session(), "")

    def as_role(self, role: Role | str) -> Asker:
        """The user of this role, logged in, over plain HTTP."""
        return self.nobody().entered(PEOPLE[Role(role)], PASSWORD)


@dataclass(frozen=True, slots=True)
class Asker:
    """A browser without eyes: cookies, forms, and no scripts."""

    url: str
    session: requests.Session
    token: str

    def entered(self, name: str, password: str) -> Asker:
        """The same one after a login."""
        answer = self.post("/login", name=name, password=password)
        assert answer.status_code == 303, answer.text
        page = self.get("/me").text
        token = page.partition('name="token" value="')[2].partition('"')[0]
        return Asker(self.url, self.session, token)

    def get(self, path: str, **headers: str) -> requests.Response:
        """Ask for a page; redirects are not followed."""
        return self.session.get(self.url + path, headers=headers, allow_redirects=False, timeout=30)

    def post(self, path: str, **fields: Any) -> requests.Response:
        """Send a form of this site, with the session's token."""
        headers = {"origin": self.url, "referer": self.url + "/shelf"}
        sent = {"token": self.token, **fields}
        return self.session.post(self.url + path, data=sent, headers=headers, allow_redirects=False, timeout=30)

    @property
    def cookie(self) -> str:
        """The session's token."""
        return self.session.cookies[COOKIE]


@contextmanager
def served(engine: Engine, **changed: Any) -> Iterator[Served]:
    """Serve until the block ends, with these settings changed."""
    config = replace(settings(), **changed)
    (listener,) = at = open_sockets(config, "127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = uvicorn.Server(server_config(create_console(engine, config), config, end_seconds=END_SECONDS))
    thread = threading.Thread(target=run, args=(server, at, config), daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, 20, "the console to listen")
        yield Served(f"http://127.0.0.1:{port}", engine)
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
