"""The gateway as a process: over TLS, refused without what it needs, and it ends when it is asked to."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine

from gateway.access.serving import check_tls
from gateway.client.client import Client
from gateway.keys.api_keys import KeySpec, make_key
from models.values.refused import Refused
from scripts.local.embedded import end, free_port
from tests.support.gateway.certificates import certificate
from tests.support.ledger.copied import copied_ledger
from tests.support.poll import wait_until

COMMAND = [sys.executable, "-m", "scripts.cli", "gateway"]


@pytest.fixture
def engine(sqlite_database: str, master_key: str) -> Engine:
    """A migrated ledger."""
    return copied_ledger(sqlite_database)


def environment(database: str, redis: str, **more: str) -> Mapping[str, str]:
    """What the process is told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFLEET_")}
    return {**kept, "PHONEFLEET_DATABASE_URL": database, "PHONEFLEET_REDIS_URL": redis, **more}


@pytest.mark.fleet
def test_it_speaks_tls_and_ends_when_it_is_asked_to(
    tmp_path: Path, engine: Engine, sqlite_database: str, redis_url: str, master_key: str
) -> None:
    chain, authority = certificate(tmp_path, "localhost")
    port = free_port()
    key_id, secret = make_key(engine, KeySpec("test", "acme"), who="test")
    told = environment(sqlite_database, redis_url, PHONEFLEET_MASTER_KEY=master_key)
    options = ["--port", str(port), "--tls-cert", str(chain), "--tls-key", str(chain)]
    process = subprocess.Popen([*COMMAND, *options], env=told, stderr=subprocess.PIPE)
    try:
        url = f"https://localhost:{port}"

        def answers() -> bool:
            assert process.poll() is None
            try:
                return requests.get(f"{url}/health", verify=str(authority), timeout=5).ok
            except requests.RequestException:
                return False

        wait_until(answers, 60, "the gateway to answer", every=0.1)
        client = Client(url, key_id, secret, verify_tls=str(authority))
        assert client.phones() == []
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{url}/health", timeout=5)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0
        assert b"timeout graceful shutdown exceeded" not in said.lower()  # the client keeps its connection, and is idle
        assert not [word for word in secret.texts() if word.encode() in said]
        assert b"GET /v1" not in said  # addresses hold names of accounts
    finally:
        end(process, 10)


def test_without_a_master_key_it_is_refused(sqlite_database: str, redis_url: str) -> None:
    told = environment(sqlite_database, redis_url)
    ended = subprocess.run(COMMAND, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "PHONEFLEET_MASTER_KEY: is not set" in ended.stderr


@pytest.mark.parametrize("command", [COMMAND, [sys.executable, "-m", "gateway"]], ids=["command", "module"])
def test_a_master_key_that_opens_no_key_is_refused(
    command: list[str], engine: Engine, sqlite_database: str, redis_url: str
) -> None:
    make_key(engine, KeySpec("test", "acme"), who="test")
    other = base64.b64encode(bytes(32)).decode()
    told = environment(sqlite_database, redis_url, PHONEFLEET_MASTER_KEY=other)
    asked = [*command, "--port", str(free_port())]
    ended = subprocess.run(asked, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "PHONEFLEET_MASTER_KEY: opens none of the keys in force (1)" in ended.stderr
    assert "phonefleet keys rewrap" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_certificate_comes_with_its_key(tmp_path: Path) -> None:
    chain, _ = certificate(tmp_path, "localhost")
    check_tls(None, None)
    check_tls(chain, chain)
    for cert, key, field in ((chain, None, "tls-key"), (None, chain, "tls-cert"), (chain, tmp_path / "no", "tls-key")):
        with pytest.raises(Refused) as refused:
            check_tls(cert, key)
        assert [one.field for one in refused.value.problems] == [field]
