"""The ledger's rows of exports: asking for one, claiming it, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select, update
from sqlalchemy.orm import Session

from gateway.exports.asked import ExportFilters, Frozen
from gateway.exports.records import record_filter
from models.database.clock import database_now
from models.history.audit_log import record_change
from models.history.records.filters import walk
from models.history.records.of_customer import keys_of
from models.tables import ApiKey, Export
from models.transactions.read_write import read, write
from models.values.enums import ExportState
from models.values.refused import refuse

LEASE = timedelta(seconds=60)
# A transaction that wrote an end before the cut is over this long after it.
SETTLED = timedelta(seconds=1)
MOST_TRIES = 5
MOST_OPEN = 2  # of one key
DAY = timedelta(days=1)
OPEN = (ExportState.WAITING, ExportState.RUNNING)


class Lost(Exception):
    """Another process makes this export now, or somebody stopped it."""


class TooMany(Exception):
    """A key asked for more exports than it may."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An export that this process makes."""

    id: str
    worker: str
    asked: Frozen
    asked_by: str
    cut_at: datetime


def start_export(
    engine: Engine,
    filters: ExportFilters,
    who: str,
    *,
    keys: Sequence[str] | None = None,
    key_id: str | None = None,
    background: bool = True,
    most_a_day: int = 0,
) -> Export:
    """Asks for a workbook of the tasks that match. Returns its row; `background` exports begin by themselves.

    `keys`: the keys whose tasks a customer sees, with `key_id`, the one that asks; None: the operator, who sees all.
    Raises Refused for records that no index finds, and TooMany when the key asked for `most_a_day` in 24 hours, or two
    of its exports are not made yet.
    """

    def work(session: Session) -> Export:
        return start_in(session, filters, who, keys=keys, key_id=key_id, background=background, most_a_day=most_a_day)

    return write(engine, work)


def start_in(
    session: Session,
    filters: ExportFilters,
    who: str,
    *,
    keys: Sequence[str] | None,
    key_id: str | None,
    background: bool,
    most_a_day: int,
) -> Export:
    """As `start_export`, in a transaction of the caller's."""
    now = database_now(session)
    if key_id is not None:
        _check_room(session, key_id, now, most_a_day)
    seen = _of_operator(session, filters) if keys is None else tuple(keys)
    frozen = Frozen(filters=filters, keys=seen, customer=keys is not None)
    if filters.what == "records":
        walk(session, record_filter(frozen, now))  # refuses what no index serves
    export = Export(
        id=str(uuid4()),
        asked_by=who[:191],
        key_id=key_id,
        asked=frozen.model_dump(mode="json"),
        cut_at=now,
        background=background,
        state=ExportState.WAITING,
        tasks_done=0,
        tries=0,
        created_at=now,
    )
    session.add(export)
    record_change(session, who[:191], f"export {export.id}", None, filters.model_dump(mode="json", exclude_none=True))
    session.flush()
    return export


def _of_operator(session: Session, filters: ExportFilters) -> tuple[str | None, ...]:
    """Returns the keys whose tasks an operator's export may hold: all, or those of the customer that it names."""
    if filters.customer is not None:
        return keys_of(session, filters.customer, sandbox=filters.sandbox)
    # the operator's own first; a key that is made later has no task from before the cut
    return (None, *session.scalars(select(ApiKey.id).order_by(ApiKey.id)))


def _check_room(session: Session, key_id: str, now: datetime, most_a_day: int) -> None:
    session.scalar(select(ApiKey.id).where(ApiKey.id == key_id).with_for_update())  # one request of a key at a time
    mine = select(func.count()).select_from(Export).where(Export.key_id == key_id)
    open_ones = session.scalar(mine.where(Export.state.in_(OPEN))) or 0
    today = session.scalar(mine.where(Export.created_at > now - DAY)) or 0
    if open_ones >= MOST_OPEN:
        raise TooMany(f"{open_ones} exports are not made yet, and a key may have {MOST_OPEN}")
    if today >= most_a_day:
        raise TooMany(f"{today} exports were asked for in 24 hours, and a key may ask for {most_a_day}")


def claimable(now: datetime) -> ColumnElement[bool]:
    """Returns the condition for exports in the background that wait for a process, or whose process ended."""
    lost = and_(Export.state == ExportState.RUNNING, Export.lease_until < now)
    return and_(Export.background, or_(Export.state == ExportState.WAITING, lost))


