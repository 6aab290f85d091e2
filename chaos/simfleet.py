"""The base of every fleet on simulated phones: a start, an end, and phonesim's control port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

import requests

CONTROL_SECONDS = 10.0


class SimFleet(ABC):
    """Runs until the `with` block ends. `control` is the address of the control port."""

    control: str

    @abstractmethod
    def _start(self) -> None:
        """Start everything."""

    @abstractmethod
    def close(self) -> None:
        """End everything that was started."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, path: str) -> Any:
        """Returns the control port's answer. Raises requests.RequestException."""
        answer = requests.get(self.control + path, timeout=CONTROL_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **body: Any) -> None:
        """Ask something of the control port. Raises requests.RequestException."""
        requests.post(self.control + path, json=body, timeout=CONTROL_SECONDS).raise_for_status()
