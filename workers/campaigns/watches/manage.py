"""Adds, lists, pauses, resumes and removes watches. Every change is in the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session, defer

from models.database.clock import database_now
from models.history.audit_log import record_change
from models.tables import Watch, WatchLook
from models.transactions.read_write import read
from models.values.refused import refuse
from workers.lifecycle.stored_bytes import FEW_BYTES, count_for_key, json_size
from workers.planting.quota import TooManyWaiting
from workers.policy.schedule import Due

if TYPE_CHECKING:
    from workers.campaigns.watches.watch_spec import WatchSpec

MOST_WATCHES = 5000  # of the operator, in force
MOST_OF_KEY = 100  # of one key


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose watches: a customer's key, or the operator (None). `sandbox`: they look with simulated phones.

    `sees`: the keys of the same customer, whose watches it may list and change as well.
    """

    key_id: str | None = None
    sandbox: bool = False
    sees: tuple[str, ...] = ()

    @property
    def mine(self) -> tuple[ColumnElement[bool], ...]:
        """Returns the conditions of this owner's watches in force."""
        keys = Watch.key_id.in_({self.key_id, *self.sees} - {None})
        return Watch.key_id.is_(None) if self.key_id is None else keys, Watch.removed_at.is_(None)


OPERATOR = Owner()


def add_watch(session: Session, owner: Owner, spec: WatchSpec, who: str, zone: ZoneInfo) -> Watch:
    """Adds a watch, which looks for the first time at once. Raises Refused."""
    # here, because commands that list need no pydantic
    from workers.campaigns.due import Planned, schedule_of  # noqa: PLC0415
    from workers.campaigns.watches.plant_looks import SharedFacts, checked_look  # noqa: PLC0415
    from workers.campaigns.watches.watch_spec import check_watch  # noqa: PLC0415

    columns = check_watch(spec)
    _check_name(session, owner, spec.name)
    of_key = Watch.key_id.is_(None) if owner.key_id is None else Watch.key_id == owner.key_id
    counted = select(func.count()).select_from(Watch).where(of_key, Watch.removed_at.is_(None))
    number, most = session.scalar(counted) or 0, MOST_WATCHES if owner.key_id is None else MOST_OF_KEY
    if number >= most:
        raise refuse("watches", f"{number} watches are in force", f"remove some: {most} may be")
    now = database_now(session)
    _count_bytes(session, owner.key_id, now, columns)
    watch = Watch(
        id=str(uuid4()),
        key_id=owner.key_id,
        sandbox=owner.sandbox,
        next_due=now,
        created_at=now,
        created_by=who,
        **columns,
    )
    checked_look(session, Planned(watch, schedule_of(watch, zone), Due(now, 0)), now, SharedFacts(session, [watch]))
    session.add(watch)
    session.flush()
    record_change(session, who, f"watch:{watch.id}", None, columns)
    return watch


def change_watch(session: Session, owner: Owner, name: str, spec: WatchSpec, who: str, zone: ZoneInfo) -> Watch:
    """Gives a watch other settings, in place of all that it had. Raises Refused.

    When it looks at something else, its next look is what later ones are compared with.
    """
    from workers.campaigns.due import Planned, schedule_of  # noqa: PLC0415
    from workers.campaigns.watches.plant_looks import SharedFacts, checked_look  # noqa: PLC0415
    from workers.campaigns.watches.watch_spec import check_watch  # noqa: PLC0415

    columns = check_watch(spec)
    watch = watch_named(session, owner, name, lock=True)
    if columns["name"] != watch.name:
        _check_name(session, owner, spec.name)
    before = {column: getattr(watch, column) for column in columns}
    changed = [column for column in columns if columns[column] != before[column]]
    audited = {column: before[column] for column in changed}, {column: columns[column] for column in changed}
    _count_bytes(session, watch.key_id, database_now(session), *audited)
    for column, value in columns.items():
        setattr(watch, column, value)
    now, schedule = database_now(session), schedule_of(watch, zone)
    if (before["flow"], before["params"]) != (watch.flow, watch.params):
        watch.looked_at = None
    if (before["every"], before["cron"]) != (watch.every, watch.cron) and watch.last_due is not None:
        watch.next_due = schedule.next(now) + schedule.jitter
    watch.held_why, watch.judge_at = None, None
    with session.no_autoflush:
        checked_look(session, Planned(watch, schedule, Due(now, 0)), now, SharedFacts(session, [watch]))
    record_change(session, who, f"watch:{watch.id}", *audited)
    return watch


