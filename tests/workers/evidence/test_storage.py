"""One suite for both storages, and what happens when the server is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.local.embedded import free_port
from tests.workers.evidence.s3 import BUCKET, SECRET, silent_server, speak_s3
from workers.evidence.bundle import Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import NotStored, Storage, StorageError

BUNDLE = Bundle("0a1b-task", 3)


def test_a_file_is_put_listed_read_and_removed(storage: Storage) -> None:
    assert list(storage.files()) == []
    path = storage.place.path(BUNDLE, "ui.xml")
    storage.put(path, "<小鹏/>".encode())
    storage.put(path, b"<again/>")
    assert storage.get(path) == b"<again/>"
    assert [name for name, _ in storage.files()] == ["0a1b-task/3/ui.xml"]
    storage.remove(path)
    storage.remove(path)
    assert list(storage.files()) == []


@pytest.mark.parametrize("size", [1, 9, 10, 11, 30, 35])
def test_a_file_is_read_in_pieces(storage: Storage, size: int) -> None:
    path, content = storage.place.path(BUNDLE, "screenshot.jpg"), bytes(range(size))
    storage.put(path, content)
    pieces = list(storage.pieces(path, 10))
    assert b"".join(pieces) == content
    assert {len(piece) for piece in pieces[:-1]} <= {10}
    with pytest.raises(NotStored):
        next(storage.pieces(storage.place.path(BUNDLE, "ui.xml"), 10))


def test_a_file_that_shrinks_while_it_is_read_is_an_error(storage: Storage) -> None:
    path = storage.place.path(BUNDLE, "screenshot.jpg")
    storage.put(path, bytes(30))
    pieces = storage.pieces(path, 10)
    assert [len(next(pieces)), len(next(pieces))] == [10, 10]
    storage.put(path, bytes(15))
    with pytest.raises(StorageError):
        next(pieces)


def test_a_file_that_is_not_there_is_told_from_a_storage_that_is_not(storage: Storage) -> None:
    place = storage.place
    storage.put(place.path(BUNDLE, "ui.xml"), b"x")
    with pytest.raises(NotStored):
        storage.get(place.path(BUNDLE, "screenshot.jpg"))
    nowhere = StorageLocation(
        place.protocol, "no-such-bucket" if place.protocol == "s3" else f"{place.root}-not-mounted"
    )
    with pytest.raises(StorageError) as refused:
        Storage(nowhere).get(nowhere.path(BUNDLE, "ui.xml"))
    assert not isinstance(refused.value, NotStored)


def test_a_local_folder_goes_with_its_last_file(folder_place: StorageLocation) -> None:
    storage = Storage(folder_place)
    first, second = (folder_place.path(BUNDLE, name) for name in ("ui.xml", "evidence.json"))
    storage.put(first, b"x")
    storage.put(second, b"x")
    storage.remove(first)
    assert Path(second).exists()
    storage.remove(second)
    assert not any(Path(folder_place.root).iterdir())


def test_a_bucket_that_is_not_there_is_an_error(s3_place: StorageLocation) -> None:
    with pytest.raises(StorageError, match="no-such-bucket"):
        Storage(StorageLocation("s3", "no-such-bucket")).put("no-such-bucket/x", b"x")


def test_a_server_that_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_s3(monkeypatch, f"http://127.0.0.1:{free_port()}")
    storage = Storage(StorageLocation("s3", BUCKET), put_seconds=2)
    with pytest.raises(StorageError) as refused:
        storage.put(f"{BUCKET}/x", b"x")
    assert SECRET not in str(refused.value)
    with pytest.raises(StorageError) as refused:
        storage.get(f"{BUCKET}/x")
    assert not isinstance(refused.value, NotStored)


def test_a_server_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_server() as address:
        speak_s3(monkeypatch, address)
        with pytest.raises(StorageError, match="no answer within 1 s"):
            Storage(StorageLocation("s3", BUCKET), put_seconds=1).put(f"{BUCKET}/x", b"x")


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    place = StorageLocation.of(str(tmp_path / "file" / "evidence"))
    with pytest.raises(StorageError, match="pipe_file"):
        Storage(place).put(place.path(BUNDLE, "ui.xml"), b"x")
