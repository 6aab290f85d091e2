"""Phones as their hosts see them, the accounts on them, and the leases of their workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session

from models.engine import database_now, read, write
from models.seats import seats
from models.states import State
from models.storable import storable_text
from models.tables import Account, Phone, Task

MOST_NAME = 191  # characters of a name column


def phone_online(engine: Engine, serial: str, address: str, host: str, model: str, incarnation: str) -> None:
    """A host serves this phone now, with a worker of this incarnation."""
    model = storable_text(model, MOST_NAME)

    def work(session: Session) -> None:
        now = database_now(session)
        phone = session.get(Phone, serial)
        if phone is None:
            phone = Phone(serial=serial, first_seen_at=now, account_id=None, app_version=None)
            session.add(phone)
        phone.address, phone.host, phone.model = address, host, model
        phone.state, phone.why, phone.incarnation, phone.seen_at = "online", None, incarnation, now

    write(engine, work)


def phone_offline(engine: Engine, serial: str, why: str) -> None:
    """The phone is gone; tickets in its queue are rung anew for whoever may take them."""
    phone_problem(engine, serial, "offline", why)


def phone_problem(engine: Engine, serial: str, state: str, why: str) -> None:
    """The phone is there but cannot work (unauthorized, offline in adb, …)."""

    def work(session: Session) -> None:
        phone = session.get(Phone, serial)
        if phone is None:
            return
        phone.state, phone.why, phone.incarnation, phone.seen_at = state, why, None, database_now(session)
        owe_tickets_again(session, serial)

    write(engine, work)


def phones_alive(engine: Engine, incarnations: Sequence[str]) -> set[str]:
    """The host of these workers is there; phones that were taken for silent work again.

    The incarnations whose phone may take work from the pool now.
    """
    if not incarnations:
        return set()

    def work(session: Session) -> set[str]:
        now = database_now(session)
        mine = Phone.incarnation.in_(incarnations)
        session.execute(update(Phone).where(mine, Phone.state == "silent").values(state="online", why=None))
        session.execute(update(Phone).where(mine, Phone.state == "online").values(seen_at=now))
        wanted = set(incarnations)
        found = seats(session, now)
        return {one.incarnation for one in found if one.incarnation in wanted and one.works and one.incarnation}

    return write(engine, work)


def mark_silent(engine: Engine, seconds: float) -> int:
    """Phones whose host was not heard of for so long take no work until it is; how many were marked."""

    def work(session: Session) -> int:
        now = database_now(session)
        late = session.scalars(
            select(Phone.serial).where(Phone.state == "online", Phone.seen_at < now - timedelta(seconds=seconds))
        ).all()
        if late:
            session.execute(
                update(Phone)
                .where(Phone.serial.in_(late), Phone.state == "online")
                .values(state="silent", why=f"its host was not heard of for {seconds:g} s")
            )
        return len(late)

    return write(engine, work)


def owe_tickets_again(session: Session, serial: str) -> None:
    """Ready tasks whose ticket lies in this phone's queue are rung again."""
    session.execute(
        update(Task)
        .where(Task.state == State.READY, Task.rung_queue == f"phone.{serial}")
        .values(rung_at=None, rung_queue=None)
    )


def account_seen(engine: Engine, serial: str, account_id: str, name: str, app_version: str | None = None) -> bool:
    """This account is logged in on this phone now. True when the ledger thought otherwise before."""
    name = storable_text(name, MOST_NAME)

    def work(session: Session) -> bool:
        now = database_now(session)
        account = session.get(Account, account_id)
        if account is None:
            session.add(Account(id=account_id, name=name, live=True, created_at=now))
        elif name:
            account.name = name
        session.execute(
            update(Phone).where(Phone.account_id == account_id, Phone.serial != serial).values(account_id=None)
        )
        phone = session.get_one(Phone, serial)
        moved = phone.account_id != account_id
        phone.account_id = account_id
        phone.app_version = app_version or phone.app_version
        if moved:
            owe_tickets_again(session, serial)
            session.execute(
                update(Task)
                .where(Task.state == State.READY, Task.pinned_account == account_id)
                .values(rung_at=None, rung_queue=None)
            )
        return moved

    return write(engine, work)


def account_gone(engine: Engine, serial: str, why: str) -> None:
    """No account of ours is logged in on this phone any more."""

    def work(session: Session) -> None:
        phone = session.get(Phone, serial)
        if phone is not None:
            phone.account_id, phone.why = None, why
            owe_tickets_again(session, serial)

    write(engine, work)


def renew_leases(engine: Engine, incarnations: Sequence[str], seconds: float) -> Mapping[str, str]:
    """Extend every lease of these incarnations; those that still hold one, with their task's id.

    A lease that ran out is not revived: its worker already stopped touching the phone.
    """
    if not incarnations:
        return {}

    def work(session: Session) -> Mapping[str, str]:
        now = database_now(session)
        held = (Task.state == State.RUNNING, Task.incarnation.in_(incarnations), Task.lease_until > now)
        session.execute(update(Task).where(*held).values(lease_until=now + timedelta(seconds=seconds)))
        rows = session.execute(select(Task.incarnation, Task.id).where(*held))
        return {incarnation: task_id for incarnation, task_id in rows if incarnation is not None}

    return write(engine, work)


def stop_requests(engine: Engine, incarnations: Sequence[str]) -> set[str]:
    """The incarnations that are to leave their running task: it is to stop or was paused, or their phone was.

    What looks for an action in doubt goes on with that, unless its phone was paused: stop and pause of a task
    take effect once the outcome is recorded.
    """
    if not incarnations:
        return set()

    def work(session: Session) -> set[str]:
        rows = session.scalars(
            select(Task.incarnation)
            .outerjoin(Phone, Phone.serial == Task.phone_serial)
            .where(
                Task.state == State.RUNNING,
                Task.incarnation.in_(incarnations),
                or_((Task.stop_requested | Task.paused) & ~Task.verifying, Phone.paused),
            )
        )
        return {incarnation for incarnation in rows if incarnation is not None}

    return read(engine, work)
