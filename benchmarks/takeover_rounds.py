"""Rounds of trials on a real fleet: let tasks run, strike, watch who takes over, mend, wait until all is whole."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from threading import Event
from typing import Any, Protocol, cast

from celery import group
from celery.canvas import Signature
from redis import Redis
from sqlalchemy import func, select, update

from benchmarks.takeover_kinds import KINDS, Struck
from benchmarks.trial import QUIET_SECONDS, Calls, Trial, last_touch, quiet, takeover
from chaos.blow import Death
from chaos.fleet import HOSTS, StormFleet
from chaos.look import Running, running
from chaos.rows import attempts_of
from chaos.tell import pid_of
from models.tables import Phone, Task
from models.tasks.states import ENDED
from models.transactions.read_write import read, write
from models.values.enums import PhoneState
from models.values.refused import Refused
from tests.support.poll import wait_until
from workers.app import app
from workers.control.stop import stop_campaign, stop_task
from workers.planting.handle import Handle
from workers.planting.submit import submit

MOST_SECONDS = 60.0  # what nobody took over by then counts as this long
WHOLE_SECONDS = 180.0  # a worker that falls again and again rests for up to 60 s before the next
BEGIN_SECONDS = 60.0
STOP_SECONDS = 60.0
LEAST_COMMENTS = 300  # of a video: at the pace of a real phone, a minute of reading
LOOK_SECONDS = 0.1
SPREAD_SECONDS = (0.3, 3.0)  # strikes come at any moment of a flow and of the fleet's own rounds


def reading(authors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Long reads, one a video, from what `GET /world` shows."""
    return [
        {"author_id": author["id"], "title": video["title"], "most": 1000}
        for author in authors
        for video in author["videos"]
        if video["comments"] >= LEAST_COMMENTS
    ]


class Shelf(Protocol):
    """What a fleet of simulated phones answers."""

    def get(self, path: str) -> Any:
        """The control port's answer."""


def calls_since(shelf: Shelf, moment: float) -> Calls:
    """The calls that had not ended before. While the simulator tells all that it remembers, it answers no phone."""
    return cast("Calls", shelf.get(f"/calls?since={moment}"))


