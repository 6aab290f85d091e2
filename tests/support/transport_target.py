"""What the transport suite runs over: a simulated phone; `conformance.on_adbd` puts a real adbd in its place."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import adbutils

from tests.support.shelf import AdbServer, Shelf


class Target:
    """One phone's end of the transport, connected to an adb server. `address` is its HOST:PORT."""

    scratch = "/data/local/tmp/transport"  # a folder of the target's, empty at the start

    def __init__(self) -> None:
        self.address = ""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        self.server = AdbServer().__enter__()
        try:
            self._begin(Path(self._folder.name))
            self.device.shell(f"mkdir -p {self.scratch}")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self.server.__exit__(kind, error, trace)
        self._folder.cleanup()

    @property
    def device(self) -> adbutils.AdbDevice:
        """The target through adbutils."""
        return self.server.client.device(self.address)

    def _begin(self, folder: Path) -> None:
        self._shelf = Shelf(self.server, folder / "truth.jsonl").__enter__()
        self.address = self._shelf.phones[0]["address"]

    def _end(self) -> None:
        self._shelf.__exit__(None, None, None)
