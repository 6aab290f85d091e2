"""A fleet of the earlier version, on its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.local.processes import Part
from tests.support.earlier.code import EarlierCode
from tests.support.fleet import Fleet


class EarlierFleet(Fleet):
    """Its coordinator and host agent, with the agent's workers, run the earlier version; its phones run ours.

    Its authors are not known before it plants.
    """

    def __init__(self, folder: Path, database_url: str, redis_url: str, phones: int, **environment: str) -> None:
        self.code = EarlierCode(folder / "earlier")
        self._url = database_url
        super().__init__(folder, database_url, redis_url, phones, speed=0, owned=False, rough=False, **environment)

    def plant(self, canvas: Mapping[str, Any], name: str) -> str:
        """Let the earlier version submit a canvas, with the world's authors known; the campaign's id."""
        return self.code.plant(canvas, name, self.shelf.authors(), self.env)

    def _make_tables(self) -> None:
        self.code.migrate(self._url)

    def _part(self, part: Part) -> Part:
        return self.code.of(part)
