"""Recordings: a flow is driven over them without a phone, and what it does or brings otherwise is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flows.packages.recording import Recording, dump_of, read_recording
from flows.packages.replay import ReplayDiffers, replay, unread_columns
from flows.screen import Screen
from models.values.refused import Refused
from scripts.commands.flow_packages.evidence import read_evidence, recording_of
from scripts.commands.flow_packages.new import make
from scripts.commands.flow_packages.run import Loaded, checked, load_package

DUMP = (
    '<hierarchy rotation="1"><node resource-id="a:id/b" text="一&#10;二 &amp; &quot;三&quot;" content-desc="" '
    'class="android.widget.TextView" package="a" bounds="[1,2][30,40]" enabled="false" selected="true" '
    'clickable="true" scrollable="true"><node bounds="[0,0][1,1]" package="b"/></node></hierarchy>'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("replayed_one", tmp_path_factory.mktemp("flows"))


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Loaded:
    return load_package(folder)


@pytest.fixture
def recording(folder: Path) -> Recording:
    return read_recording(folder / "screens" / "first")


def test_a_dump_that_is_written_reads_as_the_same_screen() -> None:
    screen = Screen.parse(DUMP)
    again = Screen.parse(dump_of(screen))
    assert dump_of(again) == dump_of(screen)
    (was,), (now,) = screen.roots, again.roots
    fields = ("text", "bounds", "enabled", "selected", "clickable", "scrollable", "package", "cls")
    assert [getattr(was, one) for one in fields] == [getattr(now, one) for one in fields]
    assert now.text == '一\n二 & "三"'
    assert (again.on_its_side, len(now.children)) == (True, 1)


def test_the_recording_of_a_new_package_is_the_same(loaded: Loaded, recording: Recording) -> None:
    result = replay(loaded.flow, loaded.profile, recording)
    assert len(result.items) == 12


def test_its_tests_pass_in_its_folder(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


DIFFERENT = {
    "another result": (lambda one: one.result["items"][0].update(name="x"), "items is"),
    "another touch": (lambda one: one.calls[0].update(id="com.other"), "in the recording it does stop_app com.other"),
    "another way": (lambda one: one.calls[3].update(end=[540, 2390]), "swipe up"),
    "a failure": (lambda one: setattr(one, "failure", "list_not_loaded"), "recorded is the failure"),
    "it ends early": (lambda one: one.calls.__delitem__(slice(3, None)), "the recording ends here"),
    "no end": (lambda one: setattr(one, "result", None), "does not say how its run ended"),
    "no screens": (lambda one: one.calls.__delitem__(slice(2, None)), "the flow looks"),
}


@pytest.mark.parametrize(("change", "words"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_is_told(change: object, words: str, loaded: Loaded, recording: Recording) -> None:
    change(recording)  # type: ignore[operator]
    with pytest.raises(ReplayDiffers, match=words):
        replay(loaded.flow, loaded.profile, recording)


def test_a_failure_that_was_recorded_is_the_same(loaded: Loaded, recording: Recording) -> None:
    """The app shows no page that the profile knows."""
    recording.screens["001.xml"] = recording.screens["001.xml"].replace("page_accounts", "page_other")
    recording.calls[3:] = []
    recording.result, recording.failure = None, "page_drift"
    assert replay(loaded.flow, loaded.profile, recording) is None


def test_a_column_that_no_row_has_is_found(loaded: Loaded, recording: Recording) -> None:
    rows = loaded.flow.rows(loaded.flow.params_model(), replay(loaded.flow, loaded.profile, recording))
    assert (len(rows), unread_columns(loaded.flow, rows), unread_columns(loaded.flow, [])) == (12, "", "")
    assert unread_columns(loaded.flow, [{"name": 1}, {"other": 2}]) == "id"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"flow": "x", "more": 1}', '{"flow": "x", "calls": [{"call": "look", "screen": "../up.xml"}]}'],
)
def test_a_file_that_is_no_recording_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "recording.json").write_text(text)
    with pytest.raises(ValueError, match=r"recording\.json|Expecting"):
        read_recording(tmp_path)


def evidence(folder: Path, recording: Recording, **details: object) -> str:
    """Evidence of an attempt that failed on the first screen of the recording."""
    folder.mkdir()
    failure = {"code": "page_drift", "details": details}
    (folder / "evidence.json").write_text(json.dumps({"flow": "replayed_one", "page": None, "failure": failure}))
    (folder / "ui.xml").write_text(recording.screens["001.xml"].replace("item_id", "item_number"), encoding="utf-8")
    return str(folder)


def test_evidence_becomes_a_test_that_fails_until_the_profile_is_mended(
    loaded: Loaded, recording: Recording, folder: Path, tmp_path: Path
) -> None:
    missing = loaded.profile.pages["accounts"].selectors["id"]
    told = read_evidence(evidence(tmp_path / "3", recording, page="accounts", missing=missing))
    made = recording_of(*told, loaded.profile, "")
    made.write(tmp_path / "screens" / "drift")
    again = read_recording(tmp_path / "screens" / "drift")
    assert (again.page, again.parts) == ("accounts", ["id"])
    with pytest.raises(ReplayDiffers, match="page accounts has no id"):
        replay(loaded.flow, loaded.profile, again)
    page = loaded.profile.pages["accounts"]
    selectors = {**page.selectors, "id": missing.replace("item_id", "item_number")}
    pages = {"accounts": page.model_copy(update={"selectors": selectors})}
    replay(loaded.flow, loaded.profile.model_copy(update={"pages": pages}), again)


def test_evidence_of_another_page_fails_too(loaded: Loaded, recording: Recording, tmp_path: Path) -> None:
    facts, tree = read_evidence(evidence(tmp_path / "3", recording, wanted=["accounts"], page=""))
    made = recording_of(facts, tree.replace("page_accounts", "page_new"), loaded.profile, "")
    with pytest.raises(ReplayDiffers, match="finds no page on the screen, not accounts"):
        replay(loaded.flow, loaded.profile, made)


def test_evidence_that_names_no_page_needs_one(loaded: Loaded, recording: Recording, tmp_path: Path) -> None:
    facts, tree = read_evidence(evidence(tmp_path / "3", recording))
    with pytest.raises(Refused, match="--page"):
        recording_of(facts, tree, loaded.profile, "")
    assert recording_of(facts, tree, loaded.profile, "accounts").page == "accounts"
    with pytest.raises(Refused, match="no evidence with a tree"):
        read_evidence(str(tmp_path))


def test_parameters_are_checked(loaded: Loaded) -> None:
    assert checked(loaded.flow, ["most=7"]).most == 7
    for wrong in ("most", "most=0", "most=many", "more=1"):
        with pytest.raises(Refused):
            checked(loaded.flow, [wrong])
