"""`phonefleet status` and `phonefleet phones`: what runs, and what is wrong with it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.engine import read
from models.progress import read_progress
from models.refused import refuse
from models.states import State
from models.tables import Campaign, Phone, Task
from scripts.ground import open_ledger
from scripts.show import Sheet, print_sheet, progress_table

MOST_ROWS = 50


def status(campaign: Annotated[str, typer.Argument(help="A campaign's id, or its beginning; none: the latest.")] = "") -> None:
    """A campaign: how far it is, what failed and why, what waits and for what."""
    console = Console()
    engine = open_ledger()
    campaign_id = read(engine, lambda session: _find(session, campaign))
    if campaign_id is None:
        console.print("no campaign yet: phonefleet submit FILE")
        return
    progress = read(engine, lambda session: read_progress(session, campaign_id))
    console.print(f"campaign {campaign_id}: {progress.outcome or 'runs'}")
    console.print(progress_table(progress, 0.0))
    failed = read(engine, lambda session: _failed(session, campaign_id))
    if failed:
        print_sheet(console, Sheet("not succeeded", ("flow", "task", "state", "phone", "reason", "remedy"), failed))
    waiting = read(engine, lambda session: _waiting(session, campaign_id))
    if waiting:
        print_sheet(console, Sheet("waiting", ("flow", "task", "for"), waiting))


def phones() -> None:
    """Every phone: its state and why, the account on it, what it does now."""
    console = Console()
    rows = read(open_ledger(), _phones)
    print_sheet(console, Sheet("phones", ("serial", "host", "model", "state", "account", "does", "why"), rows))


def _find(session: Session, beginning: str) -> str | None:
    wanted = select(Campaign.id).order_by(Campaign.created_at.desc()).limit(2)
    if not beginning:
        return session.scalars(wanted).first()
    found = session.scalars(wanted.where(Campaign.id.startswith(beginning, autoescape=True))).all()
    if len(found) != 1:
        raise refuse("campaign", f"{beginning!r} is {'no campaign' if not found else 'not unique'}", "give its whole id")
    return found[0]


def _failed(session: Session, campaign_id: str) -> list[list[str]]:
    tasks = session.scalars(
        select(Task)
        .where(
            Task.campaign_id == campaign_id,
            Task.state.in_([State.FAILED, State.STOPPED, State.NEEDS_REVIEW]),
        )
        .order_by(Task.position)
        .limit(MOST_ROWS)
    )
    rows = []
    for task in tasks:
        rule = CODES.get(task.failure_code or "")
        reason = f"{task.failure_code}: {task.reason}"
        rows.append([task.flow, task.id[:8], task.state, task.phone_serial or "", reason, rule.remedy if rule else ""])
    return rows


def _waiting(session: Session, campaign_id: str) -> list[list[str]]:
    tasks = session.scalars(
        select(Task)
        .where(
            Task.campaign_id == campaign_id,
            Task.state.in_([State.READY, State.HELD]),
            Task.waits_for.is_not(None),
        )
        .order_by(Task.position)
        .limit(MOST_ROWS)
    )
    return [[task.flow, task.id[:8], task.waits_for or ""] for task in tasks]


def _phones(session: Session) -> list[list[str]]:
    running = dict(
        session.execute(select(Task.incarnation, Task.flow).where(Task.state == State.RUNNING)).tuples().all()
    )
    return [
        [
            phone.serial,
            phone.host,
            phone.model,
            phone.state,
            phone.account_id or "",
            running.get(phone.incarnation, "") if phone.incarnation else "",
            phone.why or "",
        ]
        for phone in session.scalars(select(Phone).order_by(Phone.serial))
    ]


