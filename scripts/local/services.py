"""Starts the services of one machine: Redis, the ledger, host, coordinator and Flower."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.database.engine import connect
from models.migrate import upgrade
from scripts.local.embedded import EmbeddedRedis
from scripts.local.processes import COORDINATOR, HOST, Part, Processes, python


@dataclass(frozen=True, slots=True)
class Services:
    """The running parts, and the environment with which other programs reach them."""

    processes: Processes
    env: Mapping[str, str]
    redis: str  # for people: which Redis it is
    embedded: EmbeddedRedis | None = None  # where it is ours


@contextlib.contextmanager
def base_services(var: Path, env: Mapping[str, str]) -> Iterator[Services]:
    """Runs Redis (the embedded one unless PHONEFLEET_REDIS_URL names another) and migrates the ledger.

    Raises NoRedis, RedisDidNotStart.
    """
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        told = dict(env)
        embedded = None
        redis_url = told.get("PHONEFLEET_REDIS_URL") or os.environ.get("PHONEFLEET_REDIS_URL")
        if redis_url:
            redis = "the one that PHONEFLEET_REDIS_URL names"
        else:
            embedded = stack.enter_context(EmbeddedRedis(var))
            redis_url, redis = embedded.url, str(embedded.binary)
        told["PHONEFLEET_REDIS_URL"] = redis_url
        told.setdefault("PHONEFLEET_VAR", str(var))
        database = told.get("PHONEFLEET_DATABASE_URL") or os.environ.get("PHONEFLEET_DATABASE_URL")
        told["PHONEFLEET_DATABASE_URL"] = database or f"sqlite:///{var.resolve() / 'phonefleet.db'}"
        ddl = told.get("PHONEFLEET_DATABASE_DDL_URL") or os.environ.get("PHONEFLEET_DATABASE_DDL_URL")
        told["PHONEFLEET_DATABASE_DDL_URL"] = ""  # no part needs it
        engine = connect(ddl or told["PHONEFLEET_DATABASE_URL"])
        upgrade(engine)
        engine.dispose()
        processes = stack.enter_context(Processes(var / "log", told))
        yield Services(processes, told, redis, embedded)


def start_fleet(services: Services) -> None:
    """Starts a coordinator, and a host agent for the phones of this machine."""
    services.processes.start(COORDINATOR)
    services.processes.start(HOST)


def start_flower(services: Services, var: Path, port: int) -> Path:
    """Starts Flower on loopback. Returns the file with its password (user `operator`)."""
    password = var / "flower.password"
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(18) + "\n")
    command = ("-m", "celery", "--app", "workers.app", "flower")
    options = ("--address=127.0.0.1", f"--port={port}", "--max-tasks=10000")
    # In the environment, because every user of the machine can read a command line.
    env = {"FLOWER_BASIC_AUTH": f"operator:{password.read_text().strip()}"}
    flower = Part("flower", python(*command, *options), env)
    services.processes.start(flower)
    return password
