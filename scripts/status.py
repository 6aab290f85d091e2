"""`phonefleet status`: how far a campaign is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.engine import database_now, read
from models.progress import read_progress
from models.refused import refuse
from models.states import State
from models.tables import Campaign, Task
from scripts.ground import open_ledger
from scripts.show import Sheet, duration, print_sheet, progress_table, say
from workers.may_take import Room, Wanted, may, why_nobody
from workers.ring import in_pool
from workers.settings import settings
from workers.whose import seated_phones

MOST_ROWS = 50
WAITS = Task.waits_for.is_not(None)
NOT_SUCCEEDED = (State.FAILED, State.STOPPED, State.NEEDS_REVIEW)


def status(
    campaign: Annotated[str, typer.Argument(help="A campaign's id, or its beginning; none: the latest.")] = "",
    list_all: Annotated[bool, typer.Option("--list", help=f"The latest {MOST_ROWS} campaigns, newest first.")] = False,
) -> None:
    """A campaign: how far it is, what failed and why, what waits and for what."""
    console = Console()
    engine = open_ledger()
    if list_all:
        headings = ("campaign", "name", "asked by", "planted", "took", "outcome")
        rows = read(engine, _campaigns)
        print_sheet(console, Sheet("campaigns", headings, rows, "plant one: phonefleet submit FILE"))
        return
    campaign_id = read(engine, lambda session: _find(session, campaign))
    if campaign_id is None:
        say(console, "no campaign yet; plant one: phonefleet submit FILE")
        return
    _show(console, engine, campaign_id)


def _show(console: Console, engine: Engine, campaign_id: str) -> None:
    progress = read(engine, lambda session: read_progress(session, campaign_id))
    campaign = read(engine, lambda session: session.get_one(Campaign, campaign_id))
    say(console, f"campaign {campaign_id}: {_stands(campaign)}")
    console.print(progress_table(progress, read(engine, lambda session: _seconds(session, campaign_id))))
    failed = Task.state.in_(NOT_SUCCEEDED)
    waiting = (Task.state == State.READY) & WAITS
    for title, headings, which, row in (
        ("not succeeded", ("task", "state", "phone", "reason", "remedy"), failed, _failed_row),
        ("held", ("task", "why", "to go on"), Task.state == State.HELD, partial(_held_row, campaign)),
        ("waiting", ("task", "for"), waiting, _waiting_row),
    ):
        tasks, count = read(engine, lambda session, which=which: _tasks(session, campaign_id, which))  # type: ignore[misc]
        if tasks:
            shown = title if count == len(tasks) else f"{title}: the first {len(tasks)} of {count}"
            print_sheet(console, Sheet(shown, headings, [row(task) for task in tasks]))
    if why := read(engine, lambda session: _why_nobody_comes(session, campaign)):
        say(console, why)


def _why_nobody_comes(session: Session, campaign: Campaign) -> str | None:
    """What keeps every phone from the pool, where tasks of this campaign lie that no phone has looked at yet."""
    count = _count(session, Task.campaign_id == campaign.id, in_pool(), Task.state == State.READY, ~WAITS)
    wanted = Wanted(acts=False, sandbox=campaign.sandbox)
    seated = seated_phones(session, database_now(session), sandbox=campaign.sandbox)
    if not count or any(may(one, wanted, Room()) for one in seated):
        return None
    return f"waiting in the pool: {count}, because {why_nobody(wanted, seated, Room())}; see phonefleet phones"


def _find(session: Session, beginning: str) -> str | None:
    wanted = select(Campaign.id).order_by(Campaign.created_at.desc()).limit(2)
    if not beginning:
        return session.scalars(wanted).first()
    found = session.scalars(wanted.where(Campaign.id.startswith(beginning, autoescape=True))).all()
    if len(found) != 1:
        why = f"{beginning!r} is no campaign" if not found else f"more than one campaign begins with {beginning!r}"
        raise refuse("campaign", why, "phonefleet status --list shows them")
    return found[0]


def _seconds(session: Session, campaign_id: str) -> float:
    campaign = session.get_one(Campaign, campaign_id)
    return ((campaign.ended_at or database_now(session)) - campaign.created_at).total_seconds()


def _campaigns(session: Session) -> list[list[str]]:
    return [
        [
            one.id,
            one.name,
            one.asked_by,
            f"{one.created_at.astimezone(settings().timezone):%Y-%m-%d %H:%M}",
            duration(_seconds(session, one.id)),
            _stands(one),
        ]
        for one in session.scalars(select(Campaign).order_by(Campaign.created_at.desc()).limit(MOST_ROWS))
    ]


def _tasks(session: Session, campaign_id: str, which: ColumnElement[bool]) -> tuple[Sequence[Task], int]:
    """The first of a campaign's tasks of which this holds, and how many there are."""
    mine = (Task.campaign_id == campaign_id, which)
    tasks = session.scalars(select(Task).where(*mine).order_by(Task.position).limit(MOST_ROWS)).all()
    return tasks, _count(session, *mine)


def _count(session: Session, *which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Task).where(*which)) or 0


def _failed_row(task: Task) -> list[str]:
    rule = CODES.get(task.failure_code or "")
    reason = f"{task.failure_code}: {task.reason}"
    return [_called(task), task.state, task.phone_serial or "", reason, rule.remedy if rule else ""]


def _stands(campaign: Campaign) -> str:
    return campaign.outcome or ("paused" if campaign.paused else "runs")


def _held_row(campaign: Campaign, task: Task) -> list[str]:
    resumed = campaign.id if campaign.paused else task.id
    return [_called(task), task.waits_for or "", f"phonefleet resume {resumed[:8]}" if task.paused else ""]


def _waiting_row(task: Task) -> list[str]:
    return [_called(task), task.waits_for or ""]


def _called(task: Task) -> str:
    return f"{task.flow} {task.id[:8]}"
