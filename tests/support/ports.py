"""Each test process draws its ports from a share of its own: a port that was found free is not taken at once."""

from __future__ import annotations

import os

from scripts.local import embedded

_can_be_bound = embedded._can_be_bound


def draw_own_ports() -> None:
    """From now on; a single process has all of them."""
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

    def own(port: int) -> bool:
        return port % count == number and _can_be_bound(port)

    embedded._can_be_bound = own
