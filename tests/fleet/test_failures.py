"""What fails stops only what needs it, and leaves evidence; a phone that cannot gives its task to another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import adbutils
import pytest
from celery import chord, group
from sqlalchemy import select

from models.responsible_use.authors import register_author
from models.tables import Attempt, Task
from models.tasks.states import State
from models.transactions.read_write import read
from tests.support.fleet import Fleet
from tests.support.servers import Redis
from workers.campaigns.stages import draw_directed, each_title
from workers.planting.submit import submit
from workers.tasks import collect_comments, collect_titles, directed

pytestmark = pytest.mark.fleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("failures")
    with (
        Redis() as redis,
        Fleet(folder, f"sqlite:///{folder / 'ledger.db'}", redis.url, 3, PHONEFLEET_LEASE="30") as it,
    ):
        yield it
        assert it.differences() == []


def test_a_failed_attempt_keeps_what_it_saw(fleet: Fleet) -> None:
    """As evidence that a person can open."""
    _warm_the_painter(fleet)
    missing = collect_comments.s(author_id="xiaopeng", title="没有这个视频", most=5, video_loop=5)
    handle = submit(missing.set(queue="phone.SIM0001"), name="no such video", seed=1, engine=fleet.engine)
    assert handle.wait(60) == "failed"
    mine = select(Attempt).join(Task, Task.id == Attempt.task_id).where(Task.campaign_id == handle.id)

    def stored() -> dict[str, object] | None:
        attempt = read(fleet.engine, lambda session: session.scalars(mine).one())
        return attempt.evidence if attempt.evidence and attempt.evidence["stored"] else None

    summary = fleet.wait(stored, 30, "the evidence to be stored")
    folder = Path(urlsplit(str(summary["url"])).path)
    facts = json.loads((folder / "evidence.json").read_text())
    assert facts["failure"]["code"] == "video_not_found"
    assert (folder / "screenshot.jpg").read_bytes().startswith(b"\xff\xd8")
    assert "page_author" in (folder / "ui.xml").read_text()


def _warm_the_painter(fleet: Fleet) -> None:
    """Have a picture drawn: the first one reads the fonts, which may take longer than evidence waits for it."""
    phone = adbutils.AdbClient("127.0.0.1", fleet.adb_port).device(fleet.shelf.addresses[0])
    assert phone.shell("screencap -p", encoding=None, timeout=60).startswith(b"\x89PNG")


def test_one_title_that_fails_stops_what_needs_it_alone(fleet: Fleet) -> None:
    """An author who is not on the app fails; the directed stage runs on the rest."""
    register_author(fleet.engine, "nobody", "查无此人")
    titles = [
        collect_titles.si(author_id=author, count=1, least_comments=10) | each_title.s(most=20)
        for author in ("xiaopeng", "nobody")
    ]
    draw = draw_directed.s(like_comment=4).set(join="settled")
    handle = submit(chord(group(titles), draw), name="one title fails", seed=3, engine=fleet.engine)

    assert handle.wait(90) == "failed"
    assert handle.get(1) == {
        "asked": {"comment": 0, "reply": 0, "like_comment": 4},
        "drawn": {"comment": 0, "reply": 0, "like_comment": 4},
        "done": {"like_comment": 4},
    }
    mine = select(Task).where(Task.campaign_id == handle.id)
    tasks = read(fleet.engine, lambda session: session.scalars(mine).all())
    failed = [task for task in tasks if task.state == State.FAILED]
    assert [(task.flow, task.failure_code) for task in failed] == [("collect_titles", "author_not_found")]
    stopped = [task for task in tasks if task.state == State.STOPPED]
    assert [(task.flow, task.prerequisite_failed) for task in stopped] == [("each_title", failed[0].id)]


def test_what_one_phone_cannot_do_another_does(fleet: Fleet) -> None:
    """Where an account may not act, the task goes to another account, and is done once."""
    video = next(author for author in fleet.shelf.authors() if author["id"] == "chenzhen")["videos"][0]
    for phone in ("SIM0001", "SIM0002"):
        fleet.fault("may_not_act", phone)
    action = directed.s(kind="comment", author_id="chenzhen", title=video["title"], text="说得好")
    handle = submit(action, name="may not act", seed=1, engine=fleet.engine)

    assert handle.wait(60) == "succeeded"
    (task,) = read(
        fleet.engine, lambda session: session.scalars(select(Task).where(Task.campaign_id == handle.id)).all()
    )
    assert task.account_id == "acc0003"
    attempts = read(
        fleet.engine, lambda session: session.scalars(select(Attempt).where(Attempt.task_id == task.id)).all()
    )
    assert all(one.failure_code == "may_not_act" for one in attempts if one.account_id != "acc0003")
    assert [deed.account for deed in fleet.truth() if deed.text == "说得好"] == ["acc0003"]
