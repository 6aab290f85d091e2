"""Processes followed by descriptors: all, some or none of them end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from workers.host.pidfds import Processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def two() -> Iterator[list[subprocess.Popen[bytes]]]:
    sleepers = [subprocess.Popen(SLEEP) for _ in range(2)]
    yield sleepers
    for sleeper in sleepers:
        sleeper.kill()
        sleeper.wait(10)


def test_waiting_ends_when_the_last_of_them_ended(two: list[subprocess.Popen[bytes]]) -> None:
    followed = Processes()
    for sleeper in two:
        followed.add(sleeper.pid)
    two[0].kill()
    assert not followed.wait_ended(0.2)
    two[1].kill()
    assert followed.wait_ended(10)  # not reaped yet: whoever ended holds no socket any more
    followed.clear()


def test_who_is_followed_no_longer_is_not_waited_for(two: list[subprocess.Popen[bytes]]) -> None:
    followed = Processes()
    for sleeper in two:
        followed.add(sleeper.pid)
    followed.discard(two[0].pid)
    two[1].kill()
    assert followed.wait_ended(10)
    followed.clear()
    assert followed.wait_ended(0.0)


def test_a_process_that_has_ended_and_was_reaped_is_none_of_them(two: list[subprocess.Popen[bytes]]) -> None:
    two[0].kill()
    two[0].wait(10)
    followed = Processes()
    followed.add(two[0].pid)
    assert followed.wait_ended(0.0)
