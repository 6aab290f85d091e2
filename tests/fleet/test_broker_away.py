"""Redis in trouble of every form: workers wait, nothing is lost or done twice, and people are told until it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from celery import Signature, group
from sqlalchemy import select

from models.database.clock import database_now
from models.notify.alerts import lasting_alerts
from models.responsible_use.authors import set_cap
from models.tables import Alert, Task
from models.tasks.states import State
from models.transactions.read_write import read
from scripts.local.processes import COORDINATOR, HOST
from tests.support.fleet import Fleet
from tests.support.host.processes import children
from tests.support.troubled import FORMS, TroubledRedis
from tests.support.work import said
from workers.host.leases import LEAVE_SECONDS
from workers.planting.submit import submit
from workers.tasks import collect_comments, directed

pytestmark = pytest.mark.fleet

PHONES = 2
TASKS = 6
WAIT = 60.0
SLOWER = 8.0


@pytest.fixture(scope="module")
def server() -> Iterator[TroubledRedis]:
    with TroubledRedis() as redis:
        yield redis


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, server: TroubledRedis) -> Iterator[Fleet]:
    folder: Path = tmp_path_factory.mktemp("away")
    with Fleet(folder, f"sqlite:///{folder / 'ledger.db'}", server.url, PHONES) as running:
        for cap in ("comments_per_video", "comments_per_account_video", "actions_per_account_day"):
            set_cap(running.engine, cap, 1000, who="test")  # every form comments on the same videos
        yield running


def workers(fleet: Fleet) -> set[int]:
    """The worker processes of the host."""
    zygotes = children(fleet.host.pid, "workers.host.zygote")
    return {child for zygote in zygotes for child in children(zygote, "workers.host.zygote")}


def logs(fleet: Fleet) -> dict[str, str]:
    """What the coordinator, and host and workers, logged so far."""
    parts = {"coordinator": COORDINATOR, "host": HOST}
    return {name: fleet.processes.log(part).read_text(errors="replace") for name, part in parts.items()}


def lasting(fleet: Fleet) -> list[Alert]:
    return list(read(fleet.engine, lambda session: lasting_alerts(session, "broker_away")))


def lines_of(words: str, log: str) -> int:
    """The most lines of one process that tell this of Redis."""
    told = Counter(line.split()[3] for line in log.splitlines() if "phonefleet.broker: Redis" in line and words in line)
    return max(told.values(), default=0)


@pytest.mark.parametrize("form", FORMS)
def test_workers_wait_and_people_are_told(fleet: Fleet, server: TroubledRedis, form: str) -> None:
    trouble, before, alive = FORMS[form], logs(fleet), workers(fleet)
    assert len(alive) == PHONES + 1
    texts = [f"{form} {number}" for number in range(TASKS)]
    campaign = submit(_comments(fleet, texts), name=form, engine=fleet.engine)
    fleet.wait(lambda: any(text in said(fleet) for text in texts), WAIT, "the first comment")
    trouble.begin(server)
    try:
        alerts = fleet.wait(lambda: lasting(fleet), WAIT, "an alert") if trouble.remedy else []
        for alert in alerts:
            assert (alert.subject, alert.text[:8]) == ("redis", "Redis at")
        if trouble.remedy:
            told: list[str] = []
            with suppress(TimeoutError):
                fleet.wait(lambda: trouble.remedy in _told(fleet, told), WAIT, trouble.remedy)
            assert trouble.remedy in told[-1]
            assert len(lasting(fleet)) == 1
    finally:
        trouble.end(server)
    assert campaign.wait(WAIT) == "succeeded"
    fleet.wait(lambda: not lasting(fleet), WAIT, "the alert to end by itself")
    assert Counter({text: count for text, count in said(fleet).items() if text in texts}) == Counter(texts)
    assert workers(fleet) == alive, "no worker died of it"
    wanted = select(Task.attempt).where(Task.campaign_id == campaign.id)
    assert set(read(fleet.engine, lambda session: list(session.scalars(wanted)))) == {1}, "what ran went on"
    for name, log in logs(fleet).items():
        new = log[len(before[name]) :]
        assert "Traceback" not in new, new
        assert "Unrecoverable" not in new, new
        assert lines_of("is away", new) <= 2, new  # a form may show itself in two: first refused, then a password
        assert lines_of("is well again", new) <= 2, new


@pytest.mark.parametrize("form", ["full", "cannot save", "read-only", "ended"])
def test_the_running_task_keeps_its_lease_and_a_stop_reaches_it(fleet: Fleet, server: TroubledRedis, form: str) -> None:
    alive, trouble = workers(fleet), FORMS[form]
    fleet.fault("slow", "*", factor=SLOWER)
    campaign = submit(_long(fleet), name=f"stop, {form}", engine=fleet.engine)
    fleet.wait(lambda: _task(fleet, campaign.id).state == State.RUNNING, WAIT, "the task to run")
    trouble.begin(server)
    try:
        fleet.wait(lambda: lasting(fleet), WAIT, "an alert")
        begun = _task(fleet, campaign.id)
        for _ in range(2):  # it would have run out as often, had nobody renewed it
            lease = _lease(_task(fleet, campaign.id))
            fleet.wait(partial(_over, fleet, lease), WAIT, "the lease to have run out, unless renewed")
            now = _task(fleet, campaign.id)
            assert _lease(now) > lease
            assert (now.state, now.incarnation, now.attempt) == (State.RUNNING, begun.incarnation, 1)
        said_so = _phonefleet(fleet, "stop", begun.id, "--why", "enough")
        assert "1 running, asked to leave" in said_so
        fleet.wait(lambda: _task(fleet, campaign.id).state == State.STOPPED, LEAVE_SECONDS, "the task to have left")
        (attempt,) = [one for one in fleet.attempts() if one.task_id == begun.id]
        assert (attempt.outcome, attempt.phone_serial) == ("stopped", begun.phone_serial)
        assert lasting(fleet), "Redis was away all the while"
    finally:
        fleet.heal("*")
        trouble.end(server)
    fleet.wait(lambda: not lasting(fleet), WAIT, "the alert to end by itself")
    assert workers(fleet) == alive, "it left by itself"


def _long(fleet: Fleet) -> Signature:
    """A list that takes minutes on a slow phone, and that any phone may read."""
    videos = [(author["id"], video) for author in fleet.shelf.authors() for video in author["videos"]]
    author, video = max(videos, key=lambda one: one[1]["comments"])
    return collect_comments.s(author_id=author, title=video["title"], most=1000)


def _task(fleet: Fleet, campaign_id: str) -> Task:
    """The campaign's one task, as it is now."""
    wanted = select(Task).where(Task.campaign_id == campaign_id)
    return read(fleet.engine, lambda session: session.scalars(wanted).one())


def _lease(task: Task) -> datetime:
    assert task.lease_until is not None
    return task.lease_until


def _over(fleet: Fleet, moment: datetime) -> bool:
    return read(fleet.engine, database_now) > moment


def _phonefleet(fleet: Fleet, *words: str) -> str:
    """What the command answers, as a person gives it on this machine."""
    command = [sys.executable, "-m", "scripts.cli", *words]
    env = {**os.environ, **fleet.env}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=WAIT, check=False)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def _told(fleet: Fleet, told: list[str]) -> str:
    """The words of the alerts that last; kept in `told`."""
    told.append(" ".join(f"{one.text} {one.remedy}" for one in lasting(fleet)))
    return told[-1]


def _comments(fleet: Fleet, texts: list[str]) -> group:
    owned = [author for author in fleet.shelf.authors() if author["main"]]
    videos = [(author["id"], video["title"]) for author in owned for video in author["videos"]]
    return group(
        directed.s(kind="comment", author_id=author, title=title, text=text)
        for text, (author, title) in zip(texts, videos, strict=False)
    )
