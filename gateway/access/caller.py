"""The caller: the key that signed the request, and the keys whose rows it may see."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from starlette.requests import Request

from gateway.keys.api_keys import Key, find_key
from gateway.keys.master_key import MasterKeyWrong
from gateway.keys.unopened import note_unopened
from gateway.problem import ApiProblem
from models.database.clock import database_now
from models.history.request_ids import remember
from models.tables import ApiKey
from models.transactions.read_write import read, write

SCOPE = "phonefleet.caller"
KEEP_SECONDS = 1.0
MOST_KEPT = 1000
TELL_SECONDS = 60.0  # strangers can ask for a key that does not open as often as they like


class Replayed(ApiProblem):
    """A request with this id was accepted before."""

    def __init__(self) -> None:
        super().__init__("not_authenticated")


@dataclass(frozen=True, slots=True)
class Known:
    """A key in force, and the keys of the same customer that see the same rows.

    Sandbox keys share with one another, and never with keys that move real phones.
    """

    key: Key
    shares_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """The key behind one request. `request_id` is the request's webhook-id."""

    key: Key
    sees: tuple[str, ...]  # the keys whose tasks, campaigns and deliveries it sees
    request_id: str

    @property
    def who(self) -> str:
        """Returns the caller's name for the audit log."""
        return f"{self.key.customer[:120]} ({self.key.id})"

    def did(self, who: str) -> bool:
        """True when this name from the audit log belongs to a key of the same customer."""
        return any(who.endswith(f"({key_id})") for key_id in self.sees)

    def once(self, session: Session) -> None:
        """Records the request id, in the transaction that makes the change. Raises Replayed."""
        if not remember(session, self.key.id, self.request_id, database_now(session)):
            raise Replayed


def caller_in(request: Request) -> Caller:
    """Returns the caller that the middleware authenticated."""
    caller = request.scope[SCOPE]
    assert isinstance(caller, Caller)
    return caller


async def caller_of(request: Request) -> Caller:
    """Returns the same, as a dependency."""
    return caller_in(request)


def accept_once(engine: Engine, caller: Caller) -> None:
    """Records the id of a request whose work uses transactions of its own. Raises Replayed."""
    write(engine, caller.once)


class Keyring:
    """Caches keys by id for 1 s: a revoked or disabled key is refused at most 1 s later."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._kept: dict[str, tuple[float, Known]] = {}
        self._none: dict[str, float] = {}  # unknown ids; kept apart, because strangers can send any number of them
        self._told_at = -math.inf  # when people were told last of keys that do not open
        self._lock = threading.Lock()

    def kept(self, key_id: str) -> tuple[Known | None] | None:
        """Returns the cached answer, if it is less than 1 s old: (key,) or (None,). None: the caller must look it up.

        Only one caller a second is told to look a known key up; the others get the cached key meanwhile.
        """
        now = self._clock()
        if now - self._none.get(key_id, -math.inf) < KEEP_SECONDS:
            return (None,)
        found_at, known = self._kept.get(key_id, (-math.inf, None))
        if known is not None and now - found_at < KEEP_SECONDS:
            return (known,)
        if known is not None:
            self._kept[key_id] = (now, known)
        return None

    def knows(self, key_id: str) -> bool:
        """True when the last look-up of this id found a key."""
        return key_id in self._kept

    def find(self, key_id: str) -> Known | None:
        """Reads the key, if it is in force. Raises the database's errors, and MasterKeyWrong: people are told of it."""
        now = self._clock()
        try:
            found = read(self._engine, lambda session: _known(session, key_id))
        except MasterKeyWrong:
            if now - self._told_at >= TELL_SECONDS:
                self._told_at = now
                note_unopened(self._engine)
            raise
        with self._lock:
            for kept in (self._kept, self._none):
                kept.pop(key_id, None)
                if len(kept) >= MOST_KEPT:
                    kept.clear()
            if found is None:
                self._none[key_id] = now
            else:
                self._kept[key_id] = (now, found)
        return found


def _known(session: Session, key_id: str) -> Known | None:
    key = find_key(session, key_id, to_ask=True)
    if key is None:
        return None
    same = select(ApiKey.id).where(ApiKey.customer == key.customer, ApiKey.sandbox == key.sandbox)
    return Known(key, tuple(session.scalars(same.order_by(ApiKey.id))))
