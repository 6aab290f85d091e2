"""Who asks: the key that signed the request, and what it may see."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from starlette.requests import Request

from gateway.keys.api_keys import Key, find_key, remember
from gateway.problem import ApiProblem
from models.database.clock import database_now
from models.tables import ApiKey
from models.transactions.read_write import read, write

SCOPE = "phonefleet.caller"
KEEP_SECONDS = 1.0
MOST_KEPT = 1000


class Replayed(ApiProblem):
    """The request was let in before."""

    def __init__(self) -> None:
        super().__init__("not_authenticated")


@dataclass(frozen=True, slots=True)
class Known:
    """A key that is in force, and the keys of the same customer that share what it sees.

    Those of a sandbox share with one another, and never with those that move real phones.
    """

    key: Key
    shares_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """The key behind one request. `request_id` is the webhook-id that it came with."""

    key: Key
    sees: tuple[str, ...]  # the keys whose tasks, campaigns and deliveries it sees
    request_id: str

    @property
    def who(self) -> str:
        """As records name it."""
        return f"{self.key.customer[:120]} ({self.key.id})"

    def did(self, who: str) -> bool:
        """Does this name, as records have it, stand for a key of the same customer?"""
        return any(who.endswith(f"({key_id})") for key_id in self.sees)

    def once(self, session: Session) -> None:
        """To be called in the transaction of whatever changes something. Raises Replayed."""
        if not remember(session, self.key.id, self.request_id, database_now(session)):
            raise Replayed


async def caller_of(request: Request) -> Caller:
    """The caller that the door let in."""
    caller = request.scope[SCOPE]
    assert isinstance(caller, Caller)
    return caller


def let_in_once(engine: Engine, caller: Caller) -> None:
    """Remember a request whose work has transactions of its own. Raises Replayed."""
    write(engine, caller.once)


class Keyring:
    """Keys by id, each kept for a second: a key that is revoked is refused a second later at the latest."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._kept: dict[str, tuple[float, Known]] = {}
        self._none: dict[str, float] = {}  # ids that are no key's; kept apart, for there is no end of them
        self._lock = threading.Lock()

    def kept(self, key_id: str) -> tuple[Known | None] | None:
        """The key, or that there is none, as it was found within the last second; None: look now.

        Whoever is told to look is the only one for a second: the others take what is known meanwhile.
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
        """Was it a key's when it was looked up last?"""
        return key_id in self._kept

    def find(self, key_id: str) -> Known | None:
        """The key, if it is in force. Raises what the database raises, and MasterKeyWrong."""
        now = self._clock()
        found = read(self._engine, lambda session: _known(session, key_id))
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
    key = find_key(session, key_id)
    if key is None:
        return None
    same = select(ApiKey.id).where(ApiKey.customer == key.customer, ApiKey.sandbox == key.sandbox)
    return Known(key, tuple(session.scalars(same.order_by(ApiKey.id))))
