"""From the spool to the storage, with the ledger told; storages that fail, attempts that have not ended."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from models.tables import Task
from models.transactions.read_write import write
from scripts.local.embedded import free_port
from tests.workers.evidence.attempts import failed, running, summary_of
from tests.workers.evidence.case import JPEG, TREE, evidence
from tests.workers.evidence.s3 import BUCKET, SECRET, silent_server, speak_s3
from workers.attempts.claim import Claim
from workers.attempts.record import lose
from workers.evidence.bundle import Bundle
from workers.evidence.keep import store
from workers.evidence.location import StorageLocation
from workers.evidence.mark_stored import Noted, note
from workers.evidence.shipper import GIVE_UP_SECONDS, Shipper
from workers.evidence.spool import Spool
from workers.evidence.storage import Storage, StorageError
from workers.settings import Settings, read_settings

DAYS = 30


class Clock:
    """Unix time that a test moves on."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Deaf(Storage):
    """A storage that fails for the bundles in `refuses`, and keeps count."""

    def __init__(self, place: StorageLocation, refuses: set[str]) -> None:
        super().__init__(place)
        self.refuses = refuses
        self.asked: list[str] = []

    def put(self, path: str, data: bytes) -> None:
        task_id = path.split("/")[-3]
        self.asked.append(task_id)
        if task_id in self.refuses:
            raise StorageError(f"put {path}: no room for this one")
        super().put(path, data)


class Notes:
    """A ledger that takes every note."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, Any]] = {}

    def __call__(self, task_id: str, attempt: int, told: dict[str, Any]) -> Noted:
        self.told[task_id] = told
        return Noted.DONE


def config_of(storage: Storage) -> Settings:
    root = storage.place.root
    return read_settings({"PHONEFLEET_EVIDENCE": f"s3://{root}" if storage.place.protocol == "s3" else root})


def spooled(spool: Spool, storage: Storage, got: Claim) -> dict[str, Any]:
    """The worker's part: evidence of that attempt in the spool; its summary."""
    return store(evidence(got.fence.task_id, got.fence.attempt), spool, config_of(storage))


def test_evidence_arrives_and_the_attempt_links_to_it(tmp_path: Path, storage: Storage, sqlite_ledger: Engine) -> None:
    spool, got = Spool(tmp_path / "spool"), failed(sqlite_ledger, {})
    before = spooled(spool, storage, got)
    assert before["stored"] is None

    assert Shipper(spool, storage, partial(note, sqlite_ledger), DAYS).round()

    bundle = Bundle(got.fence.task_id, got.fence.attempt)
    assert storage.get(storage.place.path(bundle, "screenshot.jpg")) == JPEG
    assert storage.get(storage.place.path(bundle, "ui.xml")).decode() == TREE
    assert json.loads(storage.get(storage.place.path(bundle, "evidence.json")))["page"] == "feed"
    assert summary_of(sqlite_ledger, got) == before | {"stored": True}
    assert spool.bundles() == []


def test_an_attempt_that_is_not_recorded_yet_is_told_afterwards(
    tmp_path: Path, folder_place: StorageLocation, ledger: Engine
) -> None:
    storage, spool, got = Storage(folder_place), Spool(tmp_path / "spool"), running(ledger)
    spooled(spool, storage, got)
    shipper = Shipper(spool, storage, partial(note, ledger), DAYS)
    assert shipper.round()
    assert summary_of(ledger, got) is None
    assert len(spool.bundles()) == 1

    # its worker died before the record: the evidence still arrives
    write(ledger, lambda session: lose(session, session.get_one(Task, got.fence.task_id), "killed"))
    assert shipper.round()
    assert summary_of(ledger, got)["stored"] is True
    assert spool.bundles() == []


def test_evidence_of_an_attempt_that_the_ledger_does_not_know_leaves_the_spool(
    tmp_path: Path, folder_place: StorageLocation, sqlite_ledger: Engine
) -> None:
    spool, storage = Spool(tmp_path / "spool"), Storage(folder_place)
    store(evidence(), spool, config_of(storage))
    assert Shipper(spool, storage, partial(note, sqlite_ledger), DAYS).round()
    assert spool.bundles() == []


