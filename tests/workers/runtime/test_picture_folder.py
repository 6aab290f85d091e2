"""The folder between workers and the host agent: the newest picture of each phone, under any serial."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.runtime.picture_folder import FOLDER, WATCHED, WATCHED_SECONDS, PictureFolder

SERIALS = ["P1", "10.0.0.7:5555", "../../etc/passwd", "a/b", "长" * 60, "\u202eevil", "a'\"<b>", "x" * 191]


def aged(path: Path, seconds: float) -> None:
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def test_the_word_that_somebody_watches_grows_old(tmp_path: Path) -> None:
    folder = PictureFolder(tmp_path)
    assert not folder.watched()
    folder.say_watched()
    assert folder.watched()
    aged(tmp_path / FOLDER / WATCHED, WATCHED_SECONDS + 1)
    assert not folder.watched()
    folder.say_watched()
    assert folder.watched()


@pytest.mark.parametrize("serial", SERIALS)
def test_a_picture_is_taken_out_once_under_its_serial(tmp_path: Path, serial: str) -> None:
    folder = PictureFolder(tmp_path)
    assert folder.take() == {}
    folder.say_watched()
    folder.put(serial, b"one\nline")
    folder.put(serial, b"two\nlines")
    ((name, (picture, ago)),) = folder.take().items()
    assert (name, picture) == (serial, b"two\nlines")
    assert ago >= 0
    assert folder.take() == {}
    assert [one.name for one in (tmp_path / FOLDER).iterdir()] == [WATCHED]
    assert [one.name for one in tmp_path.iterdir()] == [FOLDER]


def test_what_a_killed_worker_left_is_removed(tmp_path: Path) -> None:
    folder = PictureFolder(tmp_path)
    folder.say_watched()
    half, fresh = tmp_path / FOLDER / ".abc-1", tmp_path / FOLDER / ".abd-2"
    half.write_bytes(b"P1\nha")
    fresh.write_bytes(b"P2\nha")
    aged(half, WATCHED_SECONDS + 1)
    assert folder.take() == {}
    assert (half.exists(), fresh.exists()) == (False, True)
