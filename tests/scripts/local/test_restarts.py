"""Parts that end are started again, later each time; one that never ran ends `up`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from models.tables import Alert
from models.transactions.read_write import read
from scripts.local.embedded import EmbeddedRedis, running_url
from scripts.local.part_alerts import PartAlerts
from scripts.local.processes import Part, PartDied, Processes, python
from scripts.local.restarts import MOST_TRIES, REFUSED, RESTARTS, STEADY_SECONDS, Restarts
from scripts.local.supervisor import Change, PartNews, Supervisor
from tests.support.poll import wait_until

FOR_EVER = python("-c", "import signal; print('here', flush=True); signal.pause()")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path, {}) as running:
        yield running


def looked_until(supervisor: Supervisor, change: Change) -> list[PartNews]:
    """The news up to the first of that kind."""
    seen: list[PartNews] = []

    def found() -> bool:
        seen.extend(supervisor.look())
        return any(one.change is change for one in seen)

    wait_until(found, 30, f"a part that {change}")
    return seen


def test_each_further_end_is_waited_for_longer() -> None:
    life = Restarts(0.0)
    waits = []
    for _ in range(9):
        life.ended(-signal.SIGKILL, 10.0)
        assert life.due is not None
        waits.append(life.due - 10.0)
        life.started(10.0)
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits[-1] == RESTARTS.most


def test_a_minute_without_an_end_begins_anew() -> None:
    life = Restarts(0.0)
    for _ in range(6):
        life.ended(1, 1.0)
        life.started(1.0)
    assert not life.look(STEADY_SECONDS)
    assert life.look(1.0 + STEADY_SECONDS)
    assert not life.look(2.0 + STEADY_SECONDS)  # told once
    life.ended(1, 100.0)
    assert life.due == 100.0 + RESTARTS.first
    assert life.ends == 1


@pytest.mark.parametrize("status", [0, 1, 3, 127])
def test_a_part_that_never_ran_is_given_up(status: int) -> None:
    life, given_up = Restarts(0.0), []
    for _ in range(MOST_TRIES):
        life.ended(status, 0.0)
        given_up.append(life.cannot_start(status))
        life.started(0.0)
    assert given_up == [False] * (MOST_TRIES - 1) + [True]


def test_refused_settings_are_told_at_once() -> None:
    life = Restarts(0.0)
    life.ended(REFUSED, 0.0)
    assert life.cannot_start(REFUSED)


@pytest.mark.parametrize("status", [REFUSED, 0, 1])
def test_a_part_that_ran_before_is_tried_for_ever(status: int) -> None:
    life = Restarts(0.0)
    for _ in range(50):
        life.ended(status, STEADY_SECONDS)
        assert not life.cannot_start(status)
        life.started(STEADY_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_signal_says_nothing_of_a_part(number: int) -> None:
    life = Restarts(0.0)
    for _ in range(50):
        life.ended(-number, 0.0)
        assert not life.cannot_start(-number)
        life.started(0.0)


def test_a_killed_part_runs_again_and_keeps_its_log(processes: Processes) -> None:
    part, clock = Part("worker", FOR_EVER), Clock()
    first = processes.start(part)
    other = processes.start(Part("other", FOR_EVER))
    supervisor = Supervisor(processes, None, clock)
    assert supervisor.look() == []
    wait_until(lambda: "here" in processes.log(part).read_text(), 10, "the part to run")
    os.kill(first.pid, signal.SIGKILL)
    assert looked_until(supervisor, Change.ENDED) == [PartNews("worker", Change.ENDED, "by SIGKILL")]
    assert supervisor.look() == []  # it is not due yet
    clock.now += RESTARTS.first
    assert supervisor.look() == [PartNews("worker", Change.STARTED)]
    wait_until(lambda: processes.log(part).read_text() == "here\nhere\n", 10, "it to run again, under the same log")
    assert other.poll() is None
    clock.now += STEADY_SECONDS
    assert supervisor.look() == [PartNews("worker", Change.STEADY)]


def test_what_cannot_start_is_said_with_its_last_words(processes: Processes) -> None:
    for name, status, words in (
        ("tries", 3, "ended 5 times, the last time with status 3"),
        ("asks", 2, "ended with status 2"),
    ):
        clock = Clock()
        processes.start(Part(name, python("-c", f"print('no luck'); raise SystemExit({status})")))
        supervisor = Supervisor(processes, None, clock)

        def look(supervisor: Supervisor = supervisor, clock: Clock = clock) -> bool:
            clock.now += RESTARTS.first
            supervisor.look()
            return False

        with pytest.raises(PartDied, match=rf"(?s){name} cannot be started: it {words}:\n.*no luck"):
            wait_until(look, 30, "it to be given up")


def test_a_killed_redis_runs_again_at_its_address(processes: Processes, tmp_path: Path) -> None:
    clock = Clock()
    with EmbeddedRedis(tmp_path) as server:
        supervisor = Supervisor(processes, server, clock)
        assert supervisor.look() == []
        url, pid = server.url, server.pid
        os.kill(pid, signal.SIGKILL)
        assert looked_until(supervisor, Change.ENDED) == [PartNews("redis", Change.ENDED, "by SIGKILL")]
        clock.now += RESTARTS.first
        assert supervisor.look() == [PartNews("redis", Change.STARTED)]
        assert running_url(tmp_path) == url
        assert server.pid != pid


def test_one_alert_for_each_part_until_it_is_steady(ledger: Engine, tmp_path: Path) -> None:
    alerts = PartAlerts(ledger, "shelf", tmp_path)

    def told() -> list[tuple[str, bool]]:
        rows = read(ledger, lambda session: session.scalars(select(Alert).order_by(Alert.id)).all())
        return [(one.subject, one.over_at is not None) for one in rows if one.kind == "part_ended"]

    for _ in range(3):
        alerts.tell([PartNews("host", Change.ENDED, "by SIGKILL"), PartNews("host", Change.STARTED)])
    alerts.tell([PartNews("gateway", Change.ENDED, "with status 1")])
    assert told() == [("part:host@shelf", False), ("part:gateway@shelf", False)]
    alerts.tell([PartNews("host", Change.STEADY)])
    assert told() == [("part:host@shelf", True), ("part:gateway@shelf", False)]
    alerts.tell([PartNews("host", Change.ENDED, "by SIGKILL")])
    assert told()[-1] == ("part:host@shelf", False)
