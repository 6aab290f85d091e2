"""Acts on many in the ledger: rows are frozen when they are counted, and each is taken by one process, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_json, storable_text
from models.history.audit_log import record_change
from models.tables import BulkAct, BulkRow
from models.transactions.read_write import write
from models.values.enums import BulkRowState, BulkState
from models.values.refused import refuse

MOST_ROWS = 2000
MOST_TOLD = 500  # characters of a row's text
ABANDONED = timedelta(minutes=2)  # a row that was taken so long ago, and has no result
KEPT = timedelta(days=30)
NOT_BEGUN_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row that matches the filter: its id, its words for people, and what the act needs to know of it."""

    subject: str
    told: str
    given: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that this process does now."""

    act: BulkAct
    row: BulkRow


def freeze(engine: Engine, kind: str, asked: Mapping[str, str], rows: Sequence[Chosen], *, who: str) -> str:
    """Keeps the rows that a person chose. Returns the id. Raises Refused for none, and for more than 2000."""
    if not rows:
        raise refuse("filter", "nothing matches it", "widen it")
    if len(rows) > MOST_ROWS:
        raise refuse("filter", f"more than {MOST_ROWS} rows match it", "narrow it, and do them part by part")

    def work(session: Session) -> str:
        now, bulk_id = database_now(session), str(uuid4())
        kept = storable_json({name: value for name, value in asked.items() if value})
        session.add(
            BulkAct(
                id=bulk_id,
                kind=kind,
                filter=kept,
                asked_by=who,
                state=BulkState.ASKED,
                rows=len(rows),
                created_at=now,
            )
        )
        session.flush()
        session.add_all(
            BulkRow(
                bulk_id=bulk_id,
                position=place,
                subject=one.subject,
                told=storable_text(one.told, MOST_TOLD),
                given=None if one.given is None else storable_json(one.given),
                state=BulkRowState.WAITING,
            )
            for place, one in enumerate(rows)
        )
        return bulk_id

    return write(engine, work)


def begin(engine: Engine, bulk_id: str, act: str, given: Mapping[str, Any], *, who: str, why: str) -> None:
    """Says what shall be done with the frozen rows. Raises Refused unless this was not said yet."""

    def work(session: Session) -> None:
        bulk_act = known(session, bulk_id)
        if bulk_act.state != BulkState.ASKED:
            raise refuse("act", "it began already", "look at its result")
        bulk_act.state, bulk_act.act, bulk_act.given = BulkState.RUNNING, act, storable_json(dict(given))
        bulk_act.reason, bulk_act.asked_by, bulk_act.begun_at = storable_text(why), who, database_now(session)
        record_change(session, who, f"bulk:{bulk_id}", None, {"act": act, "kind": bulk_act.kind, "rows": bulk_act.rows})

    write(engine, work)


def stop(engine: Engine, bulk_id: str, *, who: str) -> None:
    """Leaves the rows as they are that nobody took yet. Raises Refused when it does not run."""

    def work(session: Session) -> None:
        bulk_act, now = known(session, bulk_id), database_now(session)
        if bulk_act.state != BulkState.RUNNING:
            raise refuse("act", "it does not run", "look at its result")
        left = (BulkRow.bulk_id == bulk_id, BulkRow.state == BulkRowState.WAITING)
        session.execute(update(BulkRow).where(*left).values(state=BulkRowState.LEFT))
        bulk_act.state, bulk_act.ended_at = BulkState.STOPPED, now
        record_change(session, who, f"bulk:{bulk_id}", None, {"stop": True})

    write(engine, work)


def take(engine: Engine) -> Taken | None:
    """Takes the next row of the oldest act that runs, for this process alone; None when there is none.

    Ends an act of which no row is left. A row whose process died becomes `unknown`: it is never done twice.
    """

    def work(session: Session) -> Taken | None:
        now = database_now(session)
        running = select(BulkAct).where(BulkAct.state == BulkState.RUNNING).order_by(BulkAct.created_at)
        for bulk_act in session.scalars(running.limit(20)).all():
            mine = BulkRow.bulk_id == bulk_act.id
            waiting = select(BulkRow).where(mine, BulkRow.state == BulkRowState.WAITING).order_by(BulkRow.position)
            bulk_row = session.scalars(waiting.limit(1).with_for_update()).first()
            if bulk_row is not None:
                bulk_row.state, bulk_row.taken_at = BulkRowState.TAKEN, now
                return Taken(bulk_act, bulk_row)
            _end(session, bulk_act, now)
        return None

    return write(engine, work)


def _end(session: Session, bulk_act: BulkAct, now: datetime) -> None:
    taken = (BulkRow.bulk_id == bulk_act.id, BulkRow.state == BulkRowState.TAKEN)
    lost = {"state": BulkRowState.UNKNOWN, "ended_at": now}
    session.execute(update(BulkRow).where(*taken, BulkRow.taken_at < now - ABANDONED).values(**lost))
    if session.scalar(select(BulkRow.position).where(*taken).limit(1)) is None:
        bulk_act.state, bulk_act.ended_at = BulkState.DONE, now


def note(engine: Engine, taken: Taken, state: BulkRowState, result: str) -> None:
    """Writes what became of a row."""

    def work(session: Session) -> None:
        bulk_row = session.get(BulkRow, (taken.row.bulk_id, taken.row.position))
        if bulk_row is not None:
            bulk_row.state, bulk_row.result, bulk_row.ended_at = (
                state,
                storable_text(result, MOST_TOLD),
                database_now(session),
            )

    write(engine, work)


def known(session: Session, bulk_id: str) -> BulkAct:
    """Returns an act on many, locked. Raises Refused."""
    bulk_act = session.get(BulkAct, bulk_id, with_for_update=True)
    if bulk_act is None:
        raise refuse("act", f"{bulk_id!r} is unknown", "choose the rows anew")
    return bulk_act


def counts(session: Session, bulk_id: str) -> Counter[str]:
    """Returns how many rows are in which state."""
    grouped = select(BulkRow.state, func.count()).where(BulkRow.bulk_id == bulk_id).group_by(BulkRow.state)
    return Counter(dict(session.execute(grouped).all()))


def forget_old(engine: Engine) -> int:
    """Deletes what was frozen and not begun for a day, and what ended 30 days ago. Returns the number of acts."""

    def work(session: Session) -> int:
        now = database_now(session)
        old = (BulkAct.created_at < now - KEPT) | (
            (BulkAct.state == BulkState.ASKED) & (BulkAct.created_at < now - NOT_BEGUN_KEPT)
        )
        ids = session.scalars(select(BulkAct.id).where(BulkAct.state != BulkState.RUNNING, old).limit(10)).all()
        session.execute(delete(BulkRow).where(BulkRow.bulk_id.in_(ids)))
        session.execute(delete(BulkAct).where(BulkAct.id.in_(ids)))
        return len(ids)

    return write(engine, work)
