"""`phonefleet status` of anything that has an id, and what it tells of a campaign."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from celery import group
from celery.canvas import Signature
from rich.cells import cell_len
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.deliveries import owe
from models.notify.events import Event
from models.tables import Account, Alert, Attempt, Author, Campaign, Delivery, Phone, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from scripts.connect import open_ledger
from tests.scripts.conftest import Run
from tests.support.installation import Installation
from tests.support.ledger.drive import app, known_account, owned_author, titles
from workers.control.shortfalls import asked_and_got
from workers.planting.submit import submit


def comments(title: str, most: int = 5) -> Signature:
    """A reading task on one video."""
    params = {"author_id": "xiaopeng", "title": title, "most": most}
    return app.signature("collect_comments", kwargs=params, immutable=True)


@pytest.fixture
def campaign(here: Installation) -> str:
    """Three videos' comments, asked for five each."""
    here.know_phones("acc0001", "acc0002")
    owned_author(here.engine)
    asked = group([comments("一"), comments("二"), comments("三")])
    return submit(asked, name="three", engine=here.engine).id


def _tasks(here: Installation, campaign_id: str) -> Sequence[str]:
    wanted = select(Task.id).where(Task.campaign_id == campaign_id, Task.flow == "collect_comments")
    return read(here.engine, lambda session: session.scalars(wanted.order_by(Task.position)).all())


def _ended(
    here: Installation, task_id: str, brought: int | None, *, whole: bool | None = None, **details: object
) -> None:
    """It brought back so many comments; None: it failed, having counted `details`. `whole`: whether these are all."""

    def work(session: Session) -> None:
        task, now = session.get_one(Task, task_id), database_now(session)
        task.state = State.SUCCEEDED if brought is not None else State.FAILED
        told = {} if whole is None else {"ended": whole}
        task.result = None if brought is None else {"comments": [{"text": "好"}] * brought, **told}
        task.failure_code = None if brought is not None else "list_not_loaded"
        task.reason = None if brought is not None else "the list stayed empty"
        task.phone_serial, task.account_id = "SIM0001", "acc0001"
        tried = {"phone_serial": "SIM0001", "account_id": "acc0001", "started_at": now, "ended_at": now}
        outcome = {"outcome": str(task.state), "failure_code": task.failure_code, "reason": task.reason}
        left = {"details": details or None, "evidence": {"url": f"file:///evidence/{task_id}/1/"}}
        session.add(Attempt(task_id=task_id, number=1, incarnation="i", **tried, **outcome, **left))

    write(here.engine, work)


def test_asked_and_got_stand_beside_each_other(here: Installation, run: Run, campaign: str) -> None:
    first, second, third = _tasks(here, campaign)
    assert "asked for" not in run("status", campaign).out
    _ended(here, first, 5)
    _ended(here, second, 2)
    said = run("status", campaign).out
    assert "comments: 10 asked for, 7 got" in said
    assert f"2 of 5: collect_comments {second[:8]} (xiaopeng, “二”" in said
    assert first[:8] not in said
    _ended(here, third, None, got=1)
    assert "comments: 15 asked for, 8 got" in run("status", campaign).out
    assert "5 comments asked for, 2 got" in run("status", second).out


