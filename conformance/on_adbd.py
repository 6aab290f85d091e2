"""A pytest plugin: the transport suite gets a real adbd. `pytest -p conformance.on_adbd …`"""

from __future__ import annotations

from conformance.adbd import AdbdTarget, enter_own_network
from tests.support import transport_target

enter_own_network()
transport_target.Target = AdbdTarget  # type: ignore[misc]


def pytest_report_header() -> str:
    """So that nobody takes the run for one over a simulated phone."""
    return "transport: adbd of Debian's newest suite"
