"""A worker at the desk goes on with its next tickets: it takes them itself, and claims them with the record before.

Decision: docs/decisions/onward.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from math import inf

from celery.worker import state

from workers.attempts.claim import Claim, NotMine
from workers.attempts.claim_beside import claim_beside
from workers.attempts.record import ClaimNext
from workers.dispatch.next_ticket import TakenTicket
from workers.execution.worker import Worker
from workers.runtime.slots import Stop

# So long, and through so many tickets, a worker goes on before it answers for the one that Celery gave it.
SECONDS = 0.5
MOST = 400
# Tickets that are claimed at once: of tasks that take so long together, as the last ones of their names took.
AT_ONCE = 20
AT_ONCE_SECONDS = 0.02
FORGETS = 0.8  # of the longest time that a name took, what each next task of that name leaves

Taken = Sequence[tuple[TakenTicket, Claim | NotMine]]


class Pace:
    """How long tasks of each name took lately, in this process: the longest, which fades."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._last = ""

    def note(self, name: str, seconds: float) -> None:
        """Notes that a task of this name took so long."""
        self._last = name
        self._seconds[name] = max(seconds, FORGETS * self._seconds.get(name, 0.0))

    def expected(self, name: str) -> float:
        """Returns the seconds to expect of the next one; infinite before the first."""
        return self._seconds.get(name, inf)

    def room(self) -> int:
        """Returns how many tasks like the last one may be claimed at once, one at least."""
        fit = AT_ONCE_SECONDS / max(self.expected(self._last), AT_ONCE_SECONDS / AT_ONCE)
        return max(1, int(fit))


PACE = Pace()


class Onward:
    """The tickets that a worker takes itself after one that Celery gave it. On a phone it takes none."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._until = time.monotonic() + SECONDS
        self._left = MOST
        self._taken: list[TakenTicket] = []
        self._next: Taken = ()

    def take(self) -> ClaimNext | None:
        """Takes the next tickets; returns what claims them in the transaction of a record. `settle` must follow.

        Until then a second call returns the same tickets: the transaction before claimed none.
        """
        if not self._taken:
            self._fill()
        if not self._taken:
            return None
        config = self._worker.settings
        claim = partial(claim_beside, worker=self._worker.identity, tickets=tuple(self._taken))
        return partial(claim, lease=config.lease, zone=config.timezone.key)

    def _fill(self) -> None:
        """Takes as many as are to be claimed at once; the first one, however long it may take."""
        if self._worker.tickets is None or not self._may():
            return
        left = AT_ONCE_SECONDS
        found = self._worker.tickets.take(min(self._left, PACE.room()))
        for at, ticket in enumerate(found):
            seconds = PACE.expected(ticket.name)
            # Celery's consumer drops what was revoked, and a second ticket of a task comes after the first
            strange = ticket.task_id in state.revoked or any(one.task_id == ticket.task_id for one in self._taken)
            if strange or (self._taken and seconds > left):  # what takes longer would keep the others' results back
                self._left = 0 if strange else self._left
                self._worker.tickets.give_back(found[at:])
                break
            self._taken.append(ticket)
            left -= seconds
        self._left -= len(self._taken)

    def settle(self, got: Mapping[str, Claim | NotMine]) -> None:
        """Keeps what became of the tickets for `next`. Those of which nothing became go back."""
        taken, self._taken = self._taken, []
        self._next = [(ticket, got[ticket.task_id]) for ticket in taken if ticket.task_id in got]
        if len(self._next) < len(taken) and self._worker.tickets is not None:
            self._left = 0
            self._worker.tickets.give_back([ticket for ticket in taken if ticket.task_id not in got])

    def next(self) -> Taken:
        """Returns the tickets that the last record settled, once, and what became of them."""
        following, self._next = self._next, ()
        return following

    def _may(self) -> bool:
        ends = any(asked is not None and asked is not False for asked in (state.should_stop, state.should_terminate))
        drains = self._worker.identity.slot.stop & Stop.DRAIN
        return self._left > 0 and time.monotonic() < self._until and not ends and not drains
