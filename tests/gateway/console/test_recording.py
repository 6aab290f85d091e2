"""The recording of a failed attempt: the page plays it under its policy, and gives it out as a video alone."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

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


def test_the_page_plays_it(recorded: Served) -> None:
    with chromium() as browser, tab(browser) as (page, wrong):
        log_in(page, recorded.url, "viewer")
        page.goto(f"{recorded.url}/tasks/{failed(recorded)}/attempts/1")
        assert page.evaluate(PLAY) == [144, 320, 2, None]
        assert (faults(page), wrong) == ([], [])


def test_it_is_given_out_as_a_video_to_people_alone(recorded: Served) -> None:
    path = f"/tasks/{failed(recorded)}/attempts/1/{RECORDING}"
    answer = recorded.as_role("viewer").get(path)
    assert (answer.headers["content-type"], answer.content) == ("video/mp4", video())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert recorded.nobody().get(path).status_code == 303


@pytest.mark.parametrize("facts", [{}, {"recording": None}, {"recording": "x"}, {"missing": {"recording": "gone"}}])
def test_without_one_there_is_no_player(console: Served, facts: dict[str, object]) -> None:
    place = StorageLocation.of(settings().evidence)
    Storage(place).put(place.path(Bundle(failed(console), 1), FACTS), json.dumps(facts).encode())
    assert "<video" not in console.as_role("viewer").get(f"/tasks/{failed(console)}/attempts/1").text
