"""`phonefleet users`: the first admin, and what is done to users afterwards."""

from __future__ import annotations

import io

import pytest

from gateway.console.people.sessions import log_in
from tests.scripts.conftest import Run
from tests.support.installation import Installation

PASSWORD = "correct horse battery"


def test_the_first_admin_is_made_by_the_command_and_the_password_is_never_shown(
    here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "phonefleet users add NAME --role admin" in run("users").out
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    said = run("users", "add", "lena", "--role", "admin", "--stdin")
    assert said.status == 0, said.err
    assert PASSWORD not in said.out + said.err
    assert log_in(here.engine, "lena", PASSWORD, "127.0.0.1") is not None
    assert "lena" in run("users").out
    assert run("users", "disable", "lena").status == 2  # the only admin
    assert run("users", "role", "lena", "viewer").status == 2


def test_without_a_terminal_a_password_must_be_piped(
    here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    said = run("users", "add", "lena", "--role", "viewer")
    assert said.status == 2
    assert "--stdin" in said.err


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("add", "lena", "--role", "god"), "role"),
        (("add", "", "--role", "viewer"), "name"),
        (("password", "nobody"), "name"),
    ],
    ids=["role", "name", "user"],
)
def test_no_password_is_asked_for_in_vain(
    here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], field: str
) -> None:
    monkeypatch.setattr("scripts.commands.users._password", lambda _: pytest.fail("it asked for a password"))
    said = run("users", *asked)
    assert said.status == 2
    assert f"  {field}: " in said.err