def _count_bytes(session: Session, key_id: str | None, now: datetime, *kept: Mapping[str, Any]) -> None:
    """Counts what a change keeps, and a few bytes for its rows, towards the key's day. Raises Refused: too many."""
    size = FEW_BYTES + sum(json_size(one) for one in kept)
    over = count_for_key(session, key_id, size, now)
    if over is not None:
        raise TooManyWaiting([replace(over, field="watch")])


def _check_name(session: Session, owner: Owner, name: str) -> None:
    if session.scalars(select(Watch.id).where(*owner.mine, Watch.name == name)).first() is not None:
        raise refuse("name", f"there is a watch {name!r}", "give another name, or remove that watch first")


def list_watches(session: Session, owner: Owner, *, words: bool = True) -> Sequence[Watch]:
    """Returns the watches in force, by name. `words=False`: without their words, of which each may have a megabyte."""
    wanted = select(Watch).where(*owner.mine).order_by(Watch.name).limit(MOST_WATCHES)
    return session.scalars(wanted if words else wanted.options(defer(Watch.words, raiseload=True))).all()


def watch_named(session: Session, owner: Owner, name: str, *, lock: bool = False) -> Watch:
    """Returns the watch in force with this name or id. Raises Refused when there is none."""
    wanted = select(Watch).where(*owner.mine, (Watch.name == name) | (Watch.id == name))
    found = session.scalars(wanted.with_for_update() if lock else wanted).first()
    if found is None:
        raise refuse("watch", f"there is no watch {name!r}", "see the list: phonefleet watch list")
    return found


def latest_looks(session: Session, watch_id: str, most: int = 20) -> Sequence[WatchLook]:
    """Returns the latest looks of a watch, newest first."""
    mine = select(WatchLook).where(WatchLook.watch_id == watch_id)
    return session.scalars(mine.order_by(WatchLook.due.desc()).limit(most)).all()


def pause_watch(session: Session, owner: Owner, name: str, who: str) -> Watch:
    """Lets a watch look no more until it is resumed. A look that was planted goes on."""
    watch = watch_named(session, owner, name, lock=True)
    record_change(session, who, f"watch:{watch.id}", {"paused": watch.paused}, {"paused": True})
    watch.paused = True
    return watch


def resume_watch(session: Session, owner: Owner, name: str, who: str, zone: ZoneInfo) -> Watch:
    """Lets a watch look again, at its next due time: the due times of the pause are not made up for."""
    from workers.campaigns.due import schedule_of  # noqa: PLC0415 - it plants: a list need not import it

    watch = watch_named(session, owner, name, lock=True)
    record_change(session, who, f"watch:{watch.id}", {"paused": watch.paused}, {"paused": False})
    if watch.paused:
        now, schedule = database_now(session), schedule_of(watch, zone)
        if watch.last_due is not None:
            watch.last_due = max(now, watch.last_due)
            watch.next_due = schedule.next(now) + schedule.jitter
    watch.paused = False
    return watch


def remove_watch(session: Session, owner: Owner, name: str, who: str) -> Watch:
    """Removes a watch: it looks no more. What it found stays as long as retention keeps it."""
    watch = watch_named(session, owner, name, lock=True)
    record_change(session, who, f"watch:{watch.id}", {"name": watch.name}, None)
    watch.removed_at = database_now(session)
    return watch


def look_up(engine: Engine, owner: Owner, name: str) -> tuple[Watch, Sequence[WatchLook]]:
    """Returns a watch with its latest looks. Raises Refused."""

    def work(session: Session) -> tuple[Watch, Sequence[WatchLook]]:
        watch = watch_named(session, owner, name)
        return watch, latest_looks(session, watch.id)

    return read(engine, work)
