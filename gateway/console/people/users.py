"""Users of the console: adds them, and changes their role, password and language, with a record of who did it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from gateway.console.people.passwords import hashed
from gateway.words.language import LANGUAGES
from models.database.clock import database_now
from models.history.audit_log import record_change
from models.tables import User, UserSession
from models.transactions.read_write import write
from models.values.enums import Role
from models.values.names import name_problems
from models.values.refused import Refused, refuse

SEE = "see: phonefleet users"


def add_user(engine: Engine, name: str, role: str, password: str, *, who: str) -> None:
    """Adds a user. Raises Refused for a name that is taken or bad, an unknown role, and a bad password."""
    _check_fields(name, role)
    secret = hashed(password)

    def work(session: Session) -> None:
        check_new(session, name, role)
        session.add(User(name=name, role=role, password_hash=secret, created_at=database_now(session), created_by=who))
        record_change(session, who, f"user:{name}", None, {"role": role})

    write(engine, work)


def check_new(session: Session, name: str, role: str) -> None:
    """Raises Refused for a name that is taken or bad, and an unknown role: before anybody types a password."""
    _check_fields(name, role)
    if session.get(User, name) is not None:
        raise refuse("name", f"{name!r} is a user already", "set a password: phonefleet users password NAME")


def check_known(session: Session, name: str) -> None:
    """Raises Refused when there is no such user."""
    if session.get(User, name) is None:
        raise refuse("name", f"{name!r} is no user", SEE)


def set_role(engine: Engine, name: str, role: str, *, who: str) -> None:
    """Changes a user's role; it holds from the next request on. Raises Refused, also for the last admin."""
    _check_role(role)

    def work(session: Session) -> None:
        user = _known(session, name)
        if user.role == role:
            raise refuse("role", f"{name!r} is {role} already", "nothing is to be done")
        if role != Role.ADMIN:
            _keep_an_admin(session, user)
        record_change(session, who, f"user:{name}", {"role": user.role}, {"role": role})
        user.role = role

    write(engine, work)


def set_password(engine: Engine, name: str, password: str, *, who: str) -> None:
    """Sets a password, and ends the sessions that were opened with the one before. Raises Refused."""
    secret = hashed(password)

    def work(session: Session) -> None:
        user = _known(session, name)
        user.password_hash = secret
        end_all_sessions(session, name)
        record_change(session, who, f"user:{name}", None, {"password": "changed"})

    write(engine, work)


def disable_user(engine: Engine, name: str, *, who: str, disabled: bool = True) -> None:
    """Disables a user and ends their sessions, or enables them again. Raises Refused, also for the last admin."""

    def work(session: Session) -> None:
        user = _known(session, name)
        if (user.disabled_at is not None) == disabled:
            raise refuse(
                "name", f"{name!r} is {'disabled' if disabled else 'enabled'} already", "nothing is to be done"
            )
        if disabled:
            _keep_an_admin(session, user)
            end_all_sessions(session, name)
        record_change(session, who, f"user:{name}", {"disabled": not disabled}, {"disabled": disabled})
        user.disabled_at = database_now(session) if disabled else None
        user.disabled_by = who if disabled else None

    write(engine, work)


def set_language(engine: Engine, name: str, language: str | None) -> None:
    """Sets the language in which a user reads the console; None for the browser's. Raises Refused."""
    if language is not None and language not in LANGUAGES:
        raise refuse("language", f"{language!r} is none of the console's", f"use one of {', '.join(LANGUAGES)}")

    def work(session: Session) -> None:
        user = _known(session, name)
        if user.language != language:
            record_change(session, name, f"user:{name}", {"language": user.language}, {"language": language})
        user.language = language

    write(engine, work)


def list_users(session: Session) -> Sequence[tuple[User, int]]:
    """Returns every user by name, with the number of sessions that have not ended."""
    live = select(UserSession.user, func.count()).where(UserSession.ends_at > database_now(session))
    open_ones = dict(session.execute(live.group_by(UserSession.user)).all())
    return [(one, open_ones.get(one.name, 0)) for one in session.scalars(select(User).order_by(User.name))]


def end_all_sessions(session: Session, name: str) -> None:
    """Ends the sessions of a user."""
    session.execute(delete(UserSession).where(UserSession.user == name))


def _known(session: Session, name: str) -> User:
    user = session.get(User, name, with_for_update=True)
    if user is None:
        raise refuse("name", f"{name!r} is no user", SEE)
    return user


def _keep_an_admin(session: Session, user: User) -> None:
    others = select(User.name).where(User.role == Role.ADMIN, User.disabled_at.is_(None), User.name != user.name)
    if user.role == Role.ADMIN and session.scalars(others.with_for_update()).first() is None:
        raise refuse(
            "name", f"{user.name!r} is the only admin", "make another one first: phonefleet users role NAME admin"
        )


def _check_fields(name: str, role: str) -> None:
    problems = list(name_problems("name", name))
    if problems:
        raise Refused(problems)
    _check_role(role)


def _check_role(role: str) -> None:
    if role not in [*Role]:
        raise refuse("role", f"{role!r} is none", f"use one of {', '.join(Role)}")
