"""The whole way: a worker keeps evidence, the host's thread ships it, commands do it by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.profile import load_profile
from tests.support.poll import wait_until
from tests.support.shelf import Shelf
from tests.workers.evidence.attempts import failed, running, summary_of
from tests.workers.evidence.case import evidence
from tests.workers.evidence.conftest import NewWatch
from tests.workers.evidence.s3 import silent_server, speak_s3
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed
from workers.attempts.record import record
from workers.evidence.keep import keep, store
from workers.evidence.location import StorageLocation
from workers.evidence.shipper_thread import Shipping, spool_of
from workers.evidence.storage import Storage
from workers.runtime.linux import bound_to_me
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import Settings, read_settings

FAILED = Failed("page_drift", "no page of the profile fits the screen", "search", {"page": ""})
SHIPPED_SECONDS = 30.0


@pytest.fixture
def config(tmp_path: Path, sqlite_database: str) -> Settings:
    """Evidence in a folder of this test's own."""
    return read_settings({"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_DATABASE_URL": sqlite_database})


@pytest.fixture
def shipping(config: Settings, sqlite_ledger: Engine) -> Iterator[Shipping]:
    """The host agent's thread."""
    thread = Shipping(config, sqlite_ledger)
    thread.start()
    yield thread
    assert thread.close(10)


def worker_of(shelf: Shelf, watch: SlotWatch) -> WorkerIdentity:
    one = shelf.phones[0]
    return WorkerIdentity(one["serial"], one["address"], shelf.adb.port, "shelf", "incarnation", watch._slot)


def keep_and_record(config: Settings, shelf: Shelf, watch: SlotWatch, engine: Engine) -> Claim:
    """What a worker does with a failed attempt."""
    got = running(engine)
    told = keep(config, worker_of(shelf, watch), got, watch, FAILED, (), load_profile())
    assert told is not None
    record(engine, got, replace(FAILED, evidence=told))
    return got


def test_a_failed_attempt_ends_with_a_link_that_leads_somewhere(
    config: Settings, shipping: Shipping, shelf: Shelf, new_watch: NewWatch, sqlite_ledger: Engine
) -> None:
    got = keep_and_record(config, shelf, new_watch(), sqlite_ledger)
    wait_until(lambda: summary_of(sqlite_ledger, got)["stored"], SHIPPED_SECONDS, "the evidence to be stored")
    told = summary_of(sqlite_ledger, got)
    folder = Path(config.evidence, got.fence.task_id, "1")
    assert told["url"] == folder.as_uri() + "/"
    assert {path.name for path in folder.iterdir()} == {"evidence.json", "screenshot.jpg", "ui.xml"}
    assert (told["battery"]["percent"], told["network"]["validated"]) == (86, True)


def test_a_storage_that_hangs_fails_nothing(
    config: Settings, shelf: Shelf, new_watch: NewWatch, sqlite_ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent_server() as address:
        speak_s3(monkeypatch, address)
        config = replace(config, evidence="s3://bucket/x")
        shipping = Shipping(config, sqlite_ledger, Storage(StorageLocation.of(config.evidence), put_seconds=1))
        shipping.start()
        got = keep_and_record(config, shelf, new_watch(), sqlite_ledger)
        assert summary_of(sqlite_ledger, got)["stored"] is None
        wait_until(lambda: summary_of(sqlite_ledger, got)["stored"] is False, SHIPPED_SECONDS, "the failure to be told")
        assert "tried again until" in summary_of(sqlite_ledger, got)["why"]
        assert shipping.close(10)


def test_a_defect_in_the_collector_fails_nothing(
    config: Settings, shelf: Shelf, new_watch: NewWatch, sqlite_ledger: Engine
) -> None:
    got, watch = running(sqlite_ledger), new_watch()
    unknown = Failed("no_such_code", "a code that nobody knows")
    told = keep(config, worker_of(shelf, watch), got, watch, unknown, (), load_profile())
    assert told is not None
    assert (told["url"], told["stored"]) == (None, False)
    assert told["why"].startswith("KeyError")


def test_a_desk_has_no_phone_to_look_at(config: Settings, new_watch: NewWatch, sqlite_ledger: Engine) -> None:
    watch = new_watch()
    desk = WorkerIdentity(None, "", 5038, "shelf", "incarnation", watch._slot)
    assert keep(config, desk, running(sqlite_ledger), watch, FAILED, (), load_profile()) is None


def test_one_of_two_ships_and_the_other_stands_by(config: Settings, shipping: Shipping, sqlite_ledger: Engine) -> None:
    first = failed(sqlite_ledger, {})
    store(evidence(first.fence.task_id, 1), spool_of(config), config)
    wait_until(lambda: summary_of(sqlite_ledger, first).get("stored"), SHIPPED_SECONDS, "the first to ship")
    other = Shipping(config, sqlite_ledger)
    assert not other._have_lock()
    assert shipping.close(10)
    assert other._have_lock()
    os.close(other._lock or 0)


def test_a_phones_worker_loads_no_storage_library(tmp_path: Path) -> None:
    """35 MB a worker: only the process that ships pays for fsspec and s3fs."""
    program = f"""
import sys, pathlib
import workers.execution.run
from tests.workers.evidence.case import evidence
from workers.evidence.keep import keep, store
from workers.evidence.spool import Spool
from workers.settings import read_settings
told = store(evidence(), Spool(pathlib.Path({str(tmp_path)!r})), read_settings({{"PHONEFLEET_EVIDENCE": "s3://b/x"}}))
assert told["stored"] is None, told
print(sorted({{"fsspec", "s3fs", "aiobotocore", "aiohttp", "botocore"}} & set(sys.modules)))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (said.stdout, said.returncode) == ("[]\n", 0), said.stderr


def environment(config: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "PHONEFLEET_VAR": str(config.var),
        "PHONEFLEET_DATABASE_URL": config.database_url,
    }


def test_evidence_is_shipped_and_pruned_by_hand(config: Settings, sqlite_ledger: Engine) -> None:
    got = failed(sqlite_ledger, {})
    store(evidence(got.fence.task_id, 1), spool_of(config), config)
    command = [sys.executable, "-m", "workers.evidence"]
    ship = subprocess.Popen(bound_to_me([*command, "ship"]), env=environment(config), stderr=subprocess.DEVNULL)
    wait_until(lambda: summary_of(sqlite_ledger, got).get("stored"), SHIPPED_SECONDS, "the evidence to be shipped")
    ship.send_signal(signal.SIGTERM)
    assert ship.wait(30) == 0

    for path in Path(config.evidence, got.fence.task_id, "1").iterdir():
        os.utime(path, (0, 0))
    said = subprocess.run(
        [*command, "prune"], env=environment(config), capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout == f"1 bundles older than 30 days deleted from {config.evidence}\n"
    assert list(Path(config.evidence).iterdir()) == []
    wrong = subprocess.run(
        [*command, "x"], env=environment(config), capture_output=True, text=True, timeout=60, check=False
    )
    assert (wrong.returncode, wrong.stderr.splitlines()[-1]) == (2, "usage: python -m workers.evidence ship | prune")
