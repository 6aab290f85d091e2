"""`phonefleet backup` and `phonefleet restore`: keeps a copy of the ledger, and puts one in its place."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.engine import connect
from models.history.audit_log import record_change
from models.migrate import UnknownVersion, knows, upgrade
from models.tables import Campaign, Leader, Phone, Task
from models.transactions.read_write import read, write
from models.values.enums import PhoneState
from models.values.refused import refuse
from scripts.connect import ddl_url, open_ledger, operator
from scripts.local.backups import About, NoBackup, read_about, restore_backup, same_kind, write_backup
from scripts.local.mysql_client import ClientFailed
from scripts.terminal.moments import named
from scripts.terminal.show import say
from workers.campaigns.schedules.manage import make_up_for_nothing
from workers.control.pause import pause_campaign
from workers.settings import settings

FAILURES = (OSError, ClientFailed, sqlite3.Error, DatabaseError)
ALIVE = timedelta(seconds=30)  # a host that was heard of since may still write
Who = Annotated[str, typer.Option(help="Who restores it; none: the user of this machine.")]


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="A new file; none: one in the present folder, named by the time.")
    ] = None,
) -> None:
    """Write the whole ledger into one file, while the fleet works."""
    engine = open_ledger()
    path = file or Path(f"phonefleet-{datetime.now(settings().timezone):%Y-%m-%d-%H%M%S}.backup")
    if path.exists():
        raise refuse("file", f"{path} is there already", "name a new file")
    try:
        about = write_backup(engine, path)
    except FAILURES as error:
        raise refuse("file", f"{path}: {_said(error)}", "mend the reason, and take the backup again") from error
    say(Console(), f"{path}: {path.stat().st_size / 1e6:.1f} MB, the ledger of {_moment(about)}, tables {about.tables}")
    say(
        Console(),
        "It holds personal data and sealed secrets: keep it safe. The master key and the evidence are not in it.",
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A file that phonefleet backup wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace the rows of a ledger that is not empty.")] = False,
    who: Who = "",
) -> None:
    """Put a backup in place of the ledger. Every campaign that is open in it is paused until you resume it."""
    about = _checked(file)
    engine = connect(ddl_url())
    try:
        _refuse_wrong_target(engine, about, file, replace)
        _put_in_place(engine, file)
    finally:
        engine.dispose()
    _paused_until_looked_at(open_ledger(), about, operator(who))


def _put_in_place(engine: Engine, file: Path) -> None:
    """Restores the backup and brings its tables up to date. Exits with 1 when that fails half-way, and says so."""
    try:
        restore_backup(engine, file)
        upgrade(engine)
    except (*FAILURES, UnknownVersion, TimeoutError) as error:
        reason = f"{file} was not restored: {_said(error)}"
        say(
            Console(stderr=True),
            f"{reason}. The ledger may hold a part of it: mend the reason, and restore again with --replace.",
        )
        raise typer.Exit(1) from error


def _checked(file: Path) -> About:
    try:
        about = read_about(file)
    except OSError as error:
        raise refuse(
            "file", f"{file}: {error.strerror or error}", "name a file that phonefleet backup wrote"
        ) from error
    except NoBackup as error:
        raise refuse("file", f"{file}: {error}", "name a file that phonefleet backup wrote") from error
    if not knows(about.tables):
        reason = f"{file}: its tables have the version {about.tables}, which this phonefleet does not know"
        raise refuse("file", reason, "restore it with the version that made it, or a newer one")
    return about


def _refuse_wrong_target(engine: Engine, about: About, file: Path, replace: bool) -> None:
    if not same_kind(about, engine):
        reason = f"{file} is of {about.database}, and this ledger of {engine.dialect.name}"
        raise refuse("file", reason, "name a ledger of the same kind in PHONEFLEET_DATABASE_URL")
    tables = set(inspect(engine).get_table_names())
    if not tables:
        return
    if "phones" in tables and (alive := read(engine, _alive)):
        reason = f"the fleet works on this ledger: {alive}"
        raise refuse("ledger", reason, "stop every phonefleet up, host, coordinator and gateway first, and wait 30 s")
    if not replace and "tasks" in tables and (count := read(engine, _tasks)):
        raise refuse("ledger", f"it has {count} tasks, which would be lost", "back it up, then add --replace")


def _alive(session: Session) -> str:
    """Returns who was heard of lately; empty for nobody."""
    now = database_now(session)
    if session.scalar(select(func.count()).where(Leader.until > now)):
        return "a coordinator leads"
    lately = (Phone.state == PhoneState.ONLINE) & (Phone.seen_at > now - ALIVE)
    host = session.scalars(select(Phone.host).where(lately).limit(1)).first()
    return "" if host is None else f"the host {host} serves phones"


def _tasks(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Task)) or 0


def _paused_until_looked_at(engine: Engine, about: About, who: str) -> None:
    """Pauses what was open: what happened on the phones after the backup is not known, and must not happen twice."""
    why = f"restored from the backup of {about.at}: what was done after it is not known"
    # a due time that came before the restore may have been planted after the backup
    write(engine, lambda session: make_up_for_nothing(session, settings().timezone))
    unfinished = select(Campaign.id).where(Campaign.outcome.is_(None)).order_by(Campaign.created_at)
    opened = read(engine, lambda session: session.scalars(unfinished).all())
    for campaign_id in opened:
        pause_campaign(engine, campaign_id, who=who, why=why)
    write(
        engine,
        lambda session: record_change(session, who, "ledger", {}, {"restored": about.at, "paused": list(opened)}),
    )
    console = Console()
    say(console, f"restored: the ledger of {_moment(about)}")
    if opened:
        say(
            console,
            f"{len(opened)} open campaigns are paused. What was done after the backup is not known, so a comment could "
            "be sent twice: look in the app, then phonefleet resume ID or phonefleet stop ID; phonefleet status --list",
        )


def _moment(about: About) -> str:
    try:
        moment = datetime.fromisoformat(about.at)
    except ValueError:
        return "an unknown moment"
    return named(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _said(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(getattr(error, "orig", None) or error)
