"""Keys that the master key does not open are named, with the setting, their number and what to do."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, select

from gateway.access.caller import Keyring
from gateway.delivery import __main__ as delivery
from gateway.keys.api_keys import KeySpec, find_key, make_key, revoke_key, rewrap_secrets, rotate_key
from gateway.keys.master_key import MasterKeyWrong, master_key
from gateway.keys.unopened import KIND, Unopened, find_unopened, note_unopened
from models.tables import Alert, ApiKey
from models.transactions.read_write import read
from models.values.refused import Refused
from workers.app import app
from workers.settings import settings

SPEC = KeySpec("trial", "acme")


def use(monkeypatch: pytest.MonkeyPatch, master: bytes) -> None:
    monkeypatch.setenv("PHONEFLEET_MASTER_KEY", base64.b64encode(master).decode())
    settings.cache_clear()


@pytest.fixture
def first(master_key: str) -> bytes:
    """The master key under which the first keys are made."""
    return base64.b64decode(master_key)


def unopened(engine: Engine) -> Unopened:
    return read(engine, find_unopened)


def alerts(engine: Engine) -> list[tuple[str, bool]]:
    """The text of each alert about such keys, and whether it lasts."""
    wanted = select(Alert).where(Alert.kind == KIND).order_by(Alert.id)
    return [(one.text, one.over_at is None) for one in read(engine, lambda session: session.scalars(wanted).all())]


def test_another_master_key_makes_no_key_beside_those_that_it_does_not_open(
    ledger: Engine, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make_key(ledger, SPEC, who="lena")[0] for _ in range(3)]
    revoke_key(ledger, made[0], who="lena")
    assert unopened(ledger) == Unopened((), 2)
    use(monkeypatch, bytes(32))
    assert unopened(ledger) == Unopened(tuple(sorted(made[1:])), 2)
    with pytest.raises(
        Refused, match=r"PHONEFLEET_MASTER_KEY: opens none of the keys in force \(2\).*rewrap"
    ) as refused:
        make_key(ledger, SPEC, who="lena")
    assert "phonefleet keys rotate KEY --hours 0" in str(refused.value)
    assert len(read(ledger, lambda session: session.scalars(select(ApiKey.id)).all())) == 3
    assert rewrap_secrets(ledger, first, who="lena") == 2
    make_key(ledger, SPEC, who="lena")
    assert unopened(ledger) == Unopened((), 3)


def test_after_the_loss_of_a_master_key_each_key_gets_new_secrets(
    ledger: Engine, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _), (other, _) = make_key(ledger, SPEC, who="lena"), make_key(ledger, SPEC, who="lena")
    use(monkeypatch, bytes(32))
    with pytest.raises(Refused, match=r"would live on.*--hours 0"):
        rotate_key(ledger, one, who="lena")
    new = rotate_key(ledger, one, overlap=timedelta(), who="lena")
    key = read(ledger, lambda session: find_key(session, one))
    assert key is not None
    assert key.secrets == (new,)
    assert unopened(ledger) == Unopened((other,), 2)
    rotate_key(ledger, one, who="lena")
    third, _ = make_key(ledger, SPEC, who="lena")
    revoke_key(ledger, other, who="lena")
    assert unopened(ledger) == Unopened((), 2)
    use(monkeypatch, bytes(range(7, 39)))
    assert rewrap_secrets(ledger, bytes(32), who="lena") == 3, "the secret that expired is left alone"
    assert unopened(ledger) == Unopened((), 2)
    assert third in [one.id for one in read(ledger, lambda session: session.scalars(select(ApiKey)).all())]


def test_people_are_told_once_and_until_all_keys_open(
    ledger: Engine, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert note_unopened(ledger, refuse_all=True) == Unopened((), 0)
    made, _ = make_key(ledger, SPEC, who="lena")
    use(monkeypatch, bytes(32))
    with pytest.raises(Refused, match="opens none"):
        note_unopened(ledger, refuse_all=True)
    assert alerts(ledger) == []
    rotate_key(ledger, made, overlap=timedelta(), who="lena")
    other, _ = make_key(ledger, SPEC, who="lena")
    use(monkeypatch, first)
    third = f"such as {min(made, other)}: they were made under another one"
    with pytest.raises(Refused, match="opens none"):
        note_unopened(ledger, refuse_all=True)
    assert note_unopened(ledger) == Unopened(tuple(sorted((made, other))), 2)
    assert note_unopened(ledger) is not None
    assert alerts(ledger) == [(f"PHONEFLEET_MASTER_KEY does not open 2 of 2 keys in force, {third}", True)]
    use(monkeypatch, bytes(32))
    assert note_unopened(ledger, refuse_all=True) == Unopened((), 2)
    assert [lasts for _, lasts in alerts(ledger)] == [False]


def test_a_gateway_that_meets_such_a_key_tells_people_once_in_a_while(
    ledger: Engine, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = make_key(ledger, SPEC, who="lena")
    now = [0.0]
    keyring = Keyring(ledger, lambda: now[0])
    use(monkeypatch, bytes(32))
    assert len(master_key()) == 32
    for _ in range(3):
        with pytest.raises(MasterKeyWrong):
            keyring.find(made)
    assert [lasts for _, lasts in alerts(ledger)] == [True]
    use(monkeypatch, first)
    note_unopened(ledger)
    use(monkeypatch, bytes(32))
    for at, told in ((59.0, 1), (60.0, 2)):
        now[0] = at
        with pytest.raises(MasterKeyWrong):
            keyring.find(made)
        assert len(alerts(ledger)) == told


def test_a_ledger_that_is_away_keeps_no_gateway_from_starting(master_key: str) -> None:
    away = create_engine("sqlite:////dev/null/none.db")
    assert note_unopened(away, refuse_all=True) is None


def test_a_delivery_worker_does_not_begin_with_a_key_that_opens_none(
    ledger: Engine, first: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(ledger, SPEC, who="lena")
    use(monkeypatch, bytes(32))
    begun: list[str] = []
    monkeypatch.setattr(delivery, "keep_files_private", lambda: None)
    monkeypatch.setattr(delivery, "set_up_logging", lambda *_: None)
    monkeypatch.setattr(delivery, "process_engine", lambda: ledger)
    monkeypatch.setattr(app, "Worker", lambda **_: begun.append("begun"))
    assert delivery.main() == 2
    told = capsys.readouterr().err
    assert "opens none of the keys in force (1)" in told
    assert "phonefleet keys rewrap" in told
    assert begun == []
