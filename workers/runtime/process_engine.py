"""The ledger of this process: one engine, made at first use, never carried over a fork."""

from __future__ import annotations

import os

from sqlalchemy import Engine

from models.database.engine import connect
from workers.settings import settings

_engines: dict[tuple[int, str], Engine] = {}


def adopt(engine: Engine) -> None:
    """Use this engine as this process's own; one that was made before a fork must have no connection open."""
    _engines[os.getpid(), settings().database_url] = engine


def process_engine() -> Engine:
    """The engine of this process for the ledger that its settings name."""
    key = (os.getpid(), settings().database_url)
    if key not in _engines:
        _engines[key] = connect(settings().database_url)
    return _engines[key]
