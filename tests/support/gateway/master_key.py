"""The key under which the secrets of customers rest."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from workers.settings import settings

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def master_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The master key of this process's settings."""
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", MASTER_KEY)
    settings.cache_clear()
    yield MASTER_KEY
    settings.cache_clear()
