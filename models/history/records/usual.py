"""How long a flow takes on an author's content as a rule, from the records of the last days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.history.records.hours import DAY
from models.history.records.kinds import ATTEMPT
from models.history.records.spans import WHOLE_DAY, floor
from models.tables import RecordHour
from models.values.enums import AttemptOutcome

LAST_DAYS = timedelta(days=30)
LEAST = 3  # attempts that tell what is usual
IN_ONE_STATEMENT = 1000


def usual_seconds(
    session: Session, authors: Collection[str], now: datetime, *, sandbox: bool
) -> dict[tuple[str, str], float]:
    """Returns (flow, author) → the mean seconds of the attempts that succeeded; nothing of those that were few."""
    wanted = sorted(authors)
    found: dict[tuple[str, str], float] = {}
    for start in range(0, len(wanted), IN_ONE_STATEMENT):
        days = (
            RecordHour.sandbox == sandbox,
            RecordHour.dimension == f"author{DAY}",
            RecordHour.value.in_(wanted[start : start + IN_ONE_STATEMENT]),
            RecordHour.hour >= floor(now - LAST_DAYS, WHOLE_DAY),
        )
        counted = (RecordHour.kind == ATTEMPT, RecordHour.outcome == AttemptOutcome.SUCCEEDED, RecordHour.seconds > 0)
        number, seconds = func.sum(RecordHour.number), func.sum(RecordHour.seconds)
        usual = select(RecordHour.flow, RecordHour.value, seconds / number).where(*days, *counted)
        rows = session.execute(usual.group_by(RecordHour.flow, RecordHour.value).having(number >= LEAST))
        found |= {(flow, author): float(mean) for flow, author, mean in rows}
    return found
