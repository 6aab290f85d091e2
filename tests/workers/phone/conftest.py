"""The phone side on simulated phones behind a real adb server."""

from __future__ import annotations

import pytest

from tests.support.phones import PACKAGE, Hold, adb, hold, shelf
from workers.phone.phone import U2Phone

__all__ = ["adb", "hold", "shelf"]


@pytest.fixture
def phone(hold: Hold) -> U2Phone:
    """The first phone with a minute left, its app started afresh."""
    taken = hold(60)
    taken.stop_app(PACKAGE)
    taken.start_app(PACKAGE)
    return taken
