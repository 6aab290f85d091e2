"""Loaded into every worker of a test's fleet: the first attempt at a task gets stuck, and hears nothing any more.

It stands for a flow that waits on something of its own. A flow that collects comments is stuck in the middle of
it; one that acts, after its tap and before it can say so.
"""

from __future__ import annotations

from threading import Event

from workers.execution.ledger_journal import LedgerJournal
from workers.runtime.watch import SlotWatch

_check, _confirm = SlotWatch.check, LedgerJournal.confirm


def _stuck_in_comments(watch: SlotWatch) -> None:
    if watch.current == "comments" and watch._slot.attempt == 1:
        Event().wait()
    _check(watch)


def _stuck_after_the_tap(journal: LedgerJournal, number: int, *, verified: bool) -> None:
    if journal._fence.attempt == 1:
        Event().wait()
    _confirm(journal, number, verified=verified)


SlotWatch.check = _stuck_in_comments  # type: ignore[method-assign, assignment]
LedgerJournal.confirm = _stuck_after_the_tap  # type: ignore[method-assign, assignment]
