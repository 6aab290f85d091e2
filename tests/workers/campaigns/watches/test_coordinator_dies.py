"""A schedule across a coordinator's death in the middle of planting, and a clock that jumps: real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.tables import Task, WatchLook
from tests.support.ledger.drive import rows_in
from tests.support.poll import wait_until
from tests.support.watches import ZONE, add, looks, post, watch_row
from workers.campaigns.due import schedule_of
from workers.runtime.linux import bound_to_me

STEP = timedelta(minutes=10)
MODULE = "tests.workers.campaigns.watches.coordinator"


class Coordinators:
    """Coordinators of one ledger, and the clock by which they plant looks."""

    def __init__(self, engine: Engine, redis_url: str, folder: Path) -> None:
        self.folder, self._engine = folder, engine
        url = engine.url.render_as_string(hide_password=False)
        self._environment = os.environ | {
            "PHONEFLEET_DATABASE_URL": url, "PHONEFLEET_REDIS_URL": redis_url, "PHONEFLEET_VAR": str(folder),
        }  # fmt: skip
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        command = bound_to_me([sys.executable, "-m", MODULE, str(self.folder)])
        with (self.folder / "log").open("ab") as log:
            self.running.append(subprocess.Popen(command, env=self._environment, stdout=log, stderr=log))
        return self.running[-1]

    def set_clock(self, at: datetime) -> None:
        """Sets the coordinators' clock, in one step: none reads half a moment."""
        (self.folder / "new").write_text(at.isoformat())
        (self.folder / "new").replace(self.folder / "now")

    def wait_for(self, number: int) -> list[WatchLook]:
        """Waits until there are so many looks."""
        wait_until(lambda: rows_in(self._engine, WatchLook) >= number, 60, f"{number} looks")
        return looks(self._engine)

    def close(self) -> None:
        for one in self.running:
            one.kill()
            one.wait(30)


@pytest.fixture
def coordinators(ledger: Engine, redis_url: str, tmp_path: Path) -> Iterator[Coordinators]:
    with ExitStack() as stack:
        made = Coordinators(ledger, redis_url, tmp_path)
        stack.callback(made.close)
        yield made


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_no_due_time_is_missed_and_none_doubled(ledger: Engine, coordinators: Coordinators) -> None:
    watch = add(ledger, post())
    schedule, now = schedule_of(watch, ZONE), watch.created_at
    coordinators.set_clock(now)
    first = coordinators.start()
    coordinators.wait_for(1)
    coordinators.start()
    for number in (2, 3):
        now = watch_row(ledger, watch.id).next_due
        coordinators.set_clock(now)
        coordinators.wait_for(number)

    (coordinators.folder / "hold").touch()
    now = watch_row(ledger, watch.id).next_due
    coordinators.set_clock(now)
    wait_until((coordinators.folder / "held").exists, 60, "the coordinator to stand inside its transaction")
    first.kill()
    first.wait(30)
    assert rows_in(ledger, WatchLook) == 3  # what it had written went with it
    (coordinators.folder / "hold").unlink()
    assert coordinators.wait_for(4)[-1].due == schedule.last(now - schedule.jitter)

    jumps = (timedelta(hours=3), -timedelta(hours=1), STEP, -timedelta(minutes=25), timedelta(hours=2), STEP, STEP)
    for jump in jumps:
        now += jump
        coordinators.set_clock(now)
        came = schedule.last(now - schedule.jitter)
        wait_until(lambda came=came: came in [one.due for one in looks(ledger)], 60, f"the look of {came}")  # type: ignore[misc]

    done = looks(ledger)
    assert max(Counter(one.due for one in done).values()) == 1
    stood_for = {one.due - STEP * back for one in done[1:] for back in range(one.missed + 1)}
    at, missing = schedule.next(watch.created_at), []
    while at <= now - schedule.jitter:
        missing += [at] if at not in stood_for else []
        at = schedule.next(at)
    assert missing == []
    assert [one.outcome for one in done] == ["planted", *["skipped"] * (len(done) - 1)]  # the first look never ended
    assert rows_in(ledger, Task) == 1
    assert [one.poll() is None for one in coordinators.running] == [False, True]
