"""The pages of callbacks, authors, caps, accounts, keys, users and changes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.responsible_use.authors import read_caps
from models.tables import Account, ApiKey, AuditEntry, Author, Delivery, User
from models.transactions.read_write import read, write
from models.values.enums import BasisKind, Role
from tests.support.console.monday import PASSWORD, PEOPLE
from tests.support.console.served import Served

BOSS = PEOPLE[Role.ADMIN]


def told(console: Served, subject: str) -> list[tuple[str, str | None]]:
    rows = read(console.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    return [(one.who, one.reason) for one in rows if one.subject == subject]


def test_a_callback_is_shown_with_its_tries_and_sent_again(console: Served) -> None:
    person = console.as_role("operator")
    assert "msg_0002" in person.get("/callbacks").text
    assert "msg_0001" not in person.get("/callbacks?state=failed").text
    assert "503" in person.get("/callbacks/msg_0002").text
    assert person.post("/acts/callbacks/replay", id="msg_0002", reason="客户修好了").status_code == 303
    assert person.post("/acts/callbacks/replay", id="unknown").status_code == 422
    states = read(console.engine, lambda session: session.execute(select(Delivery.id, Delivery.state)).all())
    assert {row[0]: row[1] for row in states} == {"msg_0001": "delivered", "msg_0002": "owed"}
    assert told(console, "delivery:msg_0002") == [("李娜", "客户修好了")]


def test_what_is_longer_than_a_field_is_refused_and_not_cut(console: Served) -> None:
    boss = console.as_role("admin")
    answer = boss.post("/acts/authors/add", id="A" * 195, name="x")
    assert answer.status_code == 422
    assert "195 个字符超过了 191 个" in answer.text
    assert boss.post("/acts/authors/add", id="new", name="x", reason="y" * 3000).status_code == 422
    assert boss.post("/acts/authors/add", id="new", name="x").status_code == 303
    for wrong in ({"expires": "2030-01-019999"}, {"expires": "2030-01-01", "note": "z" * 501}):
        assert (
            boss.post("/acts/authors/basis", id="new", basis="permitted", **{"note": "a", **wrong}).status_code == 422
        )
    rows = read(console.engine, lambda session: session.execute(select(Author.id, Author.basis)).all())
    assert not [one for one, basis in rows if one.startswith("AAA") or (one == "new" and basis != BasisKind.NONE)]


def test_a_basis_and_a_cap_are_an_admins_and_a_new_author_has_none(console: Served) -> None:
    person, boss = console.as_role("operator"), console.as_role("admin")
    assert person.post("/acts/authors/add", id="new", name="新作者 <i>").status_code == 303
    assert person.post("/acts/authors/basis", id="new", basis="owned").status_code == 403
    assert person.post("/acts/authors/cap", cap="likes_per_comment", value="9").status_code == 403
    for wrong in (
        {"basis": "permitted"},
        {"basis": "mine"},
        {"basis": "owned", "expires": "tomorrow"},
        {"basis": "owned", "id": "nobody"},
    ):
        assert boss.post("/acts/authors/basis", **{"id": "new", **wrong}).status_code == 422
    asked = {"id": "new", "basis": "permitted", "note": "书面同意", "expires": "2030-01-31", "reason": "合同 7"}
    assert boss.post("/acts/authors/basis", **asked).status_code == 303
    row = read(console.engine, lambda session: session.get_one(Author, "new"))
    assert (row.basis, row.basis_note, row.basis_expires) == ("permitted", "书面同意", date(2030, 1, 31))
    assert "新作者 &lt;i&gt;" in boss.get("/authors").text
    for wrong in ({"value": "-1"}, {"value": "x"}, {"value": "9" * 20}, {"cap": "none", "value": "1"}):
        assert boss.post("/acts/authors/cap", **{"cap": "likes_per_comment", **wrong}).status_code == 422
    assert boss.post("/acts/authors/cap", cap="likes_per_comment", value="2", reason="更小心").status_code == 303
    assert read(console.engine, read_caps).likes_per_comment == 2
    assert told(console, "author:new") == [("李娜", None), (BOSS, "合同 7")]
    assert told(console, "cap:likes_per_comment") == [(BOSS, "更小心")]


def test_an_account_is_woken_and_left_out_by_an_operator(console: Served) -> None:
    def rests(session: Session) -> None:
        values = {"resting_since": database_now(session), "resting_why": "slow down"}
        session.execute(update(Account).where(Account.id == "acc0002").values(values))

    write(console.engine, rests)
    person = console.as_role("operator")
    assert "操作过快" in person.get("/accounts").text
    assert console.as_role("viewer").post("/acts/accounts/wake", id="acc0002").status_code == 403
    assert person.post("/acts/accounts/wake", id="acc0002", reason="看过了").status_code == 303
    assert person.post("/acts/accounts/exclude", id="acc0003").status_code == 303
    assert person.post("/acts/accounts/exclude", id="acc0003").status_code == 422
    assert person.post("/acts/accounts/explode", id="acc0003").status_code == 422
    assert person.post("/acts/accounts/add", id="acc0900", name="新号").status_code == 303
    row = read(console.engine, lambda session: session.get_one(Account, "acc0003"))
    assert not row.live
    assert 'class="done" role="status">已保存。' in person.get("/accounts?done=saved").text
    assert told(console, "account:acc0002") == [("李娜", "看过了")]


def test_a_key_is_revoked_by_an_admin(console: Served) -> None:
    assert console.as_role("operator").post("/acts/keys/revoke", id="key_7f3a").status_code == 403
    boss = console.as_role("admin")
    assert boss.post("/acts/keys/revoke", id="key_7f3a", reason="合同结束").status_code == 303
    assert boss.post("/acts/keys/revoke", id="key_7f3a").status_code == 422
    assert read(console.engine, lambda session: session.get_one(ApiKey, "key_7f3a")).revoked_by == BOSS
    assert "已吊销" in boss.get("/keys").text
    assert told(console, "key:key_7f3a") == [(BOSS, "合同结束")]


def test_users_are_an_admins(console: Served) -> None:
    for role in ("viewer", "operator"):
        person = console.as_role(role)
        assert person.get("/users").status_code == 403
        assert person.get("/changes").status_code == 403
        assert "/users" not in person.get("/shelf").text
    boss = console.as_role("admin")
    assert boss.post("/acts/users/add", name="新人", role="operator", password="short").status_code == 422
    assert boss.post("/acts/users/add", name="新人", role="operator", password=PASSWORD).status_code == 303
    new = console.nobody().entered("新人", PASSWORD)
    assert new.post("/acts/phones/pause", serial="P0001", reason="x").status_code == 303
    assert boss.post("/acts/users/role", name="新人", role="viewer", reason="换岗").status_code == 303
    assert new.post("/acts/phones/resume", serial="P0001").status_code == 403
    assert boss.post("/acts/users/password", name="新人", password="another good one").status_code == 303
    assert new.get("/shelf").status_code == 303
    new = console.nobody().entered("新人", "another good one")
    assert boss.post("/acts/users/disable", name="新人").status_code == 303
    assert new.get("/shelf").status_code == 303
    assert boss.post("/acts/users/enable", name="新人").status_code == 303
    assert boss.post("/acts/users/role", name=BOSS, role="viewer").status_code == 422
    assert "换岗" in boss.get("/changes?subject=user:").text
    assert "换岗" not in boss.get("/changes?who=nobody").text


def test_a_user_changes_their_own_password_and_language(console: Served) -> None:
    person = console.as_role("viewer")
    wrong = {"old": "wrong", "new": "a new password", "again": "a new password"}
    assert person.post("/me/password", **wrong).status_code == 422
    assert person.post("/me/password", **{**wrong, "old": PASSWORD, "again": "another"}).status_code == 422
    assert person.post("/me/language", language="en", back="1").headers["location"] == "/shelf"
    assert "Find" in person.get("/shelf").text
    assert person.post("/me/language", language="fr").status_code == 422
    assert person.post("/me/password", **{**wrong, "old": PASSWORD}).status_code == 303
    assert person.get("/shelf").status_code == 303
    console.nobody().entered(PEOPLE[Role.VIEWER], "a new password")
    assert read(console.engine, lambda session: session.get_one(User, PEOPLE[Role.VIEWER])).language == "en"


@pytest.mark.parametrize("role", list(Role))
def test_the_buttons_of_a_page_are_those_of_the_role(shown: Served, role: Role) -> None:
    person = shown.as_role(role)
    found = {path: person.get(path).text for path in ("/authors", "/accounts", "/keys", "/callbacks/msg_0001")}
    assert ("/acts/authors/basis" in found["/authors"]) == (role == Role.ADMIN)
    assert ("/acts/accounts/add" in found["/accounts"]) == (role != Role.VIEWER)
    assert ("/acts/keys/revoke" in found["/keys"]) == (role == Role.ADMIN)
    assert ("/acts/callbacks/replay" in found["/callbacks/msg_0001"]) == (role != Role.VIEWER)
    assert "<script>alert" not in found["/callbacks/msg_0001"]
    assert [path for path, page in found.items() if 'class="done"' in page] == []  # nothing was done
