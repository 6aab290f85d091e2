"""Redis in trouble of every form: workers wait, nothing is lost or done twice, and people are told until it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from celery import group
from sqlalchemy import select

from models.notify.alerts import lasting_alerts
from models.tables import Alert, Task
from models.transactions.read_write import read
from scripts.local.processes import COORDINATOR, HOST
from tests.support.fleet import Fleet
from tests.support.host.processes import children
from tests.support.troubled import FORMS, TroubledRedis
from tests.support.work import said
from workers.planting.submit import submit
from workers.tasks import directed

pytestmark = pytest.mark.fleet

PHONES = 2
TASKS = 6
WAIT = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[TroubledRedis]:
    with TroubledRedis() as redis:
        yield redis


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, server: TroubledRedis) -> Iterator[Fleet]:
    folder: Path = tmp_path_factory.mktemp("away")
    with Fleet(folder, f"sqlite:///{folder / 'ledger.db'}", server.url, PHONES) as running:
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
