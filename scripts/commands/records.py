"""`phonefleet records`: lists and counts what ended, by account, author, time, kind and outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.history.records.filters import OUTCOMES, RecordFilter
from models.history.records.of_customer import keys_of
from models.history.records.read import MOST_IN_A_PAGE, records_page
from models.history.records.totals import record_groups, record_total
from models.tables import Record
from models.transactions.read_write import read
from models.values.refused import refuse
from scripts.connect import existing_ledger
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Sheet, print_sheet, say, say_json
from scripts.terminal.what import CONTROLLED, find
from workers.settings.moments import read_span, whole_days

SANDBOX = "what ran on simulated phones: --sandbox"  # its records stand apart, which people forget
HEADINGS = ("ended", "kind", "outcome", "account", "phone", "author", "title", "why", "task")


def records(  # noqa: PLR0913, PLR0917 - each is an option of the command
    account: Annotated[str, typer.Option(help="Only what this account did, or was to do.")] = "",
    phone: Annotated[str, typer.Option(help="Only what ran on the phone with this serial.")] = "",
    author: Annotated[str, typer.Option(help="Only content of this 视频号ID.")] = "",
    campaign: Annotated[str, typer.Option(help="Only this campaign: its id, or its beginning.")] = "",
    task: Annotated[str, typer.Option(help="Only this task: its id, or its beginning.")] = "",
    customer: Annotated[str, typer.Option(help="Only tasks of this customer.")] = "",
    flow: Annotated[str, typer.Option(help="Only this kind of task, e.g. nurture.")] = "",
    outcome: Annotated[str, typer.Option(help="Only e.g. succeeded, failed, stopped, lost, done, not_done.")] = "",
    kind: Annotated[str, typer.Option(help="attempt, task (ended without one), action, or e.g. comment.")] = "",
    code: Annotated[str, typer.Option(help="Only failures with this code, e.g. video_not_found.")] = "",
    step: Annotated[str, typer.Option(help="Only failures in this step.")] = "",
    since: Annotated[str, typer.Option(help="Ended at this time or later: 2027-01-31T08:00.")] = "",
    until: Annotated[str, typer.Option(help="Ended before this time.")] = "",
    yesterday: Annotated[bool, typer.Option("--yesterday", help="Ended yesterday, by the operator's day.")] = False,
    week: Annotated[bool, typer.Option("--week", help="Ended this week, from Monday on.")] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="What ran on simulated phones instead.")] = False,
    last: Annotated[int, typer.Option(min=1, max=MOST_IN_A_PAGE, help="How many, from the newest on.")] = 50,
    total: Annotated[bool, typer.Option("--total", help="Only count them.")] = False,
    by: Annotated[str, typer.Option(help="Count by flow, kind, code, account, phone, key or hour.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List what ended, newest first: every attempt and action with its account, phone, result and reason."""
    begin, end = _checked(outcome, since, until, whole=yesterday + week)
    console, engine = Console(), existing_ledger()
    given: dict[str, Any] = {
        "account": account, "phone": phone, "author": author, "flow": flow, "outcome": outcome, "kind": kind,
        "code": code, "step": step, "since": begin, "until": end,
    }  # fmt: skip
    which = RecordFilter(**{name: value for name, value in given.items() if value}, sandbox=sandbox)

    def work(session: Session) -> None:
        asked = _in_days(session, _named(session, which, campaign, task, customer), yesterday=yesterday, week=week)
        if by:
            _groups(console, session, asked, by, as_json=as_json)
        elif total:
            _total(console, session, asked, as_json=as_json)
        else:
            _list(console, session, asked, last, as_json=as_json)

    read(engine, work)


def _checked(outcome: str, since: str, until: str, whole: int) -> tuple[datetime | None, datetime | None]:
    """Returns the span of time that is asked for. `whole`: how many of yesterday and this week are. Raises Refused."""
    if outcome and outcome not in OUTCOMES:
        raise refuse("--outcome", f"{outcome!r} is none", f"use one of {', '.join(OUTCOMES)}")
    if whole + bool(since or until) > 1:
        raise refuse("--yesterday, --week, --since, --until", "more than one period is given", "give one")
    return read_span(("--since", since), ("--until", until))


