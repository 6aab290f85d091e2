"""Nothing is overwritten and nothing left as it was without a word: each change says what was before."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from models.fleet.accounts import register_account
from models.tables import Account, AuditEntry, Author
from models.transactions.read_write import read, write
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import owned_author, titles
from workers.planting.submit import submit
from workers.settings import settings


def _changes(here: Installation) -> list[tuple[str, object, object]]:
    rows = read(here.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    return [(row.subject, row.before, row.after) for row in rows]


def _rest(here: Installation, account: str) -> None:
    def work(session: object) -> None:
        row = session.get_one(Account, account)  # type: ignore[attr-defined]
        row.resting_since, row.resting_why = row.created_at, "slow down"

    write(here.engine, work)


@pytest.mark.parametrize(
    ("what", "table"),
    [("authors", Author), ("accounts", Account)],
)
def test_a_known_name_is_not_replaced_without_a_word(
    what: str, table: type[Author] | type[Account], here: Installation, run: Run
) -> None:
    assert run(what, "add", "xiaopeng", "小鹏汽车").status == 0
    added = (f"{what[:-1]}:xiaopeng", None, {"name": "小鹏汽车"})
    assert _changes(here) == [added]
    refused = run(what, "add", "xiaopeng", "x")
    assert refused.status == 2
    assert "'xiaopeng' is known already, as 小鹏汽车" in refused.err
    assert "--rename" in refused.err
    assert read(here.engine, lambda session: getattr(session.get_one(table, "xiaopeng"), "name", None)) == "小鹏汽车"
    assert "nothing is to be done" in run(what, "add", "xiaopeng", "小鹏汽车").err
    assert _changes(here) == [added]
    renamed = run(what, "add", "xiaopeng", "x", "--rename")
    assert renamed.out == "xiaopeng was known as 小鹏汽车, and is known as x now\n"
    assert _changes(here) == [added, (f"{what[:-1]}:xiaopeng", {"name": "小鹏汽车"}, {"name": "x"})]


def test_a_basis_says_what_it_replaces(here: Installation, run: Run) -> None:
    here.know_authors("xiaopeng", basis=False)
    assert run("authors", "basis", "xiaopeng", "owned").out == "xiaopeng: owned; before: none\n"
    again = run("authors", "basis", "xiaopeng", "owned")
    assert again.status == 2
    assert "it is so already" in again.err
    said = run("authors", "basis", "xiaopeng", "permitted", "--note", "letter A", "--expires", "2031-01-31")
    assert said.out == "xiaopeng: permitted until 2031-01-31 (letter A); before: owned\n"
    said = run("authors", "basis", "xiaopeng", "permitted", "--note", "letter B")
    assert said.out == "xiaopeng: permitted (letter B); before: permitted until 2031-01-31 (letter A)\n"
    assert len(_changes(here)) == 3


def test_a_cap_says_what_it_replaces(here: Installation, run: Run) -> None:
    assert run("authors", "caps", "likes_per_comment", "2").out.startswith("likes_per_comment: 2; before: 3\n")
    again = run("authors", "caps", "likes_per_comment", "2")
    assert again.status == 2
    assert "likes_per_comment is 2 already" in again.err
    assert len(_changes(here)) == 1


def test_who_does_not_rest_is_not_woken_and_who_takes_part_is_not_taken_in(here: Installation, run: Run) -> None:
    register_account(here.engine, "acc1", "one")
    woken = run("accounts", "wake", "acc1")
    assert woken.status == 2
    assert "'acc1' does not rest" in woken.err
    assert "'acc1' takes part already" in run("accounts", "live", "acc1", "true").err
    assert run("accounts", "live", "acc1", "false").status == 0
    assert "'acc1' does not take part already" in run("accounts", "live", "acc1", "false").err
    _rest(here, "acc1")
    assert run("accounts", "wake", "acc1").status == 0
    assert run("accounts", "wake", "acc1").status == 2
    assert len(_changes(here)) == 2


def test_what_is_paused_is_not_paused_again(here: Installation, run: Run) -> None:
    here.know_phones("acc0001")
    owned_author(here.engine)
    handle = submit(titles(), name="one", engine=here.engine)
    task = run("status", handle.id).out  # names no task: nothing waits, nothing failed
    assert "not succeeded" not in task
    for what in (handle.id, "SIM0001"):
        assert run("pause", what, "--who", "lena", "--why", "new battery").status == 0
        again = run("pause", what, "--who", "max", "--why", "other")
        assert again.status == 2
        assert "is paused already: lena paused it: new battery" in again.err
        assert f"phonefleet resume {what}" in again.err
        assert run("resume", what).status == 0
        assert "is not paused" in run("resume", what).err
    assert run("stop", handle.id).status == 0
    assert "has ended: stopped" in run("stop", handle.id).err
    nothing = run("stop", "SIM0001")
    assert nothing.status == 2
    assert "phone SIM0001 has nothing that runs or waits" in nothing.err


@pytest.fixture
def key(here: Installation, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A key that may be called back at two addresses."""
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())
    settings.cache_clear()
    made = run(
        "keys", "make", "x", "--customer", "acme", "--allow", "https://a.example", "--allow", "https://b.example"
    )
    yield made.out.split()[2]
    settings.cache_clear()


def test_a_key_says_what_it_loses(key: str, run: Run) -> None:
    said = run("keys", "allow", key, "https://b.example", "https://c.example").out
    assert f"{key} may be called back at https://b.example" in said
    assert "and no longer at https://a.example" in said
    assert "nothing was changed" in run("keys", "allow", key, "https://b.example", "https://c.example").out
    assert run("keys", "limits", key, "--rate", "5").out == f"{key}: 5 requests a second, before 10\n"
    assert (
        run("keys", "limits", key, "--most-waiting", "7").out == f"{key}: 7 tasks that have not ended, before 10000\n"
    )
    listed = run("keys").out
    assert "5/s" in listed
    limits = [line.strip() for line in listed.splitlines() if line.strip().startswith("limits:")]
    assert limits == ["limits: 5/s, 7 waiting; secrets: 1"]
    assert "limits: none is given" in run("keys", "limits", key).err
    assert f"{key} is disabled" in run("keys", "disable", key).out
    assert "disabled 20" in run("keys").out
    assert run("keys", "disable", key).status == 2
    assert f"{key} is enabled" in run("keys", "enable", key).out
    assert "disabled" not in run("keys").out
    assert run("keys", "revoke", key).status == 0
    assert run("keys", "revoke", key).status == 2
