"""Ships evidence from the spool to the storage, and notes it in the ledger; tries a failing bundle for a day."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workers.evidence.bundle import FACTS, FILES, Bundle, newest_strip, summary
from workers.evidence.mark_stored import Noted
from workers.evidence.scrub import scrubbed
from workers.evidence.spool import Spool, Spooled
from workers.evidence.storage import Storage

log = logging.getLogger("phonefleet.evidence")

GIVE_UP_SECONDS = 86_400.0
FAILURES_A_ROUND = 2  # after so many, the storage is probably down

Note = Callable[[str, int, dict[str, Any]], Noted]


@dataclass(slots=True)
class _BundleTries:
    """The tries at shipping one bundle."""

    tries: int = 0
    stored: bool = False
    told: bool = False  # the ledger has the note that it is late


class Shipper:
    """Ships in rounds, in one process of a machine. `days` is the retention; `clock` returns Unix time."""

    def __init__(
        self, spool: Spool, storage: Storage, note: Note, days: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._spool = spool
        self._storage = storage
        self._note = note
        self._days = days
        self._clock = clock
        self._tries: dict[Bundle, _BundleTries] = {}

    def round(self) -> bool:
        """Ships the waiting bundles, those with the fewest failures first. Returns False when one failed: wait then."""
        self._spool.sweep(self._clock())
        waiting = self._spool.bundles()
        self._tries = {one.bundle: self._tries.get(one.bundle, _BundleTries()) for one in waiting}
        failures = 0
        for one in sorted(waiting, key=lambda one: self._tries[one.bundle].tries):
            try:
                self._ship(one)
            except Exception as error:  # noqa: BLE001  # storage, ledger and disk have no common error
                self._failed(one, error)
                failures += 1
            if failures == FAILURES_A_ROUND:
                break
        return not failures

    def _ship(self, one: Spooled) -> None:
        bundle, story = one.bundle, self._tries[one.bundle]
        if not story.stored:
            files = self._spool.read(bundle)
            for name in FILES:
                if name in files:
                    self._storage.put(self._storage.place.path(bundle, name), files[name])
            self._point_to(bundle)
            story.stored = True
        noted = self._tell(bundle, stored=True)
        if noted is not Noted.NOT_YET or self._late(one):
            self._spool.drop(bundle)

    def _failed(self, one: Spooled, error: Exception) -> None:
        bundle, story = one.bundle, self._tries[one.bundle]
        story.tries += 1
        why = str(scrubbed(f"{error}"))[:500]
        late = self._late(one)
        log.warning("evidence of task %s, attempt %d, try %d: %s", bundle.task_id, bundle.attempt, story.tries, why)
        try:
            if not story.stored and (late or not story.told):
                until = datetime.fromtimestamp(one.written + GIVE_UP_SECONDS, UTC).isoformat(timespec="minutes")
                why = f"given up: {why}" if late else f"{why}; tried again until {until}"
                story.told = self._tell(bundle, stored=False, why=why) is not Noted.NOT_YET
            if late:
                self._spool.drop(bundle)
        except Exception:
            log.exception("evidence of task %s, attempt %d: cannot say that it is late", bundle.task_id, bundle.attempt)

    def _tell(self, bundle: Bundle, *, stored: bool, why: str = "") -> Noted:
        facts = self._facts(bundle)
        if facts.get("succeeded") is True:  # its attempt's row tells of no failure
            return Noted.DONE
        told = summary(facts, self._storage.place.url(bundle), self._days, stored=stored, why=why)
        return self._note(bundle.task_id, bundle.attempt, told)

    def _point_to(self, bundle: Bundle) -> None:
        """Has the newest strip of a success found by its flow. Raises StorageError."""
        facts = self._facts(bundle)
        if facts.get("succeeded") is True:
            path = newest_strip(f"{facts.get('flow')}", sandbox=facts.get("sandbox") is True)
            named = json.dumps({"task_id": bundle.task_id, "attempt": bundle.attempt})
            self._storage.put(f"{self._storage.place.root}/{path}", named.encode())

    def _facts(self, bundle: Bundle) -> dict[str, Any]:
        """Returns a bundle's facts; none from a file that a power cut left empty."""
        try:
            facts = json.loads(self._spool.read(bundle).get(FACTS, b"{}"))
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def _late(self, one: Spooled) -> bool:
        return self._clock() - one.written > GIVE_UP_SECONDS
