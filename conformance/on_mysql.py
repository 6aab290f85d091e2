"""A pytest plugin: every test that asks for MariaDB gets the newest MySQL. `pytest -p conformance.on_mysql …`

It is loaded before any test module, so whoever imports MariaDB from the tests' servers imports this one.
"""

from __future__ import annotations

import pytest

from conformance.mysql import MySQL
from tests.support import servers

servers.MariaDB = MySQL  # type: ignore[misc]


def pytest_report_header() -> str:
    """The server's version, so that nobody takes the run for one on MariaDB."""
    with MySQL() as server:
        return f"databases: SQLite and MySQL {server.version()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests' ids say `mariadb`; what they ran on is MySQL, and pytest has no other way to say so."""
    for item in items:
        item._nodeid = item.nodeid.replace("[mariadb", "[mysql")  # type: ignore[attr-defined]
