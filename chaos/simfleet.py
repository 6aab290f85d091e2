"""The base of every fleet on simulated phones: phonesim's control port."""

from __future__ import annotations

from typing import Any

import requests

from chaos.started import Started

CONTROL_SECONDS = 10.0


class SimFleet(Started):
    """Runs until the `with` block ends. `control` is the address of the control port."""

    control: str

    def get(self, path: str) -> Any:
        """Returns the control port's answer. Raises requests.RequestException."""
        answer = requests.get(self.control + path, timeout=CONTROL_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **body: Any) -> None:
        """Ask something of the control port. Raises requests.RequestException."""
        requests.post(self.control + path, json=body, timeout=CONTROL_SECONDS).raise_for_status()
