"""Which flow packages a machine uses: told by a process of its own, whatever a package does when it is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.host.usable_packages import used_packages
from workers.settings import read_settings


def package(folder: Path, manifest: str) -> Path:
    inner = folder / "reads_here" / "reads_here"
    inner.mkdir(parents=True)
    (inner / "manifest.py").write_text(manifest)
    return folder


@pytest.mark.parametrize(
    ("manifest", "field", "reason"),
    [
        ("1 / 0", "reads_here", "ZeroDivisionError"),
        ("SPEC = 1", "reads_here: SPEC", "no SPEC"),
        ("import os\nos._exit(3)", "flow packages", "ends Python with status 3"),
    ],
)
def test_a_package_that_cannot_be_used(manifest: str, field: str, reason: str, tmp_path: Path) -> None:
    names, (problem,) = used_packages([package(tmp_path, manifest)], os.environ)
    assert names == []
    assert problem.field == field
    assert reason in problem.reason
    assert problem.remedy


def test_a_folder_that_is_not_there_stops_no_setting(tmp_path: Path) -> None:
    folders = read_settings({"PHONEFLEET_FLOWS": f"{tmp_path}/none, {tmp_path}"}).flow_folders
    assert folders == (tmp_path / "none", tmp_path)
    names, problems = used_packages(folders, os.environ)
    assert names == []
    assert [one.field for one in problems] == ["PHONEFLEET_FLOWS"] * 2
