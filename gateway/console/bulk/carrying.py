"""Carries out acts on many: a thread of each console takes row after row."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Engine

from gateway.console.bulk.acts import ACTS, Asked
from gateway.console.bulk.ledger import Taken, forget_old, note, take
from models.history.audit_log import for_reason
from models.values.enums import BulkRowState
from models.values.refused import Refused
from workers.runtime.outage import OUTAGE

log = logging.getLogger("phonefleet.console")

LOOK_SECONDS = 2.0
END_SECONDS = 10.0
FORGET_ROUNDS = 1800  # looks between two looks for old ones


class BulkWorker(threading.Thread):
    """Works until `end`; `wake` has it look at once."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="bulk", daemon=True)
        self._engine = engine
        self._news = threading.Event()
        self._over = threading.Event()

    def run(self) -> None:
        """Looks every two seconds, and does what there is."""
        rounds = 0
        while not self._over.is_set():
            try:
                if rounds % FORGET_ROUNDS == 0:
                    forget_old(self._engine)
                while not self._over.is_set() and do_next(self._engine):
                    pass
            except Exception as error:
                if OUTAGE.saw(error):
                    log.warning("the ledger is away: %s", getattr(error, "orig", error))
                else:
                    log.exception("an act on many stood still")
            rounds += 1
            self._news.wait(LOOK_SECONDS)
            self._news.clear()

    def wake(self) -> None:
        """Has it look at once."""
        self._news.set()

    def end(self) -> None:
        """Ends after the row at hand; the others are taken by another console, or by this one when it starts again."""
        self._over.set()
        self._news.set()
        if self.is_alive():
            self.join(END_SECONDS)


def do_next(engine: Engine) -> bool:
    """Does the next row of an act on many. Returns whether there was one."""
    taken = take(engine)
    if taken is None:
        return False
    state, result = _carried(engine, taken)
    note(engine, taken, state, result)
    return True


def _carried(engine: Engine, taken: Taken) -> tuple[BulkRowState, str]:
    act = ACTS[taken.act.kind][taken.act.act or ""]
    try:
        with for_reason(taken.act.reason or ""):
            made = act.carry(Asked(engine, taken.act, taken.row))
        return BulkRowState.DONE, made if isinstance(made, str) else ""
    except Refused as refused:
        return BulkRowState.REFUSED, "; ".join(one.reason for one in refused.problems)
    except Exception:
        log.exception("%s of %s ended badly", taken.act.act, taken.row.subject)
        return BulkRowState.UNKNOWN, ""
