"""Keys: their secrets rest encrypted, live two at a time, and end for good."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from gateway.keys.api_keys import (
    Key,
    KeySpec,
    change_key,
    disable_key,
    find_key,
    list_keys,
    make_key,
    revoke_key,
    rewrap_secrets,
    rotate_key,
)
from gateway.keys.master_key import MasterKeyWrong, master_key
from gateway.protocol.seal import Secret
from models.database.clock import database_now
from models.history.request_ids import REMEMBERED, forget_seen, remember
from models.tables import ApiKey, AuditEntry, KeySecret, SeenId
from models.transactions.read_write import read, write
from models.values.refused import Refused
from tests.support.gateway.customers import customer, deliveries
from tests.support.threads import at_once
from workers.settings import settings

SPEC = KeySpec("trial", "acme", sandbox=True, allowlist=["https://hooks.example.com"])


@pytest.fixture(autouse=True)
def _with_master_key(master_key: str) -> None:
    """Every key rests under it."""


def found(engine: Engine, key_id: str) -> Key | None:
    return read(engine, lambda session: find_key(session, key_id))


def live(engine: Engine, key_id: str) -> list[str]:
    key = found(engine, key_id)
    return [] if key is None else [secret.id for secret in key.secrets]


def test_a_key_is_found_with_what_it_was_made_for_and_its_secret(ledger: Engine) -> None:
    key_id, secret = make_key(ledger, SPEC, who="lena")
    key = found(ledger, key_id)
    assert key is not None
    assert key.secrets == (secret,)
    assert (key.customer, key.sandbox, key.allowlist) == ("acme", True, ("https://hooks.example.com",))
    assert (key.rate_per_second, key.most_waiting, key.plain_json_allowed) == (10.0, 10_000, False)
    assert found(ledger, "key_of_nobody") is None
    change = read(ledger, lambda session: session.scalars(select(AuditEntry)).one())
    assert (change.who, change.subject) == ("lena", f"key:{key_id}")


def test_the_ledger_holds_no_secret_that_can_be_read(ledger: Engine) -> None:
    _, secret = make_key(ledger, SPEC, who="lena")
    with ledger.connect() as connection:
        rows = " ".join(
            str(tuple(row))
            for table in ("api_keys", "key_secrets", "changes")
            for row in connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - names of this test's own
        )
    for hidden in (secret.seal_key, secret.signing_key):
        assert hidden.hex() not in rows
        assert base64.b64encode(hidden).decode() not in rows


def test_another_master_key_opens_nothing_and_none_is_refused(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id, _ = make_key(ledger, SPEC, who="lena")
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    settings.cache_clear()
    with pytest.raises(MasterKeyWrong):
        found(ledger, key_id)
    monkeypatch.delenv("PHONEFLEET_MASTER_KEY")
    settings.cache_clear()
    with pytest.raises(Refused, match="head -c 32 /dev/urandom"):
        found(ledger, key_id)
    assert [one.row.id for one in list_keys(ledger)] == [key_id]


def test_secrets_move_to_a_new_master_key_all_or_none(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    old = master_key()
    (one, first), (other, second) = make_key(ledger, SPEC, who="lena"), make_key(ledger, SPEC, who="lena")
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    settings.cache_clear()
    with pytest.raises(MasterKeyWrong):
        rewrap_secrets(ledger, bytes(range(1, 33)), who="lena")
    assert rewrap_secrets(ledger, old, who="lena") == 2
    keys = [found(ledger, key_id) for key_id in (one, other)]
    assert [key.secrets if key else () for key in keys] == [(first,), (second,)]
    assert rewrap_secrets(ledger, old, who="lena") == 0, "they rest under the new one already"


def test_a_secret_does_not_open_as_that_of_another_key(ledger: Engine) -> None:
    (one, _), (other, _) = make_key(ledger, SPEC, who="lena"), make_key(ledger, SPEC, who="lena")

    def swap(session: Session) -> None:
        resting = dict(session.execute(select(KeySecret.key_id, KeySecret.sealed)).all())
        session.execute(update(KeySecret).where(KeySecret.key_id == one).values(sealed=resting[other]))

    write(ledger, swap)
    with pytest.raises(MasterKeyWrong):
        found(ledger, one)


def test_a_rotated_key_has_two_secrets_until_the_older_expires(ledger: Engine) -> None:
    key_id, old = make_key(ledger, SPEC, who="lena")
    new = rotate_key(ledger, key_id, who="lena")
    assert live(ledger, key_id) == [old.id, new.id]
    key = found(ledger, key_id)
    assert key is not None
    assert key.seals_with == old  # a receiver that has only this one opens it still
    with pytest.raises(Refused, match="two secrets live already"):
        rotate_key(ledger, key_id, who="lena")
    _expire(ledger, old)
    assert live(ledger, key_id) == [new.id]


def test_a_rotation_without_overlap_ends_every_secret_before(ledger: Engine) -> None:
    key_id, _ = make_key(ledger, SPEC, who="lena")
    rotate_key(ledger, key_id, who="lena")
    newest = rotate_key(ledger, key_id, overlap=timedelta(), who="lena")
    assert live(ledger, key_id) == [newest.id]


def test_a_revoked_key_is_not_found_its_secrets_are_gone_and_nothing_is_sent_to_it(ledger: Engine) -> None:
    one = customer(ledger, "https://hooks.example.com")
    other = customer(ledger, "https://hooks.example.com", "other")
    one.owe(2)
    other.owe(1)
    assert revoke_key(ledger, one.key_id, who="lena") == 2
    assert found(ledger, one.key_id) is None
    assert read(ledger, lambda session: set(session.scalars(select(KeySecret.key_id)))) == {other.key_id}
    assert [(row.state, row.last_error) for row in deliveries(ledger)] == [("failed", "key_revoked")] * 2 + [
        ("owed", None)
    ]
    for act in (revoke_key, rotate_key):
        with pytest.raises(Refused, match="was revoked by lena"):
            act(ledger, one.key_id, who="max")


def test_a_disabled_key_may_not_ask_and_is_still_owed_its_callbacks(ledger: Engine) -> None:
    one = customer(ledger, "https://hooks.example.com")
    one.owe(1)
    disable_key(ledger, one.key_id, who="lena")
    assert read(ledger, lambda session: find_key(session, one.key_id, to_ask=True)) is None
    assert found(ledger, one.key_id) is not None
    assert [row.state for row in deliveries(ledger)] == ["owed"]
    with pytest.raises(Refused, match="is disabled already"):
        disable_key(ledger, one.key_id, who="max")
    rotate_key(ledger, one.key_id, who="lena")
    disable_key(ledger, one.key_id, who="max", disabled=False)
    assert read(ledger, lambda session: find_key(session, one.key_id, to_ask=True)) is not None
    with pytest.raises(Refused, match="is enabled already"):
        disable_key(ledger, one.key_id, who="max", disabled=False)
    revoke_key(ledger, one.key_id, who="lena")
    with pytest.raises(Refused, match="was revoked by lena"):
        disable_key(ledger, one.key_id, who="max")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"name": " "}, "name"),
        ({"customer": "x" * 192}, "customer"),
        ({"customer": "acme "}, "customer"),
        ({"customer": "\ud800"}, "customer"),
        ({"rate_per_second": 0.0}, "rate"),
        ({"rate_per_second": float("nan")}, "rate"),
        ({"most_waiting": 0}, "most_waiting"),
        ({"weight": 0}, "weight"),
        ({"weight": 101}, "weight"),
        ({"highest_priority": -1}, "highest_priority"),
        ({"highest_priority": 10}, "highest_priority"),
        ({"allowlist": ["https://a.example/path"]}, "allow"),
        ({"allowlist": ["ftp://a.example"]}, "allow"),
        ({"allowlist": [f"https://a{n}.example" for n in range(51)]}, "allow"),
        ({"events_url": "https://other.example/x"}, "events_url"),
        ({"wants_alerts": True}, "events_url"),
    ],
)
def test_a_spec_that_cannot_be_is_refused_with_its_field(ledger: Engine, spec: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        make_key(ledger, KeySpec(**{"name": "trial", "customer": "acme", **spec}), who="lena")
    assert [problem.field for problem in refused.value.problems] == [field]
    assert list_keys(ledger) == []


def test_a_key_is_changed_as_far_as_it_would_have_been_made(ledger: Engine) -> None:
    key_id, _ = make_key(ledger, SPEC, who="lena")
    change_key(ledger, key_id, who="max", allowlist=["https://B.example:443", "http://c.example:8080"])
    with pytest.raises(Refused, match="is not in the key's allowlist"):
        change_key(ledger, key_id, who="max", events_url="https://hooks.example.com/x", wants_alerts=True)
    change_key(ledger, key_id, who="max", events_url="https://b.example/x", wants_alerts=True)
    row = read(ledger, lambda session: session.get_one(ApiKey, key_id))
    assert (row.allowlist, row.events_url) == (["http://c.example:8080", "https://b.example"], "https://b.example/x")
    assert (row.customer, row.sandbox, row.wants_alerts) == ("acme", True, True)


def test_an_id_is_remembered_once_for_each_key(ledger: Engine) -> None:
    now = read(ledger, database_now)
    assert write(ledger, lambda session: remember(session, "key_a", "id-1", now))
    assert not write(ledger, lambda session: remember(session, "key_a", "id-1", now))
    assert not write(ledger, lambda session: remember(session, "key_a", "id-1", now + timedelta(minutes=10)))
    assert write(ledger, lambda session: remember(session, "key_b", "id-1", now))
    assert write(ledger, lambda session: remember(session, "key_a", "ID-1", now))


def test_of_requests_with_one_id_that_come_at_once_one_is_let_in(ledger: Engine) -> None:
    now = read(ledger, database_now)
    accepted: list[bool] = []

    def ask() -> None:
        accepted.append(write(ledger, lambda session: remember(session, "key_a", "same", now)))

    at_once([ask] * 8)
    assert sorted(accepted) == [False] * 7 + [True]


def test_an_id_is_forgotten_when_its_time_alone_refuses_it(ledger: Engine) -> None:
    now = read(ledger, database_now)
    for age, name in ((REMEMBERED * 2, "old"), (REMEMBERED / 2, "young")):
        write(ledger, lambda session, age=age, name=name: remember(session, "key_a", name, now - age))  # type: ignore[misc]
    assert write(ledger, lambda session: forget_seen(session, now)) == 1
    assert read(ledger, lambda session: session.scalars(select(SeenId.id)).all()) == ["young"]


def test_no_repr_of_a_key_or_of_settings_shows_a_secret(ledger: Engine) -> None:
    key_id, secret = make_key(ledger, SPEC, who="lena")
    shown = f"{found(ledger, key_id)!r} {settings()!r}"
    master = settings().master_key
    assert master is not None
    for hidden in (secret.seal_key, secret.signing_key, master):
        assert hidden.hex() not in shown
        assert base64.b64encode(hidden).decode() not in shown
        assert repr(hidden) not in shown


def _expire(engine: Engine, secret: Secret) -> None:
    def work(session: Session) -> None:
        past = database_now(session) - timedelta(seconds=1)
        session.execute(update(KeySecret).where(KeySecret.id == secret.id).values(expires_at=past))

    write(engine, work)