def _in_days(session: Session, which: RecordFilter, *, yesterday: bool, week: bool) -> RecordFilter:
    if not yesterday and not week:
        return which
    begin, end = whole_days(database_now(session), week=week)
    return replace(which, since=begin, until=end)


def _named(session: Session, which: RecordFilter, campaign: str, task: str, customer: str) -> RecordFilter:
    if campaign:
        what, found = find(session, campaign, CONTROLLED)
        if what != "campaign":
            raise refuse("--campaign", f"{campaign!r} is a {what}", "name a campaign: phonefleet status --list")
        which = replace(which, campaign=found)
    if task:
        what, found = find(session, task, CONTROLLED)
        if what != "task":
            raise refuse("--task", f"{task!r} is a {what}", "name a task: phonefleet status --list")
        which = replace(which, task=found)
    if customer:
        which = replace(which, keys=keys_of(session, customer, sandbox=which.sandbox, field="--customer"))
    return which


def _list(console: Console, session: Session, which: RecordFilter, last: int, *, as_json: bool) -> None:
    rows, following = records_page(session, which, None, last)
    if as_json:
        for one in rows:
            say_json(console, as_values(one))
        return
    cells = [_cells(one) for one in rows]
    print_sheet(console, Sheet(_title(which), HEADINGS, cells, _when_empty(which), 1, timed=True))
    if following is not None:
        say(console, put("there are older ones: --until {moment}", moment=following[0].isoformat()), whole=True)


def _title(which: RecordFilter) -> str:
    return "records in the sandbox" if which.sandbox else "records"


def _when_empty(which: RecordFilter) -> str:
    return "other filters may match" + ("" if which.sandbox else f"; {SANDBOX}")


def as_values(one: Record) -> dict[str, Any]:
    """Returns a record's columns as JSON values."""
    values = {column.key: getattr(one, column.key) for column in Record.__table__.columns}
    return values | {"ended_at": one.ended_at.isoformat()}


def _cells(one: Record) -> list[str]:
    why = said(": ".join(filter(None, (one.code, one.reason))))
    if one.asked is not None and one.got is not None:
        why = put("{got} of {asked}", got=one.got, asked=one.asked) + (f"; {why}" if why else "")
    kind = word("flow", one.flow)
    if one.kind != "attempt":
        kind = f"{kind}: {word('record', one.kind)}"
    return [
        stamp(one.ended_at), kind, one.outcome, one.account_id or "", one.phone_serial or "", one.author_id or "",
        one.title or "", why, one.task_id[:8],
    ]  # fmt: skip


def _total(console: Console, session: Session, which: RecordFilter, *, as_json: bool) -> None:
    total = record_total(session, which)
    if as_json:
        say_json(console, {"number": total.number, "exact": total.exact})
    else:
        say(console, f"{total} records")
        if not total.number and not which.sandbox:
            say(console, SANDBOX)


def _groups(console: Console, session: Session, which: RecordFilter, by: str, *, as_json: bool) -> None:
    if by not in ("flow", "kind", "code", "account", "phone", "key", "hour"):
        raise refuse("--by", f"{by!r} is nothing to count by", "flow, kind, code, account, phone, key or hour")
    found = record_groups(session, which, by)
    if as_json:
        for value, outcome, number, seconds in found:
            named = value if isinstance(value, str) else value.isoformat()
            told = {by: named, "outcome": outcome, "number": number, "seconds": round(seconds, 3)}
            say_json(console, told)
        return
    if by != "hour":
        found.sort(key=lambda one: -one[3])  # what cost most time stands first
    rows = [
        [word(by, value) if isinstance(value, str) else stamp(value), outcome, str(number), f"{seconds / 60:.1f}"]
        for value, outcome, number, seconds in found
    ]
    headings = (by, "outcome", "number", "minutes")
    print_sheet(console, Sheet(_title(which), headings, rows, _when_empty(which), 1, timed=by == "hour"))
