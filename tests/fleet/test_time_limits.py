"""A flow that hears nothing is killed at its hard limit; the phone is cleaned up, and what follows is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.engine import read, write
from models.tables import ActionRow, Attempt, Task
from tests.support.fleet import Fleet
from workers.handle import Handle
from workers.submit import submit
from workers.tasks import collect_comments, directed

# A dump takes 6.8 s then and an echo 1.4 s: slow, and not hung.
SLOW = 45
HARD = 9
TEXT = "说得好"
KILLED = "its task ran past the hard limit"


def first_attempt(fleet: Fleet, handle: Handle) -> Attempt | None:
    """The first attempt at the campaign's one task, once it ended."""
    wanted = select(Attempt).join(Task, Task.id == Attempt.task_id)
    ended = wanted.where(Task.campaign_id == handle.id, Attempt.number == 1, Attempt.ended_at.is_not(None))
    return read(fleet.engine, lambda session: session.scalars(ended).one_or_none())


def more_time(fleet: Fleet, handle: Handle) -> None:
    """Whatever attempts follow have the time that they need, however busy the machine is."""

    def work(session: Session) -> None:
        session.execute(update(Task).where(Task.campaign_id == handle.id).values(soft_limit=300, hard_limit=360))

    write(fleet.engine, work)


def killed(fleet: Fleet, handle: Handle) -> Attempt:
    """The first attempt, which was killed; the phones are well again, and there is time."""
    lost = fleet.wait(lambda: first_attempt(fleet, handle), 60, "the first attempt to be killed")
    more_time(fleet, handle)
    fleet.heal("SIM0001")
    assert (lost.outcome, lost.reason, lost.phone_serial) == ("lost", KILLED, "SIM0001")
    assert isinstance(lost, Attempt)
    return lost


@pytest.mark.fleet
def test_hard_limit(tmp_path: Path, sqlite_database: str, empty_redis_url: str) -> None:
    deaf = "workers.tasks,tests.support.deaf"
    with Fleet(tmp_path, sqlite_database, empty_redis_url, 1, PHONEFLEET_TASKS=deaf) as fleet:
        (video, *_) = next(author for author in fleet.shelf.authors() if author["id"] == "xiaopeng")["videos"]
        _in_the_middle(fleet, video["title"])
        _after_a_point_of_no_return(fleet, video["title"])
        assert fleet.differences() == []


def _in_the_middle(fleet: Fleet, title: str) -> None:
    """The next attempt finds its way on a phone that was left in the middle of something."""
    fleet.fault("slow", "SIM0001", factor=SLOW)
    collect = collect_comments.s(author_id="xiaopeng", title=title, most=20).set(soft_time_limit=HARD, time_limit=HARD)
    handle = submit(collect, name="slow", seed=1, engine=fleet.engine)
    killed(fleet, handle)
    assert handle.wait(60) == "succeeded"


def _after_a_point_of_no_return(fleet: Fleet, title: str) -> None:
    """The tap was done, and its worker killed before it could say so: looked for, found, not done again."""
    fleet.fault("slow", "SIM0001", factor=SLOW, at="after_tap", on="comment_send")
    comment = directed.s(kind="comment", author_id="xiaopeng", title=title, text=TEXT)
    handle = submit(comment.set(soft_time_limit=HARD, time_limit=HARD), name="in doubt", seed=1, engine=fleet.engine)
    lost = killed(fleet, handle)
    assert handle.wait(60) == "succeeded"
    (action,) = read(fleet.engine, lambda session: session.scalars(select(ActionRow)).all())
    assert (action.attempt, action.outcome, action.verified) == (lost.number, "done", True)
    assert [deed.text for deed in fleet.truth()] == [TEXT]
