"""`phonefleet export`: writes what the ledger holds of the tasks that match into an Excel workbook."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.exports.folders import folder_of
from models import tables
from models.transactions.read_write import read
from models.values.enums import ExportState
from models.values.refused import refuse
from scripts.connect import existing_ledger, operator
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Sheet, print_sheet, say
from scripts.terminal.what import CONTROLLED, find
from workers.settings import settings
from workers.settings.moments import read_moment

# What makes a workbook needs pydantic and XlsxWriter: it is imported where an export begins, not for help and lists.
if TYPE_CHECKING:
    from models.tables import Export

MOST_LISTED = 50
NAMED = {
    "campaign": "name a campaign: phonefleet status --list",
    "task": "name a task: phonefleet status --list",
}


def export(  # noqa: PLR0913, PLR0917 - each is an option of the command
    file: Annotated[Path | None, typer.Argument(help="Where the workbook shall be copied to.")] = None,
    campaign: Annotated[str, typer.Option(help="Only this campaign: its id, or its beginning.")] = "",
    flow: Annotated[str, typer.Option(help="Only this kind of task, e.g. nurture.")] = "",
    author: Annotated[str, typer.Option(help="Only content of this 视频号ID.")] = "",
    account: Annotated[str, typer.Option(help="Only tasks of this account.")] = "",
    phone: Annotated[str, typer.Option(help="Only tasks of the phone with this serial.")] = "",
    state: Annotated[str, typer.Option(help="Only those that are succeeded, failed or stopped.")] = "",
    records: Annotated[bool, typer.Option("--records", help="The list of `phonefleet records` instead.")] = False,
    task: Annotated[str, typer.Option(help="Of records: of this task, its id or its beginning.")] = "",
    customer: Annotated[str, typer.Option(help="Of records: of this customer's tasks.")] = "",
    outcome: Annotated[str, typer.Option(help="Of records: e.g. succeeded, failed, lost, done.")] = "",
    kind: Annotated[str, typer.Option(help="Of records: attempt, task, action, or e.g. comment.")] = "",
    code: Annotated[str, typer.Option(help="Of records: failures with this code.")] = "",
    step: Annotated[str, typer.Option(help="Of records: failures in this step.")] = "",
    since: Annotated[str, typer.Option(help="Planted at this time or later; of records: ended.")] = "",
    until: Annotated[str, typer.Option(help="Planted before this time; of records: ended.")] = "",
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Tasks on simulated phones instead.")] = False,
    language: Annotated[str, typer.Option(help="zh or en: the language of the headings.")] = "zh",
    resume: Annotated[str, typer.Option(help="Go on with this interrupted export: its id, or its beginning.")] = "",
    list_all: Annotated[bool, typer.Option("--list", help=f"List the latest {MOST_LISTED} exports.")] = False,
    who: Annotated[str, typer.Option(help="Who exports; kept in the ledger. None: the user of this machine.")] = "",
) -> None:
    """Write tasks, attempts and completeness into an Excel workbook, one sheet for each kind of task."""
    console, engine = Console(), existing_ledger()
    if list_all:
        read(engine, lambda session: _list(session, console))
        return
    _check_place(file)
    given = {
        "campaign": campaign, "flow": flow, "author": author, "account": account, "phone": phone, "state": state,
        "task": task, "customer": customer, "outcome": outcome, "kind": kind, "code": code, "step": step,
        "since": read_moment("--since", since), "until": read_moment("--until", until), "sandbox": sandbox,
        "language": language, "what": "records" if records else "tasks",
    }  # fmt: skip
    export_id = read(engine, lambda session: _export(session, resume)) if resume else _started(engine, given, who)
    made = _make(console, engine, export_id)
    if file is not None:
        shutil.copyfile(made, file)
    _tell(console, engine, export_id, file or made)


def _check_place(file: Path | None) -> None:
    if file is not None and not file.parent.is_dir():
        raise refuse("FILE", f"{file.parent} is no folder", "name a file in a folder that exists")
    if file is not None and file.is_dir():
        raise refuse("FILE", f"{file} is a folder", "name a file in it")


def _started(engine: Engine, given: dict[str, Any], who: str) -> str:
    from gateway.exports.asked import checked_filters  # noqa: PLC0415
    from gateway.exports.ledger import start_export  # noqa: PLC0415

    chosen = {name: value for name, value in given.items() if value}
    for name in NAMED.keys() & chosen.keys():
        chosen[name] = read(engine, partial(_named, wanted=name, beginning=chosen[name]))
    return start_export(engine, checked_filters(chosen), operator(who), background=False).id


def _make(console: Console, engine: Engine, export_id: str) -> Path:
    """Makes the workbook, with a bar in a terminal. Ctrl-C leaves it to be resumed, and ends the command."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    from gateway.exports.ledger import claim_export, failed, interrupted  # noqa: PLC0415
    from gateway.exports.making import Interrupted, make  # noqa: PLC0415
    from workers.evidence.location import StorageLocation  # noqa: PLC0415

    claimed, stop = claim_export(engine, export_id), threading.Event()
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    shown = bar.add_task("tasks", total=None)

    def told(done: int, total: int | None) -> None:
        bar.update(shown, completed=done, total=total)

    try:
        with bar, _stopped_by(stop):
            config = settings()
            storage = StorageLocation.of(config.evidence)
            return make(
                engine, claimed, config.exports, config.timezone, told=told, stopping=stop.is_set, storage=storage
            )
    except Interrupted:
        interrupted(engine, claimed)
        say(console, f"interrupted; go on: phonefleet export --resume {claimed.id[:8]}")
        raise typer.Exit(1) from None
    except OSError as error:
        reason = f"its files cannot be written: {error.strerror or error}"
        failed(engine, claimed, reason)
        folder = folder_of(settings().exports, claimed.id)
        raise refuse("PHONEFLEET_EXPORTS", f"{folder}: {reason}", "make room, or name another folder") from error


