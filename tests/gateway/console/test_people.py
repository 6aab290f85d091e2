"""Users and sessions: what the ledger keeps of them, and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import Type
from sqlalchemy import select, update

from gateway.console.people.login_limit import OF_ADDRESS, OF_NAME, LoginLimit
from gateway.console.people.sessions import IDLE, LONGEST, MOST_PER_USER, log_in, log_out, person_of
from gateway.console.people.users import add_user, disable_user, list_users, set_language, set_password, set_role
from models.tables import AuditEntry, User, UserSession
from models.transactions.read_write import read, write
from models.values.enums import Role
from models.values.refused import Refused
from tests.support.console.quick_passwords import as_the_product_does
from tests.support.installation import Installation

GOOD = "correct horse battery"


@pytest.fixture
def lena(here: Installation) -> Installation:
    """A ledger with one operator and one admin."""
    add_user(here.engine, "lena", Role.OPERATOR, GOOD, who="test")
    add_user(here.engine, "boss", Role.ADMIN, GOOD, who="test")
    return here


def opened(here: Installation, name: str = "lena") -> str:
    token = log_in(here.engine, name, GOOD, "127.0.0.1")
    assert token is not None
    return token


def test_a_session_is_found_by_its_token_until_logout(lena: Installation) -> None:
    token = opened(lena)
    person = person_of(lena.engine, token)
    assert person is not None
    assert (person.name, person.role) == ("lena", Role.OPERATOR)
    assert person.may(Role.VIEWER)
    assert not person.may(Role.ADMIN)
    log_out(lena.engine, token)
    assert person_of(lena.engine, token) is None


def test_the_ledger_holds_neither_password_nor_token(lena: Installation) -> None:
    token = opened(lena)
    with lena.engine.connect() as connection:
        kept = [
            str(row) for table in (User, UserSession, AuditEntry) for row in connection.execute(select(table.__table__))
        ]
    assert kept
    assert not any(GOOD in row or token in row for row in kept)
    assert "$argon2id$" in "".join(kept)


def test_the_product_hashes_at_the_cost_that_rfc_9106_asks_for() -> None:
    asked = as_the_product_does
    assert (asked.type, asked.memory_cost, asked.time_cost, asked.parallelism) == (Type.ID, 64 * 1024, 3, 4)


@pytest.mark.parametrize(
    ("name", "password"), [("lena", "wrong"), ("nobody", GOOD), ("LENA", GOOD), ("lena", GOOD * 100)]
)
def test_a_wrong_name_or_password_opens_nothing(lena: Installation, name: str, password: str) -> None:
    assert log_in(lena.engine, name, password, "127.0.0.1") is None


@pytest.mark.parametrize("column", ["seen_at", "ends_at"])
def test_a_session_ends_when_it_is_idle_or_old(lena: Installation, column: str) -> None:
    token = opened(lena)
    ago = IDLE if column == "seen_at" else LONGEST
    rows = read(lena.engine, lambda session: session.scalars(select(UserSession)).all())
    later = {column: getattr(rows[0], column) - ago - timedelta(seconds=1)}
    write(lena.engine, lambda session: session.execute(update(UserSession).values(later)))
    assert person_of(lena.engine, token) is None
    opened(lena)  # and cleans up
    assert len(read(lena.engine, lambda session: session.scalars(select(UserSession)).all())) == 1


def test_use_is_noted_and_a_stream_is_no_use(lena: Installation) -> None:
    token = opened(lena)

    def seen() -> object:
        return read(lena.engine, lambda session: session.scalar(select(UserSession.seen_at)))

    old = read(lena.engine, lambda session: session.scalars(select(UserSession)).one()).seen_at - timedelta(hours=1)
    write(lena.engine, lambda session: session.execute(update(UserSession).values(seen_at=old)))
    assert person_of(lena.engine, token, used=False) is not None
    assert seen() == old
    assert person_of(lena.engine, token) is not None
    assert seen() != old


def test_a_new_password_and_a_disabled_user_end_the_sessions(lena: Installation) -> None:
    token = opened(lena)
    set_password(lena.engine, "lena", "another good one", who="boss")
    assert person_of(lena.engine, token) is None
    assert log_in(lena.engine, "lena", GOOD, "127.0.0.1") is None
    set_password(lena.engine, "lena", GOOD, who="boss")
    token = opened(lena)
    disable_user(lena.engine, "lena", who="boss")
    assert person_of(lena.engine, token) is None
    assert log_in(lena.engine, "lena", GOOD, "127.0.0.1") is None
    disable_user(lena.engine, "lena", who="boss", disabled=False)
    opened(lena)


def test_a_changed_role_holds_at_once(lena: Installation) -> None:
    token = opened(lena)
    set_role(lena.engine, "lena", Role.VIEWER, who="boss")
    person = person_of(lena.engine, token)
    assert person is not None
    assert not person.may(Role.OPERATOR)


def test_the_oldest_sessions_end_when_there_are_many(lena: Installation) -> None:
    first = opened(lena)
    for _ in range(MOST_PER_USER):
        opened(lena)
    assert person_of(lena.engine, first) is None
    assert [count for user, count in read(lena.engine, list_users) if user.name == "lena"] == [MOST_PER_USER]


def test_every_change_of_a_user_is_in_the_audit_log(lena: Installation) -> None:
    set_role(lena.engine, "lena", Role.ADMIN, who="boss")
    set_language(lena.engine, "lena", "en")
    set_password(lena.engine, "lena", GOOD, who="boss")
    disable_user(lena.engine, "lena", who="boss")
    rows = read(lena.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    told = [(one.who, one.after) for one in rows if one.subject == "user:lena"]
    assert told == [
        ("test", {"role": "operator"}),
        ("boss", {"role": "admin"}),
        ("lena", {"language": "en"}),
        ("boss", {"password": "changed"}),
        ("boss", {"disabled": True}),
    ]


def test_what_cannot_be_is_refused(lena: Installation) -> None:
    cases: tuple[Callable[[], None], ...] = (
        lambda: add_user(lena.engine, "lena", Role.VIEWER, GOOD, who="boss"),
        lambda: add_user(lena.engine, "mei", "root", GOOD, who="boss"),
        lambda: add_user(lena.engine, "mei", Role.VIEWER, "short", who="boss"),
        lambda: add_user(lena.engine, " mei", Role.VIEWER, GOOD, who="boss"),
        lambda: add_user(lena.engine, "mei\u200b", Role.VIEWER, GOOD, who="boss"),
        lambda: set_role(lena.engine, "boss", Role.VIEWER, who="boss"),
        lambda: disable_user(lena.engine, "boss", who="boss"),
        lambda: set_role(lena.engine, "nobody", Role.VIEWER, who="boss"),
        lambda: set_language(lena.engine, "lena", "fr"),
    )
    for work in cases:
        with pytest.raises(Refused):
            work()


def test_failures_are_limited_by_name_and_by_address_and_never_by_name_alone() -> None:
    limit = LoginLimit()
    for _ in range(OF_NAME.amount):
        assert not limit.reached("10.0.0.1", "lena")
        limit.failed("10.0.0.1", "lena")
    assert limit.reached("10.0.0.1", "lena")
    assert not limit.reached("10.0.0.1", "boss")
    assert not limit.reached("10.0.0.2", "lena")
    for number in range(OF_ADDRESS.amount):
        limit.failed("10.0.0.3", f"name {number}")
    assert limit.reached("10.0.0.3", "lena")
