"""Serve: the gateway as a process, with uvicorn."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Engine

from gateway.api.app import create_app
from gateway.exports.serve import serve_app
from gateway.keys.master_key import master_key
from gateway.keys.unopened import note_unopened
from workers.settings import Settings

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
MALLOC = {M_ARENA_MAX: 2, M_MMAP_THRESHOLD: 131_072, M_TRIM_THRESHOLD: 131_072}
GARBAGE = (20_000, 10, 10)  # new objects before a look at them: a campaign of 10,000 tasks makes a million


def collect_seldom() -> None:
    """Lets Python look for cyclic garbage less often, and not in what the start left: that was a fifth of planting."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def return_memory() -> None:
    """Lets the C library give memory back as soon as it is free: glibc keeps it, once for each few threads.

    An answer is up to 5 MB, and passes through several forms. Another C library has no `mallopt`.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in MALLOC.items():
            mallopt(option, value)


def serve(config: Settings, host: str, port: int, cert: Path | None = None, key: Path | None = None) -> int:
    """Answers requests until SIGTERM or SIGINT; finishes those under way. Returns the exit status.

    Raises Refused without the master key or for one that opens no key, for another time zone than the fleet's, and
    when it cannot listen.
    """
    master_key()
    return serve_app("gateway", _app, config, (host, port), (cert, key))


def _app(engine: Engine, config: Settings) -> FastAPI:
    note_unopened(engine, refuse_all=True)
    app = create_app(engine, config)
    collect_seldom()
    return_memory()
    return app
