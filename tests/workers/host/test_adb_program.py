"""The adb program that the host agent runs is the one that adbutils would run."""

from __future__ import annotations

from pathlib import Path

import adbutils
import pytest

from workers.host.adb_program import NoAdb, find_adb

VERSION = "Android Debug Bridge version 1.0.41\nVersion 36.0.0-1\nInstalled as /somewhere"


def program(folder: Path, name: str = "adb", *, says: str = VERSION, status: int = 0) -> Path:
    """Returns a program that answers every call with these words and this status."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    file.chmod(0o755)
    return file


@pytest.fixture(autouse=True)
def _path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADBUTILS_ADB_PATH", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")


def test_the_one_in_the_wheel_when_path_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_adb()
    assert found.path == adbutils.adb_path()
    assert found.version[0].isdigit()


def test_the_one_on_path_comes_first(tmp_path: Path) -> None:
    own = program(tmp_path / "bin")
    assert find_adb().path == adbutils.adb_path() == str(own)
    assert find_adb().version == "36.0.0-1"


def test_one_on_path_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", status=1)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    assert find_adb().path == adbutils.adb_path()
    assert not find_adb().path.startswith(str(tmp_path))


def test_one_named_by_the_environment_comes_before_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin")
    named = program(tmp_path / "own", "my-adb", says="an adb of my own")
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(named))
    assert find_adb().path == adbutils.adb_path() == str(named)
    assert find_adb().version == "an adb of my own"


def test_none_that_runs_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(tmp_path / "gone"))
    with pytest.raises(NoAdb, match="gone"):
        find_adb()
