"""A film strip: a picture of each step that ended well, few and small, kept for failures and now and then a success."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine

from flows.phone import PhoneError
from tests.workers.evidence.attempts import running, summary_of
from tests.workers.evidence.case import evidence
from tests.workers.evidence.conftest import NewWatch
from workers.evidence.bundle import FACTS, RECORDING, STRIP, Bundle, newest_strip
from workers.evidence.film import MOST_BYTES, SIZE, Film, Filmed, told
from workers.evidence.keep import files_of, with_film
from workers.evidence.mark_stored import note
from workers.evidence.prune import prune
from workers.evidence.shipper import Shipper
from workers.evidence.shipper_thread import spool_of
from workers.evidence.storage import Storage
from workers.evidence.success import EVERY_SECONDS, FOLDER, keep_success
from workers.runtime.slots import Stop
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import Settings, read_settings


def jpeg(colour: str = "#1f2a30") -> bytes:
    kept = BytesIO()
    Image.new("RGB", (1080, 2400), colour).save(kept, "JPEG")
    return kept.getvalue()


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return read_settings({"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_FILM": "all"})


def filmed(watch: SlotWatch, *steps: str) -> Film:
    """A film of steps that each ended well."""
    film = Film(jpeg, watch)
    watch.after_step = film.step_ended
    for name in steps:
        with watch.step(name):
            pass
    return film


def test_each_step_that_ends_well_has_one_picture(new_watch: NewWatch) -> None:
    watch = new_watch()
    film = filmed(watch, "account", "video")
    with suppress(ValueError), watch.step("act"):
        raise ValueError("the step failed")
    assert [frame.step for frame in film.frames] == ["account", "video"]
    assert {frame.screen for frame in film.frames} == {(1080, 2400)}
    for frame in film.frames:
        assert len(frame.picture) <= MOST_BYTES
        assert Image.open(BytesIO(frame.picture)).size == SIZE


def test_a_step_that_runs_again_has_its_newest_picture_and_old_steps_go(new_watch: NewWatch) -> None:
    steps = [f"step {number}" for number in range(20)]
    film = filmed(new_watch(), *steps, "step 10")
    assert [frame.step for frame in film.frames] == [*steps[8:10], *steps[11:], "step 10"]
    facts, files = told(film.frames)
    assert list(files) == list(STRIP) == [one["file"] for one in facts]


@pytest.mark.parametrize("trouble", [b"no picture", PhoneError("phone_hung", "no answer", sent=True)])
def test_after_one_picture_that_cannot_be_taken_no_other_is(new_watch: NewWatch, trouble: bytes | PhoneError) -> None:
    asked = []

    def shoot() -> bytes:
        asked.append(1)
        if isinstance(trouble, PhoneError):
            raise trouble
        return trouble

    film = Film(shoot, new_watch())
    film.step_ended("account")
    film.step_ended("video")
    assert (len(asked), film.frames) == (1, [])


@pytest.mark.parametrize("why", [Stop.TASK, Stop.DRAIN, Stop.LEASE])
def test_a_phone_that_must_be_left_is_not_touched_for_a_picture(new_watch: NewWatch, why: Stop) -> None:
    watch = new_watch()
    watch._slot.ask(why, watch._slot.turn)
    assert filmed(watch, "account").frames == []


@pytest.mark.parametrize("limits", [{"lease": 0.9}, {"hard": 0.9}, {"soft": 0.0}])
def test_no_picture_takes_the_last_second(new_watch: NewWatch, limits: dict[str, float]) -> None:
    assert filmed(new_watch(**limits), "account").frames == []


def test_the_strip_is_stored_with_the_evidence_and_pruned_with_it(new_watch: NewWatch, storage: Storage) -> None:
    one = with_film(evidence("0a1b-task"), Filmed(filmed(new_watch(), "account", "video").frames))
    files = files_of(one)
    assert set(files) == {*STRIP[:2], "screenshot.jpg", "ui.xml", "evidence.json"}
    film = json.loads(files[FACTS])["film"]
    assert [(told["file"], told["step"], told["width"]) for told in film] == [
        ("step-01.webp", "account", 1080),
        ("step-02.webp", "video", 1080),
    ]
    for name, data in files.items():
        storage.put(storage.place.path(Bundle("0a1b-task", 1), name), data)
    assert prune(storage, 30, datetime.now(UTC) + timedelta(days=31)) == 1
    assert list(storage.files()) == []


def test_a_recording_is_stored_with_the_evidence_and_pruned_with_it(storage: Storage) -> None:
    one = with_film(evidence("0a1b-task"), Filmed((), b"....ftyp"))
    assert one.facts["recording"] == {"file": RECORDING, "bytes": 8}
    for name, data in files_of(one).items():
        storage.put(storage.place.path(Bundle("0a1b-task", 1), name), data)
    assert storage.get(storage.place.path(Bundle("0a1b-task", 1), RECORDING)) == b"....ftyp"
    assert prune(storage, 30, datetime.now(UTC) + timedelta(days=31)) == 1
    assert list(storage.files()) == []
    assert with_film(evidence(), Filmed((), None, "it hangs")).facts["missing"]["recording"] == "it hangs"


def test_a_success_keeps_its_strip_once_an_hour_for_each_flow(
    config: Settings, new_watch: NewWatch, sqlite_ledger: Engine, tmp_path: Path
) -> None:
    watch, got = new_watch(), running(sqlite_ledger)
    frames = filmed(watch, "account").frames
    keep = partial(keep_success, config, WorkerIdentity("SIM0001", "x", 1, "shelf", "life", watch._slot))
    assert not keep(got, watch, []), "nothing was filmed"
    assert keep(got, watch, frames)
    assert not keep(got, watch, frames)
    assert keep(replace(got, flow="nurture", fence=replace(got.fence, attempt=2)), watch, frames)
    for mark in (tmp_path / FOLDER).iterdir():
        os.utime(mark, (mark.stat().st_atime, mark.stat().st_mtime - EVERY_SECONDS))
    assert keep(replace(got, fence=replace(got.fence, attempt=3)), watch, frames)
    assert len(spool_of(config).bundles()) == 3


def test_the_newest_strip_of_a_success_is_found_by_its_flow(
    config: Settings, new_watch: NewWatch, sqlite_ledger: Engine, storage: Storage
) -> None:
    watch, got = new_watch(), running(sqlite_ledger)
    identity = WorkerIdentity("SIM0001", "x", 1, "shelf", "life", watch._slot)
    assert keep_success(config, identity, got, watch, filmed(watch, "account", "video").frames)
    assert Shipper(spool_of(config), storage, partial(note, sqlite_ledger), 30).round()
    assert spool_of(config).bundles() == []
    named = json.loads(storage.get(f"{storage.place.root}/{newest_strip(got.flow, sandbox=got.sandbox)}"))
    bundle = Bundle(named["task_id"], named["attempt"])
    assert bundle == Bundle(got.fence.task_id, got.fence.attempt)
    facts = json.loads(storage.get(storage.place.path(bundle, FACTS)))
    assert [one["step"] for one in facts["film"]] == ["account", "video"]
    assert storage.get(storage.place.path(bundle, STRIP[1]))[8:12] == b"WEBP"
    assert summary_of(sqlite_ledger, got) is None, "the row of a success tells of no evidence"
