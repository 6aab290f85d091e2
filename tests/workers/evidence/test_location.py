"""The setting PHONEFLEET_EVIDENCE, and the links made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.evidence.bundle import Bundle
from workers.evidence.location import StorageLocation
from workers.settings import SettingsError, read_settings

BUNDLE = Bundle("0a1b-task", 3)


def test_by_default_evidence_lies_in_the_var_folder_for_a_month() -> None:
    chosen = read_settings({"PHONEFLEET_VAR": "/data"})
    assert (chosen.evidence, chosen.evidence_days) == ("/data/evidence", 30)


@pytest.mark.parametrize(
    ("setting", "path", "url"),
    [
        ("/data/证据", "/data/证据/0a1b-task/3/ui.xml", "file:///data/%E8%AF%81%E6%8D%AE/0a1b-task/3/"),
        ("file:///data/a%20b", "/data/a b/0a1b-task/3/ui.xml", "file:///data/a%20b/0a1b-task/3/"),
        ("s3://bucket/some/prefix/", "bucket/some/prefix/0a1b-task/3/ui.xml", "s3://bucket/some/prefix/0a1b-task/3/"),
        ("s3://bucket", "bucket/0a1b-task/3/ui.xml", "s3://bucket/0a1b-task/3/"),
    ],
)
def test_a_setting_gives_paths_and_links(setting: str, path: str, url: str) -> None:
    place = StorageLocation.of(setting)
    assert (place.path(BUNDLE, "ui.xml"), place.url(BUNDLE)) == (path, url)


def test_a_relative_folder_is_the_processes_own() -> None:
    assert StorageLocation.of("var/evidence").root == str(Path.cwd() / "var" / "evidence")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PHONEFLEET_EVIDENCE", "s3://key:secret@bucket/x", "belong in the environment"),
        ("PHONEFLEET_EVIDENCE", "s3://bucket/x?endpoint=y", "belong in the environment"),
        ("PHONEFLEET_EVIDENCE", "ftp://host/x", "no storage known here"),
        ("PHONEFLEET_EVIDENCE", "s3:///x", "names no bucket"),
        ("PHONEFLEET_EVIDENCE_DAYS", "-1", "outside 0 to 3650 days"),
        ("PHONEFLEET_EVIDENCE_DAYS", "a month", "is not a number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(name: str, value: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refusal:
        read_settings({name: value})
    assert refusal.value.variable == name


@pytest.mark.parametrize("task_id", ["", "..", "a/b", "x" * 37])
def test_what_cannot_name_a_folder_is_refused(task_id: str) -> None:
    with pytest.raises(ValueError, match="cannot name a folder"):
        Bundle(task_id, 1)
