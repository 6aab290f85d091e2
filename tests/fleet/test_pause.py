"""Paused while it runs: a task leaves its phone on a known page and goes on later; a phone's work goes elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import adbutils
import pytest
import uiautomator2
from sqlalchemy import select

from flows.profile import load_profile
from flows.screen import Screen
from models.tables import Attempt, Task
from models.tasks.states import State
from models.transactions.read_write import read
from tests.support.fleet import Fleet
from workers.control.pause import pause_task, resume_task
from workers.control.phone_pause import pause_phone, resume_phone
from workers.planting.handle import Handle
from workers.planting.submit import submit
from workers.tasks import collect_comments, nurture

SPEED = 1  # as real phones: a task takes long enough to be met in the middle
TEXTS = ["说得好", "学习了"]
ON_THE_WAY = {"search", "author", "video", "comments"}


@pytest.mark.fleet
def test_pauses_of_a_task_and_of_a_phone(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 2, speed=SPEED, PHONEFLEET_LEASE="30") as fleet:
        _a_task_leaves_off_and_goes_on(fleet)
        _a_phone_gives_its_work_to_another(fleet)
        assert fleet.differences() == []


def _a_task_leaves_off_and_goes_on(fleet: Fleet) -> None:
    session = nurture.si(video_loop=6, video_likes=2, comments=1, texts=TEXTS).set(queue="account.acc0001")
    handle = submit(session, name="a session", seed=5, engine=fleet.engine)
    fleet.wait(fleet.truth, 60, "the session to have done something")
    task = _running(fleet, handle)
    pause_task(fleet.engine, task.id, who="lena", why="lunch")
    held = fleet.wait(lambda: _task(fleet, handle, State.HELD), 30, "the task to be held")
    assert (held.held_from, held.waits_for) == (State.READY, "lena paused it: lunch")
    assert [one.outcome for one in _attempts(fleet, task.id)] == ["paused"]
    before = fleet.truth()
    assert _page(fleet, task.phone_serial) == "feed"
    assert fleet.truth() == before

    assert resume_task(fleet.engine, task.id, who="lena") == 1
    assert handle.wait(120) == "succeeded"
    assert [one.outcome for one in _attempts(fleet, task.id)] == ["paused", "succeeded"]
    done = [deed.kind for deed in fleet.truth() if deed.account == "acc0001"]
    assert sorted(done) == ["comment", "like_video", "like_video"]  # once, whatever the first attempt had done


def _a_phone_gives_its_work_to_another(fleet: Fleet) -> None:
    video = next(author for author in fleet.shelf.authors() if author["id"] == "xiaopeng")["videos"][0]
    collect = collect_comments.si(author_id="xiaopeng", title=video["title"], most=50)
    handle = submit(collect, name="a list", seed=5, engine=fleet.engine)
    task = _running(fleet, handle)
    fleet.wait(lambda: _page(fleet, task.phone_serial) in ON_THE_WAY, 60, "the flow to be away from the feed")
    first = str(task.phone_serial)
    (other,) = {"SIM0001", "SIM0002"} - {first}
    pause_phone(fleet.engine, first, who="lena", why="new battery")
    assert handle.wait(120) == "succeeded"
    tried = [(one.phone_serial, one.outcome) for one in _attempts(fleet, task.id)]
    assert tried == [(first, "handed_back"), (other, "succeeded")]
    assert _page(fleet, first) == "feed"

    pinned = submit(
        collect_comments.si(author_id="xiaopeng", title=video["title"], most=5).set(queue=f"phone.{first}"),
        name="pinned",
        seed=5,
        engine=fleet.engine,
    )
    why = f"phone {first} is paused by lena: new battery"
    fleet.wait(lambda: _waits_for(fleet, pinned) == why, 20, "the pinned task to say what it awaits")
    resume_phone(fleet.engine, first, who="lena")
    assert pinned.wait(120) == "succeeded"


def _running(fleet: Fleet, handle: Handle) -> Task:
    """The campaign's one task, which runs."""
    task: Task = fleet.wait(lambda: _task(fleet, handle, State.RUNNING), 60, "the task to run")
    return task


def _waits_for(fleet: Fleet, handle: Handle) -> str | None:
    task = _task(fleet, handle, State.READY)
    return None if task is None else task.waits_for


def _task(fleet: Fleet, handle: Handle, state: State) -> Task | None:
    mine = select(Task).where(Task.campaign_id == handle.id, Task.state == state)
    return read(fleet.engine, lambda session: session.scalars(mine).one_or_none())


def _attempts(fleet: Fleet, task_id: str) -> Sequence[Attempt]:
    mine = select(Attempt).where(Attempt.task_id == task_id).order_by(Attempt.number)
    return read(fleet.engine, lambda session: session.scalars(mine).all())


def _page(fleet: Fleet, serial: str | None) -> str | None:
    """The page that a phone shows, seen by the stock uiautomator2 over the fleet's adb server."""
    index = int(str(serial).removeprefix("SIM")) - 1
    device = adbutils.AdbClient("127.0.0.1", fleet.adb_port).device(fleet.shelf.addresses[index])
    return load_profile("practice").page_of(Screen.parse(uiautomator2.connect(device).dump_hierarchy()))
