"""The ledger of this process: one engine, made at first use, never carried over a fork."""

from __future__ import annotations

import os

from sqlalchemy import Engine

from models.database.engine import connect
from workers.settings import settings

_engines: dict[tuple[int, str], Engine] = {}


def adopt(engine: Engine) -> None:
    """Makes this engine the process's own; an engine made before a fork must have no open connection."""
    _engines[os.getpid(), settings().database_url] = engine


def process_engine() -> Engine:
    """Returns this process's engine for the ledger that its settings name."""
    key = (os.getpid(), settings().database_url)
    if key not in _engines:
        _engines[key] = connect(settings().database_url)
    return _engines[key]
