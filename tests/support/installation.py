"""An installation of its own for a test: a folder, an SQLite ledger, and the environment that names them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from models.fleet.logins import account_seen
from models.fleet.phones import phone_online
from models.responsible_use.authors import register_author, set_basis
from models.tables import Campaign, Edge, Task
from models.transactions.read_write import read
from tests.support.ledger.copied import copied_ledger
from workers.app import app
from workers.settings import settings

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder with a ledger, and what is known in it."""

    var: Path
    engine: Engine

    def know_authors(self, *ids: str, basis: bool = True) -> None:
        """Make authors known, with the basis `owned` or without any."""
        for author in ids:
            register_author(self.engine, author, f"name of {author}")
            if basis:
                set_basis(self.engine, author, "owned", who="test")

    def know_phones(self, *accounts: str) -> None:
        """A phone that is online for each account: SIM0001, SIM0002, …"""
        for number, account in enumerate(accounts, 1):
            serial = f"SIM{number:04}"
            phone_online(self.engine, serial, f"127.0.0.1:{number}", "test", "SimPhone", f"incarnation-{number}")
            account_seen(self.engine, serial, account, f"name of {account}")

    def planted(self) -> tuple[int, int, int]:
        """How many campaigns, tasks and edges there are."""

        def count(table: type[Campaign] | type[Task] | type[Edge]) -> int:
            return read(self.engine, lambda session: session.scalar(select(func.count()).select_from(table))) or 0

        return count(Campaign), count(Task), count(Edge)


@contextmanager
def installation(var: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str = NOBODY_LISTENS) -> Iterator[Installation]:
    """A migrated SQLite ledger in `var`, with this process's settings and Celery pointed at it."""
    monkeypatch.setenv("PHONEFLEET_VAR", str(var))
    monkeypatch.setenv("PHONEFLEET_REDIS_URL", redis_url)
    monkeypatch.delenv("PHONEFLEET_DATABASE_URL", raising=False)
    monkeypatch.setitem(app.conf, "broker_url", redis_url)
    settings.cache_clear()
    engine = copied_ledger(f"sqlite:///{var / 'phonefleet.db'}")
    try:
        yield Installation(var, engine)
    finally:
        engine.dispose()
        settings.cache_clear()
