"""Keys that the master key at hand does not open: their customers can send nothing, and are sent nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.keys.master_key import MasterKeyWrong, master_key, unwrap
from models.database.clock import database_now
from models.notify.alerts import end_alerts, raise_or_renew
from models.tables import ApiKey, KeySecret
from models.transactions.read_write import write
from models.values.refused import refuse

log = logging.getLogger("phonefleet.keys")

KIND, SUBJECT = "keys_unopened", "setting:PHONEFLEET_MASTER_KEY"
REMEDY = (
    "give back the one that they were made under, or move them to this one: phonefleet keys rewrap; "
    "if it is lost, give each new secrets: phonefleet keys rotate KEY --hours 0"
)


@dataclass(frozen=True, slots=True)
class Unopened:
    """The keys in force that the master key does not open, and how many are in force. There may be none."""

    keys: tuple[str, ...]
    in_force: int

    @property
    def told(self) -> str:
        """Returns the sentence for people."""
        named = f"PHONEFLEET_MASTER_KEY does not open {len(self.keys)} of {self.in_force} keys in force"
        return f"{named}, such as {self.keys[0]}: they were made under another one"


def live_secrets(session: Session) -> ColumnElement[bool]:
    """Returns the condition that a secret has not expired."""
    return or_(KeySecret.expires_at.is_(None), KeySecret.expires_at > database_now(session))


def find_unopened(session: Session) -> Unopened:
    """Tries the master key on every live secret: a few microseconds for each. Raises Refused when there is none."""
    master = master_key()
    in_force = select(KeySecret).join(ApiKey, ApiKey.id == KeySecret.key_id).where(ApiKey.revoked_at.is_(None))
    opened: dict[str, bool] = {}
    for one in session.scalars(in_force.where(live_secrets(session)).order_by(KeySecret.key_id)):
        opened[one.key_id] = opened.get(one.key_id, True) and _opens(one, master)
    return Unopened(tuple(key_id for key_id, opens in opened.items() if not opens), len(opened))


def check_some_open(session: Session) -> Unopened:
    """Returns what `find_unopened` does. Raises Refused when the master key opens none of the keys in force.

    Then it is the wrong one. When it opens some, it serves these: the others were made under one of before.
    """
    found = find_unopened(session)
    if found.keys and len(found.keys) == found.in_force:
        reason = f"opens none of the keys in force ({found.in_force}): they were made under another one"
        raise refuse("PHONEFLEET_MASTER_KEY", reason, REMEDY)
    return found


def check_lives_on(secrets: Iterable[KeySecret]) -> None:
    """Raises Refused when a secret that would live on beside a new one cannot be opened: the key would stay shut."""
    master = master_key()
    for one in secrets:
        if not _opens(one, master):
            reason = f"does not open the secret that {one.key_id} has, and that would live on"
            remedy = (
                "give back the one that it was made under, or end that secret at once: "
                "phonefleet keys rotate KEY --hours 0"
            )
            raise refuse("PHONEFLEET_MASTER_KEY", reason, remedy)


def note_unopened(engine: Engine, *, refuse_all: bool = False) -> Unopened | None:
    """Raises the alert about keys that do not open, or ends it. None: the ledger is away, which stops nobody here.

    `refuse_all`: raises Refused when none opens.
    """

    def work(session: Session) -> Unopened:
        found, now = (check_some_open if refuse_all else find_unopened)(session), database_now(session)
        if found.keys:
            raise_or_renew(session, KIND, SUBJECT, found.told, REMEDY, now)
        else:
            end_alerts(session, KIND, SUBJECT, now)
        return found

    try:
        found = write(engine, work)
    except SQLAlchemyError as error:
        log.warning("the keys were not tried: %s", getattr(error, "orig", error))
        return None
    if found.keys:
        log.error("%s; %s", found.told, REMEDY)
    return found


def _opens(one: KeySecret, master: bytes) -> bool:
    try:
        unwrap(one.sealed, one.id, one.key_id, master)
    except MasterKeyWrong:
        return False
    return True
