"""The sandbox is apart in every count: its actions use up no real cap, its collecting marks no real title."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, Table, insert, select
from sqlalchemy.orm import Session

from flows.action import Action, ActionKind, ActionRefused
from models import migrate
from models.database.clock import database_now
from models.database.content_key import content_key
from models.database.engine import connect
from models.responsible_use.authors import set_cap
from models.responsible_use.caps import CAP_NAMES
from models.tables import ActionRow, Approval, CollectedTitle, Task
from models.tasks.collected import title_key
from models.transactions.read_write import read, write
from tests.support.ledger.drive import AUTHOR, ZONE, app, online_worker, owned_author, plant, ready, take, task, titles
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record
from workers.execution.ledger_journal import LedgerJournal
from workers.planting.validate import LedgerFacts

AT = datetime(2026, 1, 1, 12, 0)  # noqa: DTZ001 - as the database keeps it
COMMENT = Action(ActionKind.COMMENT, AUTHOR, "标题", text="讲得好")
REPLY = Action(ActionKind.REPLY, AUTHOR, "标题", "小红", "好看", "谢谢")
LIKE = Action(ActionKind.LIKE_COMMENT, AUTHOR, "标题", "小红", "好看")
DISLIKE = Action(ActionKind.DISLIKE_COMMENT, AUTHOR, "标题", "小红", "好看")
REPORT = Action(ActionKind.REPORT_COMMENT, AUTHOR, "标题", "小红", "好看", "其他")
USES = {  # every other cap: a comment
    "replies_per_comment": REPLY,
    "likes_per_comment": LIKE,
    "dislikes_per_comment": DISLIKE,
    "dislikes_per_author_day": DISLIKE,
    "reports_per_author_day": REPORT,
}


def journal(engine: Engine, account: str, *, sandbox: bool) -> LedgerJournal:
    """The journal of a task of that sort, for an account: its id may be the same in both worlds."""
    owned_author(engine)
    identity = online_worker(engine, f"{account}-{sandbox}", sandbox=sandbox)
    (one,) = ready(engine, plant(engine, titles(), sandbox=sandbox))
    return LedgerJournal(engine, replace(take(engine, one, identity), account_id=account), ZONE)


def approved(engine: Engine) -> None:
    """Approvals of DISLIKE and REPORT for every attempt that runs."""

    def work(session: Session) -> None:
        for run in session.scalars(select(Task).where(Task.state == "running")):
            for act in (DISLIKE, REPORT):
                key = content_key(act.author_id, act.title, act.target_commenter, act.target_comment)
                session.add(
                    Approval(
                        task_id=run.id,
                        sandbox=run.sandbox,
                        kind=act.kind.value,
                        comment_key=key,
                        account_id=str(run.account_id).removeprefix("acc-").removesuffix(f"-{run.sandbox}"),
                        text=act.text,
                        approved_by="test",
                        why="test",
                        approved_at=database_now(session),
                        expires_at=database_now(session) + timedelta(hours=1),
                    )
                )

    write(engine, work)


@pytest.mark.parametrize("sandbox", [True, False])
@pytest.mark.parametrize("cap", CAP_NAMES)
def test_actions_of_one_sort_use_up_no_cap_of_the_other(ledger: Engine, cap: str, *, sandbox: bool) -> None:
    set_cap(ledger, cap, 1, who="admin")
    one_account = cap in ("actions_per_account_day", "comments_per_account_video")
    action, other = USES.get(cap, COMMENT), "a" if one_account else "b"
    mine = journal(ledger, "a", sandbox=sandbox)
    approved(ledger)
    assert mine.declare(action) > 0
    theirs = journal(ledger, other, sandbox=not sandbox)
    approved(ledger)
    assert theirs.refusal(action) is None
    number = theirs.declare(action)
    assert read(ledger, lambda s: s.get_one(ActionRow, number)).sandbox is not sandbox
    again = journal(ledger, other if one_account else "c", sandbox=not sandbox)
    with pytest.raises(ActionRefused, match=r"cap_reached|_full"):
        again.declare(replace(action, text="另一句" if action.text else ""))


def test_a_text_posted_in_the_sandbox_may_be_posted_on_the_real_video(ledger: Engine) -> None:
    journal(ledger, "a", sandbox=True).declare(COMMENT)
    assert journal(ledger, "a", sandbox=False).refusal(COMMENT) is None


def collect(engine: Engine, flow: str, *, sandbox: bool) -> Any:
    """A task of that sort brings a title, or its comments. Returns its result as recorded."""
    identity = online_worker(engine, f"phone-{sandbox}", sandbox=sandbox)
    params = {"author_id": AUTHOR, "count": 1} if flow == "collect_titles" else {"author_id": AUTHOR, "title": "标题"}
    (one,) = ready(engine, plant(engine, app.signature(flow, kwargs=params, immutable=True), sandbox=sandbox))
    got = take(engine, one, identity)
    found = {"author_id": AUTHOR, "author": "小鹏", "title": "标题"}
    comment = {"commenter": "小红", "text": "好", "likes": 1, "replies": 0, "time": "刚刚", "at": None, "place": ""}
    result = {"titles": [found]} if flow == "collect_titles" else {**found, "comments": [comment], "got": 1, "asked": 1}
    record(engine, got, Succeeded(result))
    return task(engine, one).result


def was_shown(session: Session, *, sandbox: bool) -> bool:
    return LedgerFacts(session, sandbox=sandbox).was_shown("commenter", AUTHOR, "小红")


@pytest.mark.parametrize("sandbox", [True, False])
def test_collecting_marks_titles_of_its_own_sort_alone(ledger: Engine, *, sandbox: bool) -> None:
    owned_author(ledger)
    collect(ledger, "collect_titles", sandbox=not sandbox)
    collect(ledger, "collect_comments", sandbox=sandbox)
    rows = read(ledger, lambda s: s.scalars(select(CollectedTitle)).all())
    assert {row.sandbox: row.comments_collected_at is not None for row in rows} == {sandbox: True, not sandbox: False}
    for sort in (True, False):
        told = collect(ledger, "collect_titles", sandbox=sort)
        assert told["titles"][0]["collected"] is (sort is sandbox)
        assert read(ledger, partial(was_shown, sandbox=sort)) is (sort is sandbox)
    assert len(read(ledger, lambda s: s.scalars(select(CollectedTitle)).all())) == 2


def _upgrade(engine: Engine, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate._SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def put(connection: Connection, name: str, **values: Any) -> None:
    """Add a row to a table as it was then; columns that need a value and get none hold anything."""
    table = Table(name, MetaData(), autoload_with=connection)
    anything: dict[type, Any] = {str: "x", int: 0, bool: False, datetime: AT, date: AT.date(), float: 0.0}
    needed = {
        column.name: anything.get(column.type.python_type, 0)
        for column in table.columns
        if not column.nullable and not (column.primary_key and column.type.python_type is int)
    }
    connection.execute(insert(table), {**needed, **values})


def test_the_migration_parts_what_the_sandbox_did_and_collected(database_url: str) -> None:
    engine = connect(database_url)
    _upgrade(engine, "0014")
    seen = [("sand", None), ("sand", "sand"), ("real", "sand"), ("sand", "real"), ("real", None)]
    with engine.begin() as connection:
        put(connection, "campaigns", id="c")
        for sort in ("real", "sand"):
            put(connection, "tasks", id=sort, campaign_id="c", sandbox=sort == "sand")
            put(connection, "actions", task_id=sort)
        for number, (first, comments) in enumerate(seen):
            collected = {"comments_task_id": comments, "comments_collected_at": AT if comments else None}
            put(connection, "titles", title=f"t{number}", title_key=f"k{number}", first_task_id=first, **collected)
    migrate.upgrade(engine)
    rows = read(engine, lambda s: s.scalars(select(CollectedTitle).order_by(CollectedTitle.title)).all())
    assert [(row.sandbox, row.comments_task_id) for row in rows] == [
        (True, None), (True, "sand"), (False, None), (False, "real"), (False, None),
    ]  # fmt: skip
    assert [row.title_key == title_key(row.title, sandbox=True) for row in rows] == [True, True, False, False, False]
    actions = read(engine, lambda s: s.scalars(select(ActionRow)).all())
    assert {row.task_id: row.sandbox for row in actions} == {"real": False, "sand": True}
    engine.dispose()
