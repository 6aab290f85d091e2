"""The film strip of a failed attempt, beside the newest success of its flow."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.console.live.attempt import StepPair, Touch
from gateway.console.live.strip import Column, Picture, pictures, strip
from models.tables import Attempt, Task
from models.transactions.read_write import read, write
from tests.support.console.browser import chromium, faults, log_in, tab
from tests.support.console.monday import strips
from tests.support.console.served import Served
from workers.evidence.bundle import FACTS, STRIP, Bundle, newest_strip
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage
from workers.settings import settings

MINE, OTHER = Bundle("0a1b", 2), Bundle("0c1d", 1)
TOUCH = Touch("click", None, 3, 4, 720, 1600)


@pytest.fixture
def filmed(console: Served) -> Served:
    """A console of failures that were filmed, for a test that changes something."""
    strips(console.engine)
    return console


def step(name: str, *, failed: bool = False) -> StepPair:
    return StepPair(name, 0.0, 1.0, None, failed, 1.0, 1.0)


def frame(name: str, **changed: Any) -> dict[str, Any]:
    return {"file": STRIP[0], "step": name, "at": 1.0, "width": 1080, "height": 2400} | changed


def test_steps_with_a_picture_stand_beside_each_other_and_the_failure_comes_with_its_touch() -> None:
    steps = [step("account"), step("wait"), step("video", failed=True), step("act")]
    mine = pictures({"film": [frame("account")]}, MINE)
    other = pictures({"film": [frame("account"), frame("act", file=STRIP[1])]}, OTHER)
    own, theirs = (
        Picture(f"/tasks/{one.task_id}/attempts/{one.attempt}/step-01.webp", 1080, 2400) for one in (MINE, OTHER)
    )
    assert strip(steps, mine, other, (MINE, TOUCH)) == [
        Column("account", False, own, theirs),
        Column("video", True, Picture("/tasks/0a1b/attempts/2/screenshot.jpg", 720, 1600, TOUCH), None),
        Column("act", False, None, Picture("/tasks/0c1d/attempts/1/step-02.webp", 1080, 2400)),
    ]
    untouched = strip(steps, mine, other, (MINE, None))[1].mine
    assert untouched == Picture("/tasks/0a1b/attempts/2/screenshot.jpg", 1080, 2400)
    assert [one.name for one in strip(steps, mine, other, None)] == ["account", "act"], "there is no screenshot"


@pytest.mark.parametrize(
    "film",
    [
        None,
        "x",
        {"file": STRIP[0]},
        [None, 5, [], {}],
        [frame("a", file="screenshot.jpg")],
        [frame("a", file="../../../etc/passwd")],
        [frame("a", file="step-99.webp")],
        [frame("a", width=0)],
        [frame("a", height=10**9)],
        [frame("a", width="1080")],
        [frame("a", step=["a"])],
    ],
)
def test_facts_of_any_other_form_show_no_picture(film: Any) -> None:
    assert pictures({"film": film}, MINE) == {}


def failed(console: Served) -> Task:
    wanted = select(Task).where(Task.failure_code == "list_not_loaded")
    found = read(console.engine, lambda session: session.scalars(wanted).first())
    assert found is not None
    return found


def newest(console: Served) -> tuple[Storage, str]:
    place = StorageLocation.of(settings().evidence)
    return Storage(place), f"{place.root}/{newest_strip(failed(console).flow, sandbox=False)}"


def success(console: Served) -> str:
    storage, path = newest(console)
    return str(json.loads(storage.get(path))["task_id"])


def test_a_failure_shows_its_strip_above_that_of_a_success(filmed: Served) -> None:
    task, other = failed(filmed), success(filmed)
    person = filmed.as_role("viewer")
    page = person.get(f"/tasks/{task.id}/attempts/1").text
    for address in (f"/tasks/{task.id}/attempts/1/{STRIP[1]}", f"/tasks/{other}/attempts/1/{STRIP[2]}"):
        assert address in page
        answer = person.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert answer.content[8:12] == b"WEBP"
    assert f'href="/tasks/{other}/attempts/1"' in page, "the steps' times are those of the same success"
    assert page.count("screenshot.jpg") >= 2
    for name in ("screenshot.jpg", "ui.xml", FACTS, "step-13.webp", "step-1.webp"):
        assert person.get(f"/tasks/{other}/attempts/1/{name}").status_code == 404, name
    assert person.get(f"/tasks/{task.id}/attempts/9/{STRIP[0]}").status_code == 404


@pytest.mark.parametrize(
    "named",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"task_id": "../../etc", "attempt": 1}',
        b'{"task_id": "unknown", "attempt": 1}',
        b'{"task_id": 5, "attempt": "1"}',
        b'{"task_id": "0a1b", "attempt": -1}',
        b" " * 1_000_001,
    ],
)
def test_a_success_that_cannot_be_found_leaves_the_failures_own_strip(filmed: Served, named: bytes) -> None:
    task = failed(filmed)
    storage, path = newest(filmed)
    storage.put(path, named)
    answer = filmed.as_role("viewer").get(f"/tasks/{task.id}/attempts/1")
    assert answer.status_code == 200
    assert f"/tasks/{task.id}/attempts/1/{STRIP[0]}" in answer.text
    assert "无画面" in answer.text


def test_the_success_beside_it_is_of_the_same_flow_and_did_succeed(filmed: Served) -> None:
    task, other = failed(filmed), success(filmed)

    def fail(session: Session) -> None:
        session.scalars(select(Attempt).where(Attempt.task_id == other)).one().outcome = "failed"

    write(filmed.engine, fail)
    assert f"/tasks/{other}/attempts/1/step" not in filmed.as_role("viewer").get(f"/tasks/{task.id}/attempts/1").text


def test_a_failure_without_pictures_has_no_strip(filmed: Served) -> None:
    task, place = failed(filmed), StorageLocation.of(settings().evidence)
    Storage(place).put(place.path(Bundle(task.id, 1), FACTS), b"{}")
    page = filmed.as_role("viewer").get(f"/tasks/{task.id}/attempts/1").text
    assert "步骤画面" not in page
    assert "对照" in page


def test_a_success_shows_its_own_strip_alone(filmed: Served) -> None:
    other = success(filmed)
    page = filmed.as_role("viewer").get(f"/tasks/{other}/attempts/1").text
    addresses = re.findall(r'<image href="([^"]+)"', page)
    assert addresses == [f"/tasks/{other}/attempts/1/{name}" for name in STRIP[:3]]
    assert page.count('class="frame none') == 0
    assert "screenshot.jpg" not in page


def test_a_success_that_was_not_filmed_shows_none(filmed: Served) -> None:
    other, place = success(filmed), StorageLocation.of(settings().evidence)
    Storage(place).remove(place.path(Bundle(other, 1), FACTS))
    answer = filmed.as_role("viewer").get(f"/tasks/{other}/attempts/1")
    assert (answer.status_code, "步骤画面" in answer.text) == (200, False)


def test_the_strip_is_seen_in_a_browser(filmed: Served) -> None:
    with chromium() as browser, tab(browser, "en", width=390) as (page, wrong):
        log_in(page, filmed.url, "viewer")
        page.goto(f"{filmed.url}/tasks/{failed(filmed).id}/attempts/1")
        page.wait_for_load_state("networkidle")
        loaded = page.locator("svg.frame image").evaluate_all("all => all.map(one => one.getBBox().height > 0)")
        assert len(loaded) == 6
        assert all(loaded)
        assert page.locator("svg.frame .touch-point").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert (faults(page), wrong) == ([], [])
