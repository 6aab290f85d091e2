"""`phonefleet profile`: a profile is held against a phone, and a person accepts the patch that is proposed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.registry import flow_named
from models.responsible_use.profile_patches import list_patches, propose_patch
from models.transactions.read_write import read, write
from models.values.refused import Refused
from scripts.commands.profiles.check import walk_of
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.shelf import AdbServer, Shelf

PACKAGE = "com.phonefleet.practice"
PATCH = {"pages": {}, "changes": [{"page": "me"}, {"page": "feed"}], "unmended": []}


@pytest.fixture
def updated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """A phone that adb knows, whose apps were updated: every id has another name."""
    with AdbServer() as adb, Shelf(adb, tmp_path / "truth.jsonl") as shelf:
        monkeypatch.setenv("PHONEFLEET_ADB_PORT", str(adb.port))
        shelf.post("/update", phone="*", seed=3, kinds=["ids_renamed"])
        yield shelf


def proposed(here: Installation) -> int:
    return write(here.engine, lambda session: propose_patch(session, PACKAGE, "2.4.9", PATCH, by="SIM0001").id)


def test_a_profile_that_fits_the_app_holds(run: Run, here: Installation) -> None:
    said = run("profile", "check")
    assert said.status == 0, said.err
    assert "com.phonefleet.practice 2.4.1; the profile was tried with 2.4.1" in said.out
    assert "pages seen: feed, me" in said.out
    assert "the profile holds" in said.out


def test_drift_is_told_page_by_page_with_both_trees_and_the_patch_is_stored(
    run: Run, here: Installation, updated: Shelf
) -> None:
    said = run("profile", "check", "--phone", updated.phones[0]["address"])
    assert said.status == 1, said.err
    assert "com.phonefleet.practice 2.4.103" in said.out
    (patch,) = read(here.engine, list_patches)
    changes = {(one["page"], one["part"]): one for one in patch.patch["changes"]}
    new = changes["me", "id"]["new"].rpartition("/")[2]
    assert changes["me", "id"]["old"] == f"{PACKAGE}:id/account_id"
    assert "#account_id" in said.out
    assert f"#{new}" in said.out
    assert f"phonefleet profile accept {patch.id}" in said.out
    assert patch.accepted_at is None
    assert updated.truth() == [], "a check only reads"


def test_a_person_accepts_a_patch_and_the_list_says_who(run: Run, here: Installation) -> None:
    patch = proposed(here)
    assert "proposed" in run("profile", "patches").out
    said = run("profile", "accept", patch, "--why", "looked at it", "--who", "lin")
    assert (said.status, said.out.strip()) == (0, f"patch {patch} is accepted by lin")
    listed = run("profile", "patches").out
    assert "accepted" in listed
    assert "lin" in listed
    assert run("profile", "withdraw", patch, "--who", "wang").out.strip() == f"patch {patch} is withdrawn by wang"
    again = run("profile", "accept", patch)
    assert again.status == 2
    assert "was withdrawn by wang" in again.err


def test_without_recorded_screens_nothing_can_be_said(run: Run, here: Installation, tmp_path: Path) -> None:
    said = run("profile", "check", "--screens", tmp_path)
    assert said.status == 2
    assert "holds no recorded screens" in said.err


def test_a_flow_that_acts_checks_nothing() -> None:
    with pytest.raises(Refused, match="a check only reads"):
        walk_of(flow_named("directed"), None)
