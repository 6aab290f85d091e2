"""Handle: follow a campaign, wait for it, get its result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.tables import Campaign, Task
from models.tasks.states import State
from models.transactions.read_write import read
from workers.canvas.rows import ResultMissing, evaluate, from_json, refs

if TYPE_CHECKING:
    from models.tasks.progress import Progress, Why

_LOOK_EVERY = 0.2
_REASON_EVERY = 3.0  # seconds between two looks for the reason why nothing moves


class CampaignFailed(Exception):
    """The campaign ended without its result; the message names the first cause."""


class NotEnded(TimeoutError):
    """The campaign has not ended in the time given; it goes on."""


@dataclass(frozen=True, slots=True)
class Handle:
    """Refers to a planted campaign by its id."""

    id: str
    engine: Engine

    def progress(self) -> Progress:
        """Returns the number of tasks by flow and state."""
        from models.tasks.progress import read_progress  # noqa: PLC0415 - who only plants reads none

        return read(self.engine, lambda session: read_progress(session, self.id))

    def follow(self, timeout: float) -> Iterator[Progress]:
        """Yields the progress whenever it changes, until the campaign ended; `why` says why nothing moves.

        Raises NotEnded.
        """
        deadline = time.monotonic() + timeout
        before: Progress | None = None
        look_at = time.monotonic() + _REASON_EVERY
        while True:
            now = self.progress()
            if before is not None and now == replace(before, why=None):
                now = before  # with its reason, which need not be looked for each time
            if time.monotonic() >= look_at:
                now, look_at = replace(now, why=self._why()), time.monotonic() + _REASON_EVERY
            if now != before:
                yield now
            if now.outcome is not None:
                return
            if time.monotonic() > deadline:
                raise NotEnded(f"campaign {self.id} has not ended after {timeout:g} s: {now}")
            before = now
            time.sleep(_LOOK_EVERY)

    def _why(self) -> Why | None:
        # a campaign that moves needs no reason, and most commands follow none
        from workers.lifecycle.standstill import why_nothing_moves  # noqa: PLC0415

        return read(self.engine, lambda session: why_nothing_moves(session, session.get_one(Campaign, self.id)))

    def wait(self, timeout: float) -> str:
        """Waits for the end. Returns the outcome: succeeded, failed or stopped. Raises NotEnded."""
        outcome: str | None = None
        for progress in self.follow(timeout):
            outcome = progress.outcome
        assert outcome is not None
        return outcome

    def get(self, timeout: float) -> Any:
        """Returns the canvas's own result, as Celery would give it. Raises CampaignFailed, NotEnded."""
        self.wait(timeout)
        return read(self.engine, self._result)

    def _result(self, session: Session) -> Any:
        root = from_json(session.get_one(Campaign, self.id).root or {})
        tasks = {one.id: one for one in session.scalars(select(Task).where(Task.id.in_(set(refs(root)))))}
        results = {one.id: one.result for one in tasks.values() if one.state == State.SUCCEEDED}
        try:
            return evaluate(root, results)
        except ResultMissing as missing:
            failed = tasks[missing.row]
            raise CampaignFailed(f"{failed.flow} {failed.id} {failed.state}: {failed.reason}") from None
