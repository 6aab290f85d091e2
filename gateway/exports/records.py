"""The sheet of records: what ended, row by row, newest first, as `phonefleet records` lists it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from gateway.exports.asked import Frozen
from gateway.exports.rows import Manner, address_of
from gateway.exports.sheets import stage_name
from gateway.exports.workbook.cells import Value
from models.history.records.filters import RecordFilter
from models.history.records.read import MOST_IN_A_PAGE, records_page
from models.history.records.totals import record_total
from models.tables import Record
from workers.evidence.bundle import Bundle

TICK = timedelta(microseconds=1)


def record_filter(asked: Frozen, cut_at: datetime) -> RecordFilter:
    """Returns the filter of an export of records, up to its cut."""
    filters = asked.filters
    until = cut_at + TICK if filters.until is None else min(filters.until, cut_at + TICK)
    return RecordFilter(
        account=filters.account,
        phone=filters.phone,
        author=filters.author,
        campaign=filters.campaign,
        keys=tuple(key for key in asked.keys if key is not None) if asked.customer or filters.customer else None,
        flow=filters.flow,
        outcome=filters.outcome,
        kind=filters.kind,
        code=filters.code,
        step=filters.step,
        task=filters.task,
        since=filters.since,
        until=until,
        sandbox=filters.sandbox,
    )


def record_step(
    session: Session, asked: Frozen, cut_at: datetime, place: Sequence[Any] | None
) -> tuple[Sequence[Record], list[Any] | None]:
    """Reads the next records and the next place, as JSON values; None: there are no further ones."""
    after = None if place is None else (datetime.fromisoformat(place[0]), place[1])
    found, following = records_page(session, record_filter(asked, cut_at), after, MOST_IN_A_PAGE)
    return found, None if following is None else [following[0].isoformat(), following[1]]


def count_records(session: Session, asked: Frozen, cut_at: datetime) -> int | None:
    """Returns the number of records; None when it takes too long to count them."""
    total = record_total(session, record_filter(asked, cut_at))
    return total.number if total.exact else None


def record_row(record: Record, manner: Manner) -> list[Value]:
    """Returns the row of a record."""
    return [
        manner.moment(record.ended_at),
        stage_name(record.flow, manner.language),
        manner.word(record.kind, "record"),
        manner.word(record.outcome, "outcome"),
        record.account_id,
        record.phone_serial,
        record.author_id,
        record.title,
        record.asked,
        record.got,
        None if record.seconds is None else round(record.seconds, 1),
        manner.code(record.code),
        manner.word(record.culprit or "", "culprit"),
        manner.step(record.step),
        manner.why(record.reason),
        record.attempt,
        record.task_id,
        record.campaign_id,
        _evidence(record, manner),
    ]


def _evidence(record: Record, manner: Manner) -> Value:
    if not record.evidence or record.attempt is None:
        return None
    storage = None if manner.customer else manner.storage
    url = "" if storage is None else storage.url(Bundle(record.task_id, record.attempt))
    return address_of(record.task_id, record.attempt, url, manner)
