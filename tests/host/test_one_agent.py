"""Never two agents on one adb server."""

from __future__ import annotations

import os

import pytest

from scripts.embedded import free_port
from workers.host.one_agent import SecondAgent, claim_adb_server


def test_second_agent_is_refused_while_the_first_lives() -> None:
    port = free_port()
    held = claim_adb_server(port)
    with pytest.raises(SecondAgent, match="PHONEFLEET_ADB_PORT"):
        claim_adb_server(port)
    os.close(held)
    os.close(claim_adb_server(port))
