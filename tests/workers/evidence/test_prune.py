"""Retention on both storages: what is too old goes, what is not ours stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.workers.evidence.case import evidence
from workers.evidence.keep import files_of
from workers.evidence.prune import prune
from workers.evidence.storage import Storage


def fill(storage: Storage) -> None:
    for attempt in (1, 2):
        for name, data in files_of(evidence("0a1b-task")).items():
            storage.put(f"{storage.place.root}/0a1b-task/{attempt}/{name}", data)
    storage.put(f"{storage.place.root}/0a1b-task/1/notes of a colleague.txt", b"x")
    storage.put(f"{storage.place.root}/invoices/2025.pdf", b"x")


def left(storage: Storage) -> list[str]:
    return sorted(path for path, _ in storage.files())


def test_old_evidence_is_deleted_and_nothing_else(storage: Storage) -> None:
    fill(storage)
    now = datetime.now(UTC)
    assert prune(storage, 30, now + timedelta(days=29)) == 0
    assert prune(storage, 0, now + timedelta(days=4000)) == 0
    assert len(left(storage)) == 8
    assert prune(storage, 30, now + timedelta(days=31)) == 2
    assert left(storage) == ["0a1b-task/1/notes of a colleague.txt", "invoices/2025.pdf"]


def test_a_storage_without_evidence_is_pruned_in_peace(storage: Storage) -> None:
    assert prune(storage, 1, datetime.now(UTC)) == 0
