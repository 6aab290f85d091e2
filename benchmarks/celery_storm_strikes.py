"""The storm's strikes on a fleet of stock Celery workers: the same, on what is there to be struck."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Sequence
from threading import Event

from benchmarks.stock_fleet import StockFleet
from chaos.blow import Blow, Death
from chaos.fleet import HOSTS
from chaos.processes import signal_all
from chaos.schedule import Strike
from chaos.strikes import PhoneStriker

# Stock Celery has no coordinator and no ledger, and nothing between a frozen agent and its workers.
LEFT_OUT = frozenset(
    {"freeze_agent", "kill_coordinator", "freeze_coordinator", "mariadb_killed", "mariadb_cut", "disk_full"}
)


def possible(strikes: Sequence[Strike], spare: Collection[str] = frozenset()) -> list[Strike]:
    """Those that have something to hit here, without the kinds to `spare`."""
    return [strike for strike in strikes if strike.kind not in LEFT_OUT and strike.kind not in spare]


class StockStriker(PhoneStriker):
    """A zygote's or host agent's death takes all workers of its host along: so do half of the workers die here."""

    def __init__(self, fleet: StockFleet, ended: Event) -> None:
        super().__init__(fleet, ended)
        self._fleet = fleet
        self._by |= {"host": self._host}

    def _host(self, blow: Blow) -> None:
        names = [f"shelf{number + 1}" for number in range(HOSTS)]
        with self._victims.one_of(names, blow.strike.pick) as name:
            mine = self._fleet.serials[names.index(name) :: HOSTS]
            runs = [one for one in self._fleet.running() if one.serial in mine]
            blow.target, blow.aimed, blow.at = name, bool(runs), time.time()
            for serial in mine:
                self._fleet.workers[serial].pause = blow.strike.seconds
                signal_all(self._fleet.any_worker(serial), signal.SIGKILL)
            blow.deaths += [
                Death(blow.at, one.task_id, one.attempt, one.pinned, blow.strike.kind, no_return=False) for one in runs
            ]