def claim_next(engine: Engine) -> Claimed | None:
    """Claims the oldest export in the background. Returns None when none waits."""

    def work(session: Session) -> Claimed | None:
        now = database_now(session)
        oldest = select(Export).where(claimable(now)).order_by(Export.created_at).limit(1)
        export = session.scalars(oldest).one_or_none()
        return None if export is None else _claim(session, export, now)

    return write(engine, work)


def claim_export(engine: Engine, export_id: str) -> Claimed:
    """Claims this export for a command. Raises Refused: it does not exist, has ended, or another process makes it."""

    def work(session: Session) -> Claimed:
        now = database_now(session)
        export = session.get(Export, export_id)
        if export is None:
            raise refuse("export", f"there is no export {export_id!r}", "list them: phonefleet export --list")
        if export.state in (ExportState.DONE, ExportState.DELETED):
            raise refuse("export", f"export {export_id[:8]} is {export.state}", "ask for a new one: phonefleet export")
        if export.state == ExportState.RUNNING and export.lease_until is not None and export.lease_until >= now:
            raise refuse("export", f"another process makes export {export_id[:8]}", "wait for it")
        export.tries = min(export.tries, MOST_TRIES - 1)  # a person may ask for one more try
        claimed = _claim(session, export, now)
        if claimed is None:
            raise refuse("export", f"another process took export {export_id[:8]}", "wait for it")
        return claimed

    return write(engine, work)


def _claim(session: Session, export: Export, now: datetime) -> Claimed | None:
    if export.tries >= MOST_TRIES:
        reason = f"{export.tries} processes that made it ended"
        ends = {"state": ExportState.FAILED, "ended_at": now, "reason": reason}
        session.execute(update(Export).where(Export.id == export.id).values(ends))
        return None
    worker = str(uuid4())
    changed = session.execute(
        update(Export)
        .where(Export.id == export.id, Export.state == export.state, Export.tries == export.tries)
        .values(
            state=ExportState.RUNNING,
            worker=worker,
            lease_until=now + LEASE,
            tries=export.tries + 1,
            started_at=export.started_at or now,
            reason=None,
            ended_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return None
    return Claimed(export.id, worker, Frozen.model_validate(export.asked), export.asked_by, export.cut_at)


def wait_until_settled(engine: Engine, cut_at: datetime) -> None:
    """Waits until no transaction can end a task before the cut any more: a second after it, by the database's clock.

    So an export that is asked for right after a task has that task, and each step of its making sees the same tasks.
    """
    left = cut_at + SETTLED - read(engine, database_now)
    time.sleep(max(timedelta(), min(left, SETTLED)).total_seconds())


def note_progress(engine: Engine, claimed: Claimed, done: int, total: int | None) -> None:
    """Renews the lease, and writes how many tasks were looked at. Raises Lost."""
    _change(engine, claimed, tasks_done=done, tasks_total=total)


def finished(engine: Engine, claimed: Claimed, *, file: str, rows: int, size: int, sha256: str) -> None:
    """Ends an export whose file is there. Raises Lost."""
    _change(engine, claimed, ends=ExportState.DONE, file=file, rows=rows, bytes=size, sha256=sha256)


def failed(engine: Engine, claimed: Claimed, reason: str) -> None:
    """Ends an export that cannot be made. Raises Lost."""
    _change(engine, claimed, ends=ExportState.FAILED, reason=reason)


def interrupted(engine: Engine, claimed: Claimed) -> None:
    """Leaves an export to a later process. Raises Lost."""

    def work(session: Session) -> bool:
        background = session.scalar(select(Export.background).where(Export.id == claimed.id))
        state = ExportState.WAITING if background else ExportState.INTERRUPTED
        return _set(session, claimed, {"state": state, "worker": None, "lease_until": None, "tries": Export.tries - 1})

    if not write(engine, work):
        raise Lost


def _change(engine: Engine, claimed: Claimed, ends: ExportState | None = None, **values: object) -> None:
    def work(session: Session) -> bool:
        now = database_now(session)
        ending = {} if ends is None else {"state": ends, "worker": None, "ended_at": now}
        return _set(session, claimed, {"lease_until": None if ends else now + LEASE, **ending, **values})

    if not write(engine, work):
        raise Lost


def _set(session: Session, claimed: Claimed, values: dict[str, object]) -> bool:
    mine = (Export.id == claimed.id, Export.worker == claimed.worker, Export.state == ExportState.RUNNING)
    changed = session.execute(update(Export).where(*mine).values(values).execution_options(synchronize_session=False))
    return bool(changed.rowcount)  # type: ignore[attr-defined]
