"""The spool: whole bundles or none, bounded, never the last of the disk."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.workers.evidence.case import JPEG, evidence
from workers.evidence.bundle import Bundle
from workers.evidence.keep import files_of, store
from workers.evidence.spool import HALF_WRITTEN_SECONDS, Spool, SpoolRefused
from workers.settings import read_settings

BUNDLE = Bundle("0a1b-task", 3)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """The kernel refuses writes past that size, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_put_is_read_and_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert spool.bundles() == []
    spool.put(BUNDLE, {"evidence.json": b"{}", "screenshot.jpg": JPEG})
    (waiting,) = spool.bundles()
    assert waiting.bundle == BUNDLE
    assert list(spool.read(BUNDLE).items()) == [("screenshot.jpg", JPEG), ("evidence.json", b"{}")]
    spool.drop(BUNDLE)
    assert spool.bundles() == []


def test_others_may_not_look_into_it(tmp_path: Path) -> None:
    Spool(tmp_path / "spool").put(BUNDLE, {"evidence.json": b"{}"})
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with no_file_longer_than(4096), pytest.raises(OSError, match="File too large"):
        spool.put(BUNDLE, {"screenshot.jpg": b"x" * 10_000})
    assert list(tmp_path.iterdir()) == []


def test_the_last_of_the_disk_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(SpoolRefused, match="MB left: make room"):
        Spool(tmp_path, least_free=1 << 62).put(BUNDLE, {"evidence.json": b"{}"})


def test_a_spool_that_nobody_ships_ends_growing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most=2)
    for attempt in (1, 2):
        spool.put(Bundle("task", attempt), {"evidence.json": b"{}"})
    with pytest.raises(SpoolRefused, match="2 bundles wait"):
        spool.put(Bundle("task", 3), {"evidence.json": b"{}"})
    assert len(spool.bundles()) == 2


def test_what_a_dead_worker_left_half_written_is_removed_in_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    half = tmp_path / ".new-task.1-4711"
    half.mkdir()
    began = half.stat().st_mtime
    spool.sweep(began + HALF_WRITTEN_SECONDS - 1)
    assert half.exists()
    assert spool.bundles() == []
    spool.sweep(began + HALF_WRITTEN_SECONDS + 1)
    assert not half.exists()


def test_the_summary_links_to_where_it_will_be(tmp_path: Path) -> None:
    config = read_settings({"PHONEFLEET_EVIDENCE": "s3://bucket/x"})
    seen = evidence()
    told = store(seen, Spool(tmp_path), config)
    assert told == {
        "url": f"s3://bucket/x/{seen.task_id}/1/",
        "stored": None,
        "until": "2025-03-31T08:00:00+00:00",
        "host": "shelf",
        "collected_at": "2025-03-01T08:00:00.000+00:00",
        "page": "feed",
    }
    assert [path.name for path in tmp_path.iterdir()] == [f"{seen.task_id}.1"]


def test_what_cannot_be_spooled_is_said_and_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    told = store(evidence(), Spool(tmp_path / "file" / "spool"), read_settings({}))
    assert told["stored"] is False
    assert "Not a directory" in told["why"]


def test_a_missing_piece_is_no_file() -> None:
    seen = evidence()
    without = type(seen)(seen.task_id, 1, seen.facts, None, None)
    assert list(files_of(without)) == ["evidence.json"]