@contextmanager
def _stopped_by(stop: threading.Event) -> Iterator[None]:
    """Sets `stop` at SIGINT and SIGTERM, so that the step that is under way ends whole."""

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(console: Console, engine: Engine, export_id: str, file: Path) -> None:
    one = read(engine, lambda session: session.get_one(tables.Export, export_id))
    line = f"export {one.id[:8]}: {one.rows} rows, {one.bytes} bytes"
    say(console, f"{line}; kept for {settings().export_days} days" if settings().export_days else line)
    say(console, str(file), whole=True)


def _list(session: Session, console: Console) -> None:
    latest = session.scalars(select(tables.Export).order_by(tables.Export.created_at.desc()).limit(MOST_LISTED)).all()
    rows = [[one.id[:8], stamp(one.created_at)[:-3], one.asked_by, _stands(one), _where(one)] for one in latest]
    headings = ("export", "asked for", "asked by", "state", "file")
    print_sheet(console, Sheet("exports", headings, rows, "make one: phonefleet export", 1, timed=True))


def _stands(one: Export) -> str:
    state = word("export", one.state)
    if one.state in (ExportState.RUNNING, ExportState.INTERRUPTED) and one.tasks_total:
        return put("{state}, {done} of {count} tasks", state=state, done=one.tasks_done, count=one.tasks_total)
    return f"{state}: {said(one.reason)}" if one.reason else state


def _where(one: Export) -> str:
    if one.state == ExportState.DONE and one.file is not None:
        return str(folder_of(settings().exports, one.id) / one.file)
    return f"phonefleet export --resume {one.id[:8]}" if one.state == ExportState.INTERRUPTED else ""


def _named(session: Session, wanted: str, beginning: str) -> str:
    kind, found = find(session, beginning, CONTROLLED)
    if kind != wanted:
        raise refuse(f"--{wanted}", f"{beginning!r} is a {kind}", NAMED[wanted])
    return found


def _export(session: Session, beginning: str) -> str:
    some = session.scalars(
        select(tables.Export.id).where(tables.Export.id.startswith(beginning, autoescape=True)).limit(2)
    ).all()
    if len(some) != 1:
        reason = f"{beginning!r} begins several exports" if some else f"{beginning!r} begins no export"
        raise refuse("--resume", reason, "phonefleet export --list")
    return some[0]
