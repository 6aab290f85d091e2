"""The keyring: a key is looked up once a second, and made-up ids drive none out."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from gateway.access.caller import KEEP_SECONDS, Keyring
from gateway.keys.api_keys import KeySpec, make_key, revoke_key
from tests.gateway.access.clock import Clock


def test_made_up_ids_drive_no_key_out(ledger: Engine, master_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.access.caller.MOST_KEPT", 3)
    keyring = Keyring(ledger, Clock())
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    assert keyring.find(key_id) is not None
    for number in range(10):
        assert keyring.find(f"made-up-{number}") is None
    kept = keyring.kept(key_id)
    assert kept is not None
    assert kept[0] is not None
    assert keyring.kept("made-up-9") == (None,)
    assert keyring.kept("made-up-0") is None
    assert keyring.knows(key_id)
    assert not keyring.knows("made-up-9")


def test_a_key_is_looked_up_once_a_second_and_refused_a_second_after_it_was_revoked(
    ledger: Engine, master_key: str
) -> None:
    clock = Clock()
    keyring = Keyring(ledger, clock)
    key_id, _ = make_key(ledger, KeySpec("test", "acme"), who="test")
    assert keyring.kept(key_id) is None
    assert keyring.find(key_id) is not None
    revoke_key(ledger, key_id, who="test")
    kept = keyring.kept(key_id)
    assert kept is not None
    assert kept[0] is not None
    clock.now += KEEP_SECONDS
    assert keyring.kept(key_id) is None  # this one looks, and the next one need not
    assert keyring.kept(key_id) is not None
    assert keyring.find(key_id) is None
    assert keyring.kept(key_id) == (None,)
