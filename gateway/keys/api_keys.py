"""API keys: make, find, rotate and revoke. Each belongs to a customer; the master key encrypts its secrets."""

from __future__ import annotations

import secrets as random_source
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from gateway.keys.master_key import MasterKeyWrong, master_key, rewrap_channels, unwrap, wrap
from gateway.keys.unopened import check_lives_on, check_some_open, live_secrets
from gateway.protocol.seal import Secret
from models.database.clock import database_now
from models.history.audit_log import record_change
from models.notify.addresses import check_allowed, read_address, read_origin
from models.notify.deliveries import end_those_of_key
from models.tables import ApiKey, KeySecret
from models.transactions.read_write import read, write
from models.values.names import name_problems
from models.values.refused import Problem, Refused, refuse
from workers.settings import settings

OVERLAP = timedelta(hours=24)
MOST_OVERLAP = timedelta(days=30)
MOST_ORIGINS = 50
RATE, MOST_WAITING, HIGHEST_PRIORITY = 10.0, 10_000, 3  # unless the operator says otherwise


@dataclass(frozen=True, slots=True)
class KeySpec:
    """The properties of a key. `allowlist` holds origins such as https://hooks.example.com.

    `weight`: how many times the share of a customer of weight 1 its customer has, while several wait for the phones.
    `highest_priority`: the lowest number, from 0 (urgent) to 9, that its tasks may have as their priority.
    """

    name: str
    customer: str
    sandbox: bool = False
    allowlist: Sequence[str] = ()
    rate_per_second: float = RATE
    most_waiting: int = MOST_WAITING
    weight: int = 1
    highest_priority: int = HIGHEST_PRIORITY
    plain_json_allowed: bool = False
    events_url: str | None = None
    wants_alerts: bool = False
    wants_quarantines: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A key that is in force, with its live secrets, the oldest first."""

    id: str
    name: str
    customer: str
    sandbox: bool
    allowlist: tuple[str, ...]
    rate_per_second: float
    most_waiting: int
    highest_priority: int
    plain_json_allowed: bool
    secrets: tuple[Secret, ...] = field(repr=False)

    @property
    def seals_with(self) -> Secret:
        """Returns the older secret while two are live: a receiver without the new one can still open the body."""
        return self.secrets[0]


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key for display: no secrets, but how many are live and until when."""

    row: ApiKey
    live: int
    older_until: datetime | None


def find_key(session: Session, key_id: str, *, to_ask: bool = False) -> Key | None:
    """Reads the key, if it is in force and has a live secret. Raises Refused without the master key, MasterKeyWrong.

    `to_ask`: only if it may send requests, too. What is owed to a disabled key is still sent to it.
    """
    row = session.get(ApiKey, key_id)
    if row is None or row.revoked_at is not None or (to_ask and row.disabled_at is not None):
        return None
    master = master_key()
    live = [unwrap(one.sealed, one.id, key_id, master) for one in _live(session, key_id)]
    if not live:
        return None
    return Key(
        id=row.id,
        name=row.name,
        customer=row.customer,
        sandbox=row.sandbox,
        allowlist=tuple(row.allowlist),
        rate_per_second=row.rate_per_second,
        most_waiting=row.most_waiting,
        highest_priority=row.highest_priority,
        plain_json_allowed=row.plain_json_allowed,
        secrets=tuple(live),
    )


def make_key(engine: Engine, spec: KeySpec, *, who: str) -> tuple[str, Secret]:
    """Makes a key; returns its id and first secret, which cannot be shown again. Raises Refused."""
    allowlist = _checked(spec)
    master = master_key()
    key_id = f"key_{random_source.token_hex(8)}"
    secret = _new_secret()

    def work(session: Session) -> None:
        check_some_open(session)
        now = database_now(session)
        session.add(ApiKey(id=key_id, **{**asdict(spec), "allowlist": allowlist}, created_at=now, created_by=who))
        session.flush()
        _keep(session, key_id, secret, master, now)
        record_change(session, who, f"key:{key_id}", None, {"made for": spec.customer, "allow": allowlist})

    write(engine, work)
    return key_id, secret


def change_key(engine: Engine, key_id: str, *, who: str, **changes: Any) -> Mapping[str, tuple[Any, Any]]:
    """Changes fields of KeySpec: callback addresses, limits, or wanted events. Recorded. Raises Refused.

    Returns the changed fields: before and after.
    """

    def work(session: Session) -> Mapping[str, tuple[Any, Any]]:
        row = _in_force(session, key_id)
        before = KeySpec(**{one.name: getattr(row, one.name) for one in fields(KeySpec)})
        spec = replace(before, **changes)
        after = {**asdict(spec), "allowlist": _checked(spec)}
        for name in changes:
            setattr(row, name, after[name])
        told = ({name: getattr(before, name) for name in changes}, {name: after[name] for name in changes})
        record_change(session, who, f"key:{key_id}", *told)
        return {name: (told[0][name], told[1][name]) for name in changes}

    return write(engine, work)


def disable_key(engine: Engine, key_id: str, *, who: str, disabled: bool = True) -> None:
    """Refuses a key's requests until it is enabled; its tasks and callbacks go on, its watches wait. Raises Refused."""

    def work(session: Session) -> None:
        row = _in_force(session, key_id)
        if (row.disabled_at is not None) == disabled:
            raise refuse(
                "key", f"{key_id!r} is {'disabled' if disabled else 'enabled'} already", "see: phonefleet keys"
            )
        row.disabled_at, row.disabled_by = (database_now(session), who) if disabled else (None, None)
        record_change(session, who, f"key:{key_id}", {"disabled": not disabled}, {"disabled": disabled})

    write(engine, work)


