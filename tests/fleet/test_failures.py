"""What fails stops only what needs it; a phone that cannot gives its task to another."""

from __future__ import annotations

from pathlib import Path

import pytest
from celery import chord, group
from sqlalchemy import select

from models.responsible_use.authors import register_author
from models.tables import Attempt, Task
from models.tasks.states import State
from models.transactions.read_write import read
from tests.support.fleet import Fleet
from workers.campaigns.stages import draw_directed, each_title
from workers.planting.submit import submit
from workers.tasks import collect_titles, directed


@pytest.mark.fleet
def test_fleet_goes_on_past_failures(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 3, PHONEFLEET_LEASE="30") as fleet:
        _one_title_fails(fleet)
        _one_phone_cannot(fleet)
        assert fleet.differences() == []


def _one_title_fails(fleet: Fleet) -> None:
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
    tasks = read(fleet.engine, lambda session: session.scalars(select(Task)).all())
    failed = [task for task in tasks if task.state == State.FAILED]
    assert [(task.flow, task.failure_code) for task in failed] == [("collect_titles", "author_not_found")]
    stopped = [task for task in tasks if task.state == State.STOPPED]
    assert [(task.flow, task.prerequisite_failed) for task in stopped] == [("each_title", failed[0].id)]


def _one_phone_cannot(fleet: Fleet) -> None:
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
