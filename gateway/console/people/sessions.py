"""Sessions: opens one at a login, finds it by the cookie's token, and ends it.

The ledger holds a token's hash alone. A session ends 8 hours after its last use, and a day after its login whatever is
done; it ends at once with its user's logout, password or right to log in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, Select, delete, or_, select
from sqlalchemy.orm import Session

from gateway.console.people.passwords import fits
from models.database.clock import database_now
from models.tables import User, UserSession
from models.transactions.read_write import read, write
from models.values.enums import Role

IDLE = timedelta(hours=8)
LONGEST = timedelta(hours=24)
NOTED_EVERY = timedelta(minutes=1)  # a use is written so often at most
MOST_PER_USER = 20  # the oldest end
RANK = {role: place for place, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Person:
    """The user behind a request, and what their forms must carry."""

    name: str
    role: Role
    language: str | None
    form_token: str

    def may(self, role: Role) -> bool:
        """Returns whether the user may do what this role may."""
        return RANK[self.role] >= RANK[role]


def log_in(engine: Engine, name: str, password: str, address: str) -> str | None:
    """Opens a session. Returns its token, or None for a wrong name or password, or a disabled user."""
    known = read(engine, lambda session: session.scalar(_enabled(name)))
    if not fits(password, known):
        return None
    token = secrets.token_urlsafe(32)

    def work(session: Session) -> bool:
        if session.scalar(_enabled(name)) != known:  # changed or disabled in between
            return False
        now = database_now(session)
        session.execute(delete(UserSession).where(or_(UserSession.ends_at <= now, UserSession.seen_at <= now - IDLE)))
        mine = select(UserSession).where(UserSession.user == name).order_by(UserSession.created_at.desc())
        for old in session.scalars(mine.offset(MOST_PER_USER - 1)):
            session.delete(old)
        opened = UserSession(
            token_hash=_hash(token),
            user=name,
            address=address[:191],
            created_at=now,
            seen_at=now,
            ends_at=now + LONGEST,
        )
        session.add(opened)
        return True

    return token if write(engine, work) else None


def person_of(engine: Engine, token: str, *, used: bool = True) -> Person | None:
    """Returns the user of a token, None when its session has ended; `used`: it ends 8 hours from now."""

    def look(session: Session) -> tuple[Person, bool] | None:
        now = database_now(session)
        found = session.execute(
            select(User, UserSession.seen_at)
            .join(UserSession, UserSession.user == User.name)
            .where(
                UserSession.token_hash == _hash(token),
                UserSession.ends_at > now,
                UserSession.seen_at > now - IDLE,
                User.disabled_at.is_(None),
            )
        ).one_or_none()
        if found is None:
            return None
        user, seen_at = found
        return Person(user.name, Role(user.role), user.language, form_token(token)), now - seen_at > NOTED_EVERY

    answer = read(engine, look)
    if answer is None:
        return None
    person, stale = answer
    if used and stale:
        write(engine, lambda session: _note_use(session, token))
    return person


def log_out(engine: Engine, token: str) -> None:
    """Ends a session."""
    write(engine, lambda session: session.execute(delete(UserSession).where(UserSession.token_hash == _hash(token))))


def form_token(token: str) -> str:
    """Returns what each form of this session must carry: nobody can make it who does not hold the cookie."""
    return hmac.new(token.encode(), b"phonefleet console form", hashlib.sha256).hexdigest()


def _note_use(session: Session, token: str) -> None:
    found = session.get(UserSession, _hash(token))
    if found is not None:
        found.seen_at = database_now(session)


def _enabled(name: str) -> Select[str]:
    return select(User.password_hash).where(User.name == name, User.disabled_at.is_(None))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
