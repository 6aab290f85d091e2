"""A flow that is stuck is killed at its hard limit; the phone is cleaned up, and what follows is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from celery.canvas import Signature
from sqlalchemy import select

from models.tables import ActionRow, Attempt, Task
from models.transactions.read_write import read
from tests.support.fleet import Fleet
from workers.planting.submit import submit
from workers.tasks import collect_comments, directed

HARD = 15  # for the first attempt to get stuck in, and for the second to succeed in; the first is held so long
TEXT = "说得好"
KILLED = ("lost", "its task ran past the hard limit")


def attempts(fleet: Fleet, task: Signature) -> list[Attempt]:
    """Run a task whose first attempt gets stuck; its attempts, in order."""
    limited = task.set(soft_time_limit=HARD, time_limit=HARD)
    handle = submit(limited, name="stuck", seed=1, engine=fleet.engine)
    assert handle.wait(90) == "succeeded"
    made = select(Attempt).join(Task, Task.id == Attempt.task_id).where(Task.campaign_id == handle.id)
    return list(read(fleet.engine, lambda session: session.scalars(made.order_by(Attempt.number)).all()))


@pytest.mark.fleet
def test_hard_limit(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    stuck = "workers.tasks,tests.support.stuck"
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 1, PHONEFLEET_TASKS=stuck, PHONEFLEET_LEASE="30") as fleet:
        (video, *_) = next(author for author in fleet.shelf.authors() if author["id"] == "xiaopeng")["videos"]
        _in_the_middle(fleet, video["title"])
        _after_a_point_of_no_return(fleet, video["title"])
        assert fleet.differences() == []


def _in_the_middle(fleet: Fleet, title: str) -> None:
    """The next attempt, by another worker, finds its way on a phone that was left deep inside the app."""
    killed, again = attempts(fleet, collect_comments.s(author_id="xiaopeng", title=title, most=20))
    assert (killed.outcome, killed.reason) == KILLED
    assert (again.outcome, again.phone_serial) == ("succeeded", killed.phone_serial)
    assert again.incarnation != killed.incarnation


def _after_a_point_of_no_return(fleet: Fleet, title: str) -> None:
    """The tap was done, and its worker killed before it could say so: looked for, found, not done again."""
    killed, looked = attempts(fleet, directed.s(kind="comment", author_id="xiaopeng", title=title, text=TEXT))
    assert (killed.outcome, killed.reason) == KILLED
    assert (looked.outcome, looked.account_id) == ("succeeded", killed.account_id)
    (action,) = read(fleet.engine, lambda session: session.scalars(select(ActionRow)).all())
    assert (action.attempt, action.outcome, action.verified) == (killed.number, "done", True)
    assert [deed.text for deed in fleet.truth()] == [TEXT]