class Rounds:
    """Runs rounds on a fleet whose phones are at least twice as many as a round's tasks."""

    def __init__(self, fleet: StormFleet, seed: int) -> None:
        self._fleet = fleet
        self._rng = random.Random(f"{seed}/takeover")
        self._work = cycle(reading(fleet.get("/world")["authors"]))
        self._redis = Redis.from_url(fleet.redis.url, socket_timeout=10)
        self.at_once = fleet.shape.phones // 2  # so that as many phones are free, and each host has one for the other's

    def deaths(self, kind: str, most: int) -> list[Trial]:
        """Strike attempts that run, `most` or as many as die with a host; what became of each."""
        handle, runs = self._begin(self.at_once)
        struck = Struck()
        try:
            struck = KINDS[kind].strike(self._fleet, runs if KINDS[kind].whole_host else runs[:most])
            trials = self._watch(struck.deaths)
        finally:
            for mend in struck.mend:
                mend()
            self._end(handle)
        return [trial for trial in trials if trial is not None]

    def stops(self, most: int) -> list[float]:
        """Stop attempts that run; seconds from each request to the last touch of its phone."""
        handle, runs = self._begin(min(most, self._fleet.shape.phones))
        asked: dict[str, float] = {}
        for run in runs:
            asked[run.serial or ""] = time.time()
            stop_task(self._fleet.engine, run.task_id, who="benchmark")
        self._end(handle)
        wait_until(lambda: self._quiet(asked), STOP_SECONDS, "the stopped phones to be left alone")
        calls = calls_since(self._fleet, min(asked.values()))
        return [last_touch(at, calls[serial]) for serial, at in asked.items()]

    def whole(self) -> None:
        """Wait until every part of the fleet lives, serves and is idle. Raises TimeoutError."""
        wait_until(self._is_whole, WHOLE_SECONDS, "the fleet to be whole again", every=LOOK_SECONDS)

    # a round

    def _begin(self, count: int) -> tuple[Handle, list[Running]]:
        """So many tasks, each of which was seen to call its phone."""
        self.whole()
        work: list[Signature] = [app.signature("collect_comments", kwargs=next(self._work)) for _ in range(count)]
        handle = submit(group(work), name="takeover", asked_by="benchmark", engine=self._fleet.engine)
        wait_until(lambda: self._at_work(count), BEGIN_SECONDS, f"{count} tasks to run", every=LOOK_SECONDS)
        Event().wait(self._rng.uniform(*SPREAD_SECONDS))
        return handle, running(self._fleet.engine)

    def _at_work(self, count: int) -> bool:
        runs = running(self._fleet.engine)
        if len(runs) < count:
            return False
        began = {one.phone_serial: one.started_at.timestamp() for one in self._attempts([run.task_id for run in runs])}
        called = {phone["serial"]: phone["last_call_at"] or 0.0 for phone in self._fleet.get("/phones")}
        return all(called[run.serial or ""] > began[run.serial] for run in runs)

    def _watch(self, deaths: Sequence[Death]) -> list[Trial | None]:
        """Returns the trial of each death, once another phone was called for all, or MOST_SECONDS went by."""
        until, struck_at = time.monotonic() + MOST_SECONDS, min((death.at for death in deaths), default=0.0)
        while True:
            late = time.monotonic() >= until
            attempts = self._attempts([death.task_id for death in deaths])
            calls = calls_since(self._fleet, struck_at)
            trials = [
                takeover(death, [one for one in attempts if one.task_id == death.task_id], calls) for death in deaths
            ]
            if late or all(trial is None or trial.touched is not None for trial in trials):
                return trials
            Event().wait(LOOK_SECONDS)

    def _attempts(self, task_ids: Sequence[str]) -> list[Any]:
        return attempts_of(self._fleet.engine, task_ids)

    def _end(self, handle: Handle) -> None:
        """Stop what is left of a round and wait until it has ended."""
        try:
            stop_campaign(self._fleet.engine, handle.id, who="benchmark")
        except Refused:
            return  # it has ended by itself
        wait_until(lambda: not self._open(), STOP_SECONDS, "the round's tasks to end", every=LOOK_SECONDS)
        self._forgive()

    def _forgive(self) -> None:
        """Let every phone into the pool again: all that it ran was struck or stopped, which is no fault of its own."""
        free = update(Phone).values(quarantined_until=None, quarantine_why=None, quarantines=0)
        write(self._fleet.engine, lambda session: session.execute(free))

    # the state of the fleet

    def _open(self) -> int:
        counted = select(func.count()).select_from(Task).where(Task.state.not_in(list(ENDED)))
        return read(self._fleet.engine, lambda session: session.scalar(counted)) or 0

    def _quiet(self, serials: Iterable[str]) -> bool:
        return quiet(calls_since(self._fleet, time.time() - 2 * QUIET_SECONDS), serials, time.time())

    def _is_whole(self) -> bool:
        if not self._fleet.keeper.all_alive() or self._open():
            return False
        wanted = self._fleet.shape.phones + HOSTS  # a desk each
        consuming = sum(client["cmd"] == "brpop" for client in cast("list[Any]", self._redis.client_list()))
        return consuming == wanted and self._served() == self._fleet.shape.phones

    def _served(self) -> int:
        """Phones that are online with a known account and a worker that lives."""
        rows = read(
            self._fleet.engine,
            lambda session: session.execute(
                select(Phone.incarnation).where(Phone.state == PhoneState.ONLINE, Phone.account_id.is_not(None))
            ).all(),
        )
        return sum(_alive(pid_of(self._fleet.pids, incarnation or "-")) for (incarnation,) in rows)


def _alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
