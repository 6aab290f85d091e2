"""SQLite ledgers of the test process do not wait for the disk, as throwaway servers do not.

Only a power cut could tell the difference: what is written reaches the operating system all the same. Processes that
tests start wait as always; tests/models/database/test_durable.py looks at what the product asks of SQLite.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event

from models.database import engine as product

as_the_product_does = product._prepare_sqlite


def do_not_wait_for_the_disk() -> None:
    """From now on, in all engines that this process makes."""
    product._prepare_sqlite = _prepare


def _prepare(engine: Engine) -> None:
    as_the_product_does(engine)

    @event.listens_for(engine, "connect")
    def _pragma(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF").close()