def test_fewer_than_asked_for_say_why(here: Installation, run: Run, campaign: str) -> None:
    first, second, third = _tasks(here, campaign)
    _ended(here, first, 2, whole=True)
    _ended(here, second, 3, whole=False)
    _ended(here, third, None, got=1)
    lines = [line.strip() for line in run("status", campaign).out.splitlines() if " of 5: " in line]
    assert [line.partition(": ")[0] for line in lines] == ["2 of 5", "3 of 5", "1 of 5"]
    assert [line.partition("; ")[2] for line in lines] == [
        "the video has no more comments",
        "",
        "the list stayed empty",
    ]
    assert "5 comments asked for, 2 got; the video has no more comments" in run("status", first).out
    assert "no more comments" not in run("status", second).out


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_results_are_counted_in_each_database(
    database: str, here: Installation, run: Run, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database == "mariadb":
        monkeypatch.setenv("PHONEFLEET_DATABASE_URL", request.getfixturevalue("mariadb_database"))
        assert run("migrate").status == 0
        here = Installation(here.var, open_ledger())
    owned_author(here.engine)
    handle = submit(comments("一", 9), name="one", engine=here.engine)
    (only,) = _tasks(here, handle.id)
    _ended(here, only, 4, whole=True)
    (counted,) = read(here.engine, lambda session: asked_and_got(session, handle.id))
    assert [one.why for one in counted.fewer] == ["the video has no more comments"]
    assert (counted.noun, counted.asked, counted.got, len(counted.fewer)) == ("comments", 9, 4, 1)


def test_alike_failures_are_told_once_with_the_first_few_and_their_evidence(
    here: Installation, run: Run, campaign: str
) -> None:
    tasks = _tasks(here, campaign)
    for task in tasks:
        _ended(here, task, None)
    said = run("status", campaign).out
    assert said.count("list_not_loaded: the list stayed empty") == 1
    assert "3 × collect_comments failed" in said
    for task, title in zip(tasks, ("一", "二", "三"), strict=True):
        assert f"{task[:8]}  collect_comments: xiaopeng, “{title}”, account acc0001, phone SIM0001" in said
        assert f"evidence: file:///evidence/{task}/1/" in said


def test_many_alike_are_counted_and_the_first_named(here: Installation, run: Run) -> None:
    owned_author(here.engine)
    many = group([comments(f"视频{number}") for number in range(40)])
    handle = submit(many, name="many", engine=here.engine)
    write(here.engine, lambda session: session.execute(update(Task).values(waits_for="a phone [x]")))
    said = run("status", handle.id).out
    assert said.count("a phone [x]") == 1
    assert "视频0" in said
    assert "and 37 more" in said
    assert len(said.splitlines()) < 25


def test_any_id_is_shown_by_its_beginning_or_whole(here: Installation, run: Run, campaign: str) -> None:
    (task, *_) = _tasks(here, campaign)
    _ended(here, task, None)
    event = Event("task.failed", f"task:{task}", {"task_id": task})
    hook = "https://hooks.example.com/in"
    write(here.engine, lambda session: owe(session, "key_x", hook, event, database_now(session)))
    delivery = read(here.engine, lambda session: session.scalars(select(Delivery.id)).one())
    for what, words in {
        campaign: (f"campaign {campaign}: runs",),
        task: (
            f"task {task}: collect_comments, failed",
            "the list stayed empty",
            "evidence: file:///",
            "Asia/Shanghai",
        ),
        task[:8]: (f"task {task}",),
        "SIM0001": ("phone SIM0001: works", "acc0001", f"collect_comments {task[:8]} #1"),
        "SIM0002": ("phone SIM0002: works", "no attempt yet"),
        "acc0001": ("account acc0001: works", "0 of 40", "SIM0001 (online)"),
        "xiaopeng": ("author xiaopeng: basis owned", "小鹏汽车"),
        delivery: (f"delivery {delivery}: task.failed", hook),
        delivery[:9]: (f"delivery {delivery}",),
    }.items():
        said = run("status", what)
        assert (said.status, said.err) == (0, ""), what
        for word in words:
            assert word in said.out, what
    assert "may mean phone SIM0001 or phone SIM0002" in run("status", "SIM").err
    known_account(here.engine, "acc00010")
    assert "account acc0001:" in run("status", "acc0001").out, "the exact one goes before what begins so"


def test_without_an_id_it_shows_what_runs_before_what_is_newer(here: Installation, run: Run) -> None:
    assert "no campaign yet" in run("status").out
    owned_author(here.engine)
    older, newer = (submit(titles(), name=name, engine=here.engine).id for name in ("older", "newer"))
    assert run("status").out.startswith(f"campaign {newer}: runs")
    assert "1 more runs: phonefleet status --list" in run("status").out
    ended = update(Campaign).where(Campaign.id == newer).values(outcome="succeeded")
    write(here.engine, lambda session: session.execute(ended))
    said = run("status").out
    assert said.startswith(f"campaign {older}: runs")
    assert "more run" not in said
    write(here.engine, lambda session: session.execute(update(Campaign).values(outcome="failed")))
    assert run("status").out.startswith(f"campaign {newer}: failed")
    assert "more run" not in run("status").out


HOSTILE = "\x1b[2J\x1b]0;title\x07\r\u202e[red]x[/red]\u2066"


def test_what_others_wrote_does_not_steer_the_terminal(here: Installation, run: Run, campaign: str) -> None:
    (task, *_) = _tasks(here, campaign)
    _ended(here, task, None)
    write(here.engine, lambda session: session.execute(update(Task).values(reason=HOSTILE, waits_for=HOSTILE)))
    write(here.engine, lambda session: session.execute(update(Attempt).values(reason=HOSTILE)))
    write(here.engine, lambda session: session.execute(update(Campaign).values(name=HOSTILE, asked_by=HOSTILE)))
    kwargs = json.loads(json.dumps({"author_id": HOSTILE, "title": HOSTILE}))
    write(here.engine, lambda session: session.execute(update(Task).values(kwargs=kwargs)))
    for what in ((), (campaign,), (task,), ("SIM0001",), ("--list",)):
        said = run("status", *what).out
        assert "[red]" in said, what
        assert not {"\x1b", "\x07", "\r", "\u202e", "\u2066"} & set(said), what


def test_no_list_steers_the_terminal_or_grows_wider_than_it(
    here: Installation, run: Run, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = HOSTILE + "很长的名字" * 30

    def spoil(session: Session) -> None:
        now = database_now(session)
        session.execute(update(Account).values(name=long[:180], resting_since=now, resting_why=long))
        session.execute(update(Author).values(name=long[:180], basis_note=long))
        session.execute(update(Phone).values(model=long[:180], why=long, unfit_why=long, health={"remedy": long}))
        session.execute(update(Campaign).values(name=long[:180], asked_by=long[:180]))
        session.add(Alert(at=now, kind="phone_unfit", subject="phone:x", text=long, remedy=long))

    write(here.engine, spoil)
    monkeypatch.setenv("COLUMNS", "80")
    for command in ("phones", "alerts", "accounts", "authors", "status --list", "status"):
        said = run(*command.split())
        assert said.status == 0
        assert "[red]" in said.out, command
        assert not {"\x1b", "\x07", "\r", "\u202e", "\u2066"} & set(said.out), command
        tables = [line for line in said.out.splitlines() if line.startswith(("┃", "│", "┏"))]
        assert all(cell_len(line) <= 80 for line in tables), command
