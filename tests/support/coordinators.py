"""Coordinators of one ledger as processes, and the clock by which one of their janitors plants."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from tests.support.poll import wait_until
from workers.policy.schedule import Schedule
from workers.runtime.linux import bound_to_me

MODULE = "tests.support.clocked_coordinator"
JUMPS = tuple(timedelta(minutes=minutes) for minutes in (180, -60, 10, -25, 120, 10, 10))


class Came(Protocol):
    """A due time that was planted."""

    @property
    def due(self) -> datetime: ...

    @property
    def missed(self) -> int: ...


@dataclass(slots=True)
class Coordinators:
    """The coordinators that a test started. `planted` reads what was planted, oldest first."""

    janitor: str
    folder: Path
    environment: dict[str, str]
    planted: Callable[[], Sequence[Came]]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        command = bound_to_me([sys.executable, "-m", MODULE, self.janitor, str(self.folder)])
        with (self.folder / "log").open("ab") as log:
            self.running.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))
        return self.running[-1]

    def set_clock(self, at: datetime) -> None:
        """Sets the coordinators' clock, in one step: none reads half a moment."""
        (self.folder / "new").write_text(at.isoformat())
        (self.folder / "new").replace(self.folder / "now")

    def wait_for(self, number: int) -> Sequence[Came]:
        """Waits until so many due times are planted."""
        wait_until(lambda: len(self.planted()) >= number, 60, f"{number} due times")
        return self.planted()

    def kill_while_planting(self, victim: subprocess.Popen[bytes], at: datetime) -> None:
        """Kills a coordinator inside the transaction that plants what is due at a moment: nothing of it stays."""
        before = len(self.planted())
        (self.folder / "hold").touch()
        self.set_clock(at)
        wait_until((self.folder / "held").exists, 60, "the coordinator to stand inside its transaction")
        victim.kill()
        victim.wait(30)
        assert len(self.planted()) == before
        (self.folder / "hold").unlink()

    def jump(self, schedule: Schedule, now: datetime) -> datetime:
        """Lets the clock jump ahead and back, and waits for what is due each time. Returns the last moment."""
        for jump in JUMPS:
            now += jump
            self.set_clock(now)
            came = schedule.last(now - schedule.jitter)
            wait_until(lambda came=came: came in [one.due for one in self.planted()], 60, f"what is due at {came}")  # type: ignore[misc]
        return now

    def close(self) -> None:
        for one in self.running:
            one.kill()
            one.wait(30)


@contextmanager
def coordinators_of(
    janitor: str, engine: Engine, redis_url: str, folder: Path, planted: Callable[[], Sequence[Came]]
) -> Iterator[Coordinators]:
    """Gives the coordinators of a ledger, none of which runs yet; they end with the test."""
    url = engine.url.render_as_string(hide_password=False)
    environment = os.environ | {
        "PHONEFLEET_DATABASE_URL": url, "PHONEFLEET_REDIS_URL": redis_url, "PHONEFLEET_VAR": str(folder),
    }  # fmt: skip
    made = Coordinators(janitor, folder, environment, planted)
    try:
        yield made
    finally:
        made.close()


def missing(schedule: Schedule, since: datetime, now: datetime, planted: Sequence[Came]) -> list[datetime]:
    """Returns the due times since a moment for which nothing was planted, itself or later, of a schedule of minutes."""
    assert schedule.every is not None
    step = timedelta(minutes=schedule.every)
    stood_for = {one.due - step * back for one in planted for back in range(one.missed + 1)}
    at, found = schedule.next(since), []
    while at <= now - schedule.jitter:
        found += [at] if at not in stood_for else []
        at = schedule.next(at)
    return found
