"""Simulated phones for a worker to hold."""

from __future__ import annotations

from tests.support.phones import adb, hold, shelf

__all__ = ["adb", "hold", "shelf"]