def rotate_key(engine: Engine, key_id: str, *, overlap: timedelta = OVERLAP, who: str) -> Secret:
    """Makes a second secret; the one before it stays live for `overlap`. Raises Refused.

    While two are live, the overlap must be zero, which ends both at once.
    """
    if not timedelta() <= overlap <= MOST_OVERLAP:
        raise refuse("hours", "is outside 0 to 720", "24 gives the customer a day to change over")
    master = master_key()
    secret = _new_secret()

    def work(session: Session) -> None:
        row = _in_force(session, key_id)
        now = database_now(session)
        live = _live(session, row.id)
        if overlap and len(live) > 1:
            zone, until = settings().timezone, live[0].expires_at
            told = "soon" if until is None else f"{until.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
            reason = f"two secrets live already, the older until {told}"
            raise refuse("key", reason, "wait until then, or end both at once with --hours 0")
        if overlap:
            check_lives_on(live)
        for one in live:
            one.expires_at = now + overlap
        _keep(session, row.id, secret, master, now)
        record_change(
            session, who, f"key:{key_id}", None, {"rotated": secret.id, "hours": overlap / timedelta(hours=1)}
        )

    write(engine, work)
    return secret


def revoke_key(engine: Engine, key_id: str, *, who: str) -> int:
    """Ends a key and destroys its secrets. Returns the number of callbacks that stay unsent.

    The gateway accepts nothing from it and sends nothing to it. Its planted tasks go on, its watches look no more.
    Raises Refused.
    """

    def work(session: Session) -> int:
        row = _in_force(session, key_id)
        row.revoked_at, row.revoked_by = database_now(session), who
        session.execute(delete(KeySecret).where(KeySecret.key_id == key_id))
        record_change(session, who, f"key:{key_id}", None, {"revoked": True})
        return end_those_of_key(session, key_id)

    return write(engine, work)


def rewrap_secrets(engine: Engine, old: bytes, *, who: str) -> int:
    """Encrypts every secret under the master key that is set now, in place of `old`. Returns the number changed.

    Changes all or none. Raises MasterKeyWrong for a secret that opens under neither.
    """
    master = master_key()

    def work(session: Session) -> int:
        moved = 0
        living = select(KeySecret).where(live_secrets(session))  # the others open nothing again
        for row in session.scalars(living.order_by(KeySecret.id).with_for_update()):
            try:
                unwrap(row.sealed, row.id, row.key_id, master)
            except MasterKeyWrong:
                row.sealed = wrap(unwrap(row.sealed, row.id, row.key_id, old), row.key_id, master)
                moved += 1
        moved += rewrap_channels(session, old, master)
        record_change(session, who, "keys", None, {"secrets under another master key": moved})
        return moved

    return write(engine, work)


def list_keys(engine: Engine) -> list[ListedKey]:
    """Returns every key, the oldest first. Needs no master key."""

    def work(session: Session) -> list[ListedKey]:
        listed = []
        for row in session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)):
            live = _live(session, row.id)
            listed.append(ListedKey(row, len(live), live[0].expires_at if len(live) > 1 else None))
        return listed

    return read(engine, work)


def _live(session: Session, key_id: str) -> Sequence[KeySecret]:
    """Returns the live secrets, the oldest first."""
    wanted = select(KeySecret).where(KeySecret.key_id == key_id, live_secrets(session))
    return session.scalars(wanted.order_by(KeySecret.created_at, KeySecret.id)).all()


def _in_force(session: Session, key_id: str) -> ApiKey:
    row = session.get(ApiKey, key_id, with_for_update=True)
    if row is None or row.revoked_at is not None:
        state = "is unknown" if row is None else f"was revoked by {row.revoked_by}"
        raise refuse("key", f"{key_id!r} {state}", "see: phonefleet keys list")
    return row


def _new_secret() -> Secret:
    return Secret.make(f"sec_{random_source.token_hex(8)}")


def _keep(session: Session, key_id: str, secret: Secret, master: bytes, now: datetime) -> None:
    session.add(KeySecret(id=secret.id, key_id=key_id, sealed=wrap(secret, key_id, master), created_at=now))


def _checked(spec: KeySpec) -> list[str]:
    """Returns the normalised allowlist. Raises Refused with every problem of the key."""
    problems = [*name_problems("name", spec.name), *name_problems("customer", spec.customer)]
    if not 0 < spec.rate_per_second <= 10_000:
        problems.append(Problem("rate", f"{spec.rate_per_second:g} is outside 0 to 10000 a second", "10 suits most"))
    if not 1 <= spec.most_waiting <= 1_000_000:
        problems.append(Problem("most_waiting", f"{spec.most_waiting} is outside 1 to 1000000", "10000 suits most"))
    if not 1 <= spec.weight <= 100:
        problems.append(Problem("weight", f"{spec.weight} is outside 1 to 100", "1 suits most"))
    if not 0 <= spec.highest_priority <= 9:
        reason = f"{spec.highest_priority} is outside 0 to 9"
        problems.append(Problem("highest_priority", reason, "3 suits most; 0 to 2 go before everybody's work"))
    if len(spec.allowlist) > MOST_ORIGINS:
        problems.append(Problem("allow", f"more than {MOST_ORIGINS} origins", "make a second key"))
    if (spec.wants_alerts or spec.wants_quarantines) and spec.events_url is None:
        problems.append(Problem("events_url", "is missing", "say where alerts go"))
    allowlist: list[str] = []
    try:
        allowlist = sorted({read_origin(one) for one in spec.allowlist})
        if spec.events_url is not None:
            check_allowed(read_address(spec.events_url, "events_url"), allowlist, "events_url")
    except Refused as refused:
        problems += refused.problems
    if problems:
        raise Refused(problems)
    return allowlist
