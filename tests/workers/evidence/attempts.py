"""An attempt in a ledger, as a worker at a phone leaves it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from models.tables import Attempt
from models.transactions.read_write import read
from tests.support.ledger.drive import plant, ready, take
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed
from workers.attempts.record import record
from workers.campaigns.stages import gather


def running(engine: Engine) -> Claim:
    """A claimed attempt that has not ended."""
    return take(engine, ready(engine, plant(engine, gather.s([])))[0])


def failed(engine: Engine, told: dict[str, Any]) -> Claim:
    """An attempt that ended with a failure and this summary of its evidence."""
    got = running(engine)
    record(engine, got, Failed("page_drift", "nothing fits", "search", evidence=told))
    return got


def summary_of(engine: Engine, got: Claim) -> Any:
    """What the attempt's row tells of its evidence."""
    found = select(Attempt.evidence).where(Attempt.task_id == got.fence.task_id, Attempt.number == got.fence.attempt)
    return read(engine, lambda session: session.scalars(found).one())
