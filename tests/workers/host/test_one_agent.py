"""Never two agents on one adb server; a newer one takes over from the one that runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.local.embedded import free_port
from workers.host.agent_lock import SecondAgent, claim_adb_server, lock_file

WAIT = 20.0
# An agent as far as its lock goes: it says when it has it, and ends when it is asked to, or will not hear of it.
HOLDER = """
import signal, sys
from workers.host.agent_lock import claim_adb_server
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
claim_adb_server(int(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(port: int, manner: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the adb server of that port."""
    command = [sys.executable, "-c", HOLDER, str(port), manner]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_second_agent_is_refused_while_the_first_lives() -> None:
    port = free_port()
    held = claim_adb_server(port)
    with pytest.raises(SecondAgent, match="PHONEFLEET_ADB_PORT"):
        claim_adb_server(port)
    os.close(held)
    os.close(claim_adb_server(port))


def test_a_refusal_names_the_process() -> None:
    port = free_port()
    with holder(port, "kind") as process, pytest.raises(SecondAgent, match=f"process {process.pid}, serves"):
        claim_adb_server(port)


def test_taking_over_asks_the_holder_to_end_and_waits_for_it() -> None:
    port = free_port()
    with holder(port, "kind") as process:
        os.close(claim_adb_server(port, WAIT))
        assert process.wait(WAIT) == -signal.SIGTERM


def test_a_holder_that_does_not_end_is_named() -> None:
    port = free_port()
    with holder(port, "stubborn") as process:
        with pytest.raises(SecondAgent, match=f"process {process.pid}, did not let go"):
            claim_adb_server(port, 0.5)
        assert process.poll() is None


def test_nobody_is_signalled_by_a_stale_name_in_the_file() -> None:
    """The file names this very process, which does not hold the lock: only who holds it is asked to end."""
    port = free_port()
    os.close(claim_adb_server(port))
    with holder(port, "stubborn"):
        lock_file(port).write_text(f"{os.getpid()}\n")
        with pytest.raises(SecondAgent, match="machine did not let go"):
            claim_adb_server(port, 0.5)