@pytest.mark.parametrize("server", ["refuses", "hangs"])
def test_a_storage_that_is_down_is_said_and_tried_again(
    tmp_path: Path, sqlite_ledger: Engine, monkeypatch: pytest.MonkeyPatch, server: str, folder_place: StorageLocation
) -> None:
    with silent_server() as silent:
        speak_s3(monkeypatch, silent if server == "hangs" else f"http://127.0.0.1:{free_port()}")
        down = Storage(StorageLocation("s3", BUCKET), put_seconds=0.5)
        spool, got = Spool(tmp_path / "spool"), failed(sqlite_ledger, {})
        spooled(spool, down, got)
        assert not Shipper(spool, down, partial(note, sqlite_ledger), DAYS).round()
    told = summary_of(sqlite_ledger, got)
    assert told["stored"] is False
    assert "tried again until" in told["why"]
    assert SECRET not in json.dumps(told)
    assert len(spool.bundles()) == 1

    assert Shipper(spool, Storage(folder_place), partial(note, sqlite_ledger), DAYS).round()
    assert summary_of(sqlite_ledger, got)["stored"] is True
    assert "why" not in summary_of(sqlite_ledger, got)


def test_what_could_not_be_stored_for_a_day_is_given_up(tmp_path: Path, folder_place: StorageLocation) -> None:
    spool, notes, one = Spool(tmp_path / "spool"), Notes(), evidence()
    deaf = Deaf(folder_place, {one.task_id})
    store(one, spool, config_of(deaf))
    clock = Clock(spool.bundles()[0].written)
    shipper = Shipper(spool, deaf, notes, DAYS, clock)
    clock.now += GIVE_UP_SECONDS - 1
    assert not shipper.round()
    assert "tried again until" in notes.told[one.task_id]["why"]
    clock.now += 2
    assert not shipper.round()
    assert notes.told[one.task_id]["stored"] is False
    assert notes.told[one.task_id]["why"].startswith("given up: put ")
    assert spool.bundles() == []


def test_a_bundle_that_is_refused_holds_up_no_other(tmp_path: Path, folder_place: StorageLocation) -> None:
    spool, notes, all_of_them = Spool(tmp_path / "spool"), Notes(), [evidence() for _ in range(5)]
    refused = {one.task_id for one in all_of_them[:3]}
    deaf = Deaf(folder_place, set(refused))
    for one in all_of_them:
        store(one, spool, config_of(deaf))
    shipper = Shipper(spool, deaf, notes, DAYS)
    for _ in range(3):
        assert not shipper.round()
    assert {name for name, told in notes.told.items() if told["stored"]} == {one.task_id for one in all_of_them[3:]}
    assert {waiting.bundle.task_id for waiting in spool.bundles()} == refused


def test_a_storage_that_is_down_is_not_asked_for_every_bundle(tmp_path: Path, folder_place: StorageLocation) -> None:
    spool, all_of_them = Spool(tmp_path / "spool"), [evidence() for _ in range(6)]
    deaf = Deaf(folder_place, {one.task_id for one in all_of_them})
    for one in all_of_them:
        store(one, spool, config_of(deaf))
    assert not Shipper(spool, deaf, Notes(), DAYS).round()
    assert len(deaf.asked) == 2


def test_a_ledger_that_is_down_keeps_the_bundle_and_stores_it_once(
    tmp_path: Path, folder_place: StorageLocation
) -> None:
    spool, one, notes = Spool(tmp_path / "spool"), evidence(), Notes()
    counting, down = Deaf(folder_place, set()), [True]
    store(one, spool, config_of(counting))

    def sometimes(task_id: str, attempt: int, told: dict[str, Any]) -> Noted:
        if down:
            raise ConnectionError("the database went away")
        return notes(task_id, attempt, told)

    shipper = Shipper(spool, counting, sometimes, DAYS)
    assert not shipper.round()
    assert len(spool.bundles()) == 1
    down.clear()
    assert shipper.round()
    assert notes.told[one.task_id]["stored"] is True
    assert len(counting.asked) == 3  # three files, once


def test_a_bundle_cut_short_by_a_power_cut_is_shipped_as_it_is(tmp_path: Path, folder_place: StorageLocation) -> None:
    spool, notes = Spool(tmp_path / "spool"), Notes()
    spool.put(Bundle("0a1b-task", 1), {"evidence.json": b"", "screenshot.jpg": JPEG})
    storage = Storage(folder_place)
    assert Shipper(spool, storage, notes, DAYS).round()
    assert notes.told["0a1b-task"] == {"url": storage.place.url(Bundle("0a1b-task", 1)), "stored": True}
