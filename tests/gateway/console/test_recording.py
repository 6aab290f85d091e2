"""The recording of a failed attempt: the page plays it under its policy, and gives it out as a video alone."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from gateway.console.byte_range import asked_part
from models.tables import Task
from models.transactions.read_write import read
from phonesim.video import mp4
from tests.support.console.browser import chromium, faults, log_in, tab
from tests.support.console.screens_of_phones import screen
from tests.support.console.served import Served
from workers.evidence.bundle import FACTS, RECORDING, Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage
from workers.settings import settings

PLAY = """async () => {
    const video = document.querySelector('video');
    video.muted = true;
    await video.play();
    return [video.videoWidth, video.videoHeight, Math.round(video.duration), video.error];
}"""


def video() -> bytes:
    return mp4([(at, Image.open(BytesIO(screen(number)))) for number, at in enumerate((0.0, 0.7, 1.4))], 2.0)


def failed(console: Served) -> str:
    wanted = select(Task.id).where(Task.failure_code == "list_not_loaded")
    return read(console.engine, lambda session: session.scalars(wanted).first()) or ""


@pytest.fixture
def recorded(console: Served) -> Served:
    place, bundle = StorageLocation.of(settings().evidence), Bundle(failed(console), 1)
    facts = json.dumps({"recording": {"file": RECORDING, "bytes": 1}})
    for name, data in ((FACTS, facts.encode()), (RECORDING, video())):
        Storage(place).put(place.path(bundle, name), data)
    return console


SEEK = """() => new Promise(done => {
    const video = document.querySelector('video');
    video.pause();
    video.onseeked = () => done([video.seekable.length, Math.round(video.currentTime * 10)]);
    video.currentTime = 1.5;
})"""


def test_the_page_plays_it_and_jumps_within_it(recorded: Served) -> None:
    answers: list[int] = []
    with chromium() as browser, tab(browser) as (page, wrong):
        page.on("response", lambda one: answers.append(one.status) if one.url.endswith(RECORDING) else None)
        log_in(page, recorded.url, "viewer")
        page.goto(f"{recorded.url}/tasks/{failed(recorded)}/attempts/1")
        assert page.evaluate(PLAY) == [144, 320, 2, None]
        assert page.evaluate(SEEK) == [1, 15]
        assert set(answers) == {206}
        assert (faults(page), wrong) == ([], [])


def test_it_is_given_out_as_a_video_to_people_alone(recorded: Served) -> None:
    path = f"/tasks/{failed(recorded)}/attempts/1/{RECORDING}"
    answer = recorded.as_role("viewer").get(path)
    assert (answer.headers["content-type"], answer.content) == ("video/mp4", video())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert recorded.nobody().get(path).status_code == 303


WHOLE = range(len(video()))


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-", WHOLE),
        ("bytes=0-0", WHOLE[:1]),
        ("Bytes=3-9", WHOLE[3:10]),
        ("bytes=5-", WHOLE[5:]),
        ("bytes=-7", WHOLE[-7:]),
        ("bytes=-99999999", WHOLE),
        (f"bytes=3-{10**14}", WHOLE[3:]),
    ],
)
def test_a_part_of_it_is_given_out(recorded: Served, asked: str, given: range) -> None:
    path = f"/tasks/{failed(recorded)}/attempts/1/{RECORDING}"
    answer = recorded.as_role("viewer").get(path, range=asked)
    assert (answer.status_code, answer.content) == (206, video()[given.start : given.stop])
    assert answer.headers["content-range"] == f"bytes {given.start}-{given.stop - 1}/{len(video())}"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "asked",
    ["", "bytes=", "bytes=-", "bytes=9-3", "bytes=0-1,3-4", "lines=0-1", "bytes=x-", f"bytes={10**20}-"],
)
def test_any_other_range_is_answered_with_the_whole(recorded: Served, asked: str) -> None:
    answer = recorded.as_role("viewer").get(f"/tasks/{failed(recorded)}/attempts/1/{RECORDING}", range=asked)
    assert (answer.status_code, answer.content) == (200, video())
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-range" not in answer.headers


def test_a_part_behind_its_end_or_of_another_file_is_refused(recorded: Served) -> None:
    person, path = recorded.as_role("viewer"), f"/tasks/{failed(recorded)}/attempts/1/{RECORDING}"
    for asked in (f"bytes={len(video())}-", "bytes=-0"):
        answer = person.get(path, range=asked)
        assert (answer.status_code, answer.content) == (416, b"")
        assert answer.headers["content-range"] == f"bytes */{len(video())}"
    assert asked_part("bytes=1-٣", 9) is None
    named = person.get(path, range="bytes=0-1", **{"if-range": '"another"'})
    assert (named.status_code, named.content) == (200, video())


@pytest.mark.parametrize("facts", [{}, {"recording": None}, {"recording": "x"}, {"missing": {"recording": "gone"}}])
def test_without_one_there_is_no_player(console: Served, facts: dict[str, object]) -> None:
    place = StorageLocation.of(settings().evidence)
    Storage(place).put(place.path(Bundle(failed(console), 1), FACTS), json.dumps(facts).encode())
    assert "<video" not in console.as_role("viewer").get(f"/tasks/{failed(console)}/attempts/1").text
