"""The storm: submit the work, strike as it goes on, heal, wait, and hand everything to the judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import requests

from chaos.blow import Blow
from chaos.fleet import Shape, StormFleet
from chaos.judge import Rows, Verdict, judge
from chaos.keeper import Keeper
from chaos.look import states
from chaos.material import check_world, read_material
from chaos.plan import plan_work
from chaos.rows import keep_rows, read_rows
from chaos.schedule import Strike, plan_strikes
from chaos.strikes import Striker
from models.tasks.states import ENDED
from workers.control.approvals import approve, awaiting
from workers.planting.submit import submit

AT_ONCE = 8  # strikes in flight
PATIENCE = 4.0  # a strike whose share of the work has not ended comes so long after the one before
SETTLE_SECONDS = 60.0  # what has not ended so long after the last fault healed is stuck
ROUGH_SETTLE_SECONDS = 300.0  # on rough phones, where the same work takes two to five times as long
LOOK_SECONDS = 0.5
TELL_SECONDS = 5.0
QUIET = frozenset({"waiting", "delegated", "needs_review", *map(str, ENDED)})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The settings of a storm."""

    tasks: int
    phones: int
    faults: int
    seed: int
    rough: bool = False  # on phones as rough as real ones


@dataclass(slots=True)
class Storm:
    """The events of a storm, for the report. `stubborn` names processes that did not end when asked to."""

    wanted: Wanted
    rows: Rows
    verdict: Verdict
    blows: list[Blow]
    seconds: float
    settled_after: float
    restarts: int
    stubborn: list[str] = field(default_factory=list)


def run_storm(wanted: Wanted, folder: Path, tell: Callable[[str], None] = print) -> Storm:
    """Run a whole storm in `folder`. Raises what keeps the fleet from starting."""
    material = read_material(wanted.seed, wanted.phones, rough=wanted.rough)
    work = plan_work(wanted.tasks, material, wanted.seed)
    strikes = plan_strikes(wanted.faults, wanted.seed)
    with StormFleet(folder, Shape(wanted.phones, rough=wanted.rough), wanted.seed) as fleet:
        check_world(material, fleet.get("/world")["authors"])
        began = time.monotonic()
        for number, canvas in enumerate(work):
            submit(canvas.signature, name=canvas.name, asked_by="chaos", seed=wanted.seed + number, engine=fleet.engine)
        for one in awaiting(fleet.engine, most=wanted.tasks):
            approve(fleet.engine, one.task_id, who="chaos", why="the storm's own", ring_now=False)
        run = Blowing(fleet, wanted, tell, lambda: states(fleet.engine))
        blows = run.strike_all(strikes, Striker(fleet, run.over).strike)
        settled_after = run.settle(ROUGH_SETTLE_SECONDS if wanted.rough else SETTLE_SECONDS)
        seconds = time.monotonic() - began
        rows = read_rows(fleet.engine, fleet.truth)
        keep_rows(rows, folder / "rows.json")
        restarts = fleet.keeper.restarts
        stubborn = fleet.stop_product()
    return Storm(wanted, rows, judge(rows, wanted.tasks), blows, seconds, settled_after, restarts, stubborn)


class KeptFleet(Protocol):
    """A fleet of phones whose parts are kept alive."""

    keeper: Keeper

    def post(self, path: str, **body: Any) -> None:
        """Ask something of phonesim's control port."""


class Blowing:
    """One storm while it blows."""

    def __init__(
        self,
        fleet: KeptFleet,
        wanted: Wanted,
        tell: Callable[[str], None],
        look: Callable[[], Mapping[str, int] | None],
    ) -> None:
        """`look` counts the tasks by state; None while nobody can tell."""
        self._fleet = fleet
        self._wanted = wanted
        self._tell = tell
        self._look = look
        self.over = Event()
        self._began = self._told = time.monotonic()
        self._states: Mapping[str, int] = {}
        self._struck = 0

    def strike_all(self, strikes: Sequence[Strike], strike_once: Callable[[Strike], Blow]) -> list[Blow]:
        """Carry out every strike, each when its share of the work has ended or PATIENCE is used up."""
        flying: list[Future[Blow]] = []
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="strike") as pool:
            last = time.monotonic()
            for strike in strikes:
                while not self._due(strike, last, flying):
                    self._pass()
                last = time.monotonic()
                flying.append(pool.submit(strike_once, strike))
                self._struck += 1
            while not all(one.done() for one in flying):
                self._pass()
        return [one.result() for one in flying]

    def settle(self, seconds: float = SETTLE_SECONDS, hopeless: Callable[[], bool] = bool) -> float:
        """Heal everything, wait until all has ended or `hopeless` says that nothing will move any more.

        The seconds that took, at most `seconds`.
        """
        self.over.set()
        with suppress(requests.RequestException):
            self._fleet.post("/heal", phone="*")
        healed = time.monotonic()
        self._tell("all faults are healed")
        while time.monotonic() - healed < seconds:
            self._pass()
            if self._fleet.keeper.all_alive() and (self._quiet() or hopeless()):
                break
        return time.monotonic() - healed

    def _due(self, strike: Strike, last: float, flying: Sequence[Future[Blow]]) -> bool:
        if sum(not one.done() for one in flying) >= AT_ONCE:
            return False
        return self._share() >= strike.at_share or time.monotonic() - last >= PATIENCE

    def _share(self) -> float:
        return sum(count for state, count in self._states.items() if state in ENDED) / self._wanted.tasks

    def _quiet(self) -> bool:
        """Nothing moves any more: all ended, or waits for a person."""
        counts = self._states
        moving = sum(count for state, count in counts.items() if state not in QUIET)
        if moving or not counts:
            return False
        return bool(counts.get("needs_review")) or not any(state not in ENDED for state in counts)

    def _pass(self) -> None:
        """Let half a second pass; look, and tell now and then."""
        Event().wait(LOOK_SECONDS)
        self._states = self._look() or self._states
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            counts = ", ".join(f"{count} {state}" for state, count in sorted(self._states.items()))
            self._tell(f"{now - self._began:5.0f} s  {self._struck}/{self._wanted.faults} faults  {counts}")
