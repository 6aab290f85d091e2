"""The pages that `phonefleet status ID` prints for a task, a phone, an account, an author or a delivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.failures import remedy_for
from models.database.clock import database_now
from models.responsible_use.authors import read_caps
from models.responsible_use.caps import operator_day
from models.responsible_use.usage import actions_by_account
from models.tables import Account, ActionRow, Attempt, Author, Campaign, Delivery, Phone, Task
from models.tasks.states import ENDED, State
from scripts.terminal.language import cell, heading, put, said, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, Sheet, duration, print_blocks, print_sheet, say
from workers.control.about import about, evidence_of
from workers.control.reason_groups import last_attempt
from workers.control.shortfalls import asked_and_got_of
from workers.lifecycle.phone_needs import need_of, paused_since
from workers.settings import settings

MOST_ATTEMPTS = 20
TASK = "task {id}: {flow}, {state}"


def task_page(session: Session, console: Console, task_id: str) -> None:
    """Prints a task: its content, its state with the reason, its result, its attempts with evidence, its actions."""
    task = session.get_one(Task, task_id)
    campaign = session.get_one(Campaign, task.campaign_id)
    last = last_attempt(session, task)
    counted = asked_and_got_of(session, task)
    _facts(
        console,
        put(TASK, id=task.id, flow=word("flow", task.flow), state=word("state", task.state)),
        {
            "about": about(task, put),
            "campaign": f"{campaign.id[:8]} {campaign.name}{said(' (paused)') if campaign.paused else ''}",
            "planted": stamp(task.created_at),
            "began": stamp(task.started_at),
            "ended": stamp(task.ended_at),
            "not before": stamp(task.not_before) if State(task.state) not in ENDED else "",
            "latest end": stamp(task.latest_end) if State(task.state) not in ENDED else "",
            "waits for": task.waits_for or "",
            "reason": ": ".join(filter(None, (task.failure_code, task.reason))),
            "what to do": remedy_for(task.failure_code or "", None if last is None else last.details),
            "asked, got": _counted(*counted) if counted else "",
        },
    )
    _result(session, console, task)
    _attempts(session, console, Attempt.task_id == task.id)
    actions = session.scalars(select(ActionRow).where(ActionRow.task_id == task.id).order_by(ActionRow.id)).all()
    if actions:
        headings = ("declared", "kind", "account", "outcome", "text", "reason")
        rows = [
            [stamp(one.declared_at), one.kind, one.account_id, one.outcome, one.text, one.reason or ""]
            for one in actions
        ]
        print_sheet(console, Sheet("actions", headings, rows, timed=True))


def _counted(asked: int, got: int, noun: str, why: str) -> str:
    told = put("{asked} {noun} asked for, {got} got", asked=asked, noun=word("noun", noun), got=got)
    return f"{told}; {said(why)}" if why else told


def _result(session: Session, console: Console, task: Task) -> None:
    if task.result is None:
        return
    from scripts.commands.result_sheet import result_sheet  # noqa: PLC0415 - pydantic, which no other page needs

    sheet = result_sheet(session, task)
    if sheet is not None:
        print_sheet(console, sheet)


def phone_page(session: Session, console: Console, serial: str) -> None:
    """Prints a phone: its state, its present task, its latest attempts."""
    phone = session.get_one(Phone, serial)
    now = database_now(session)
    account = session.get(Account, phone.account_id) if phone.account_id else None
    need = need_of(phone, account, now, paused_since(session))
    running = session.scalars(
        select(Task).where(Task.state == State.RUNNING, Task.incarnation == phone.incarnation).limit(1)
    ).first()
    _facts(
        console,
        put("phone {serial}: {state}", serial=serial, state=word("phone", "works" if need is None else need.state)),
        {
            "why": "" if need is None else need.why,
            "since": "" if need is None or need.since is None else stamp(need.since),
            "what to do": "" if need is None else need.remedy,
            "host": put("{host}, adb calls it {address}", host=phone.host, address=phone.address),
            "model": phone.model,
            "sandbox": "simulated: it takes sandbox tasks alone" if phone.sandbox else "",
            "account": phone.account_id or "",
            "app version": phone.app_version or "",
            "does": "" if running is None else f"{word('flow', running.flow)} {running.id[:8]} {about(running, put)}",
            "first seen": stamp(phone.first_seen_at),
            "last seen": stamp(phone.seen_at),
        },
    )
    _attempts(session, console, Attempt.phone_serial == serial)


def account_page(session: Session, console: Console, account_id: str) -> None:
    """An account: where it is logged in, its day, its latest attempts."""
    account = session.get_one(Account, account_id)
    today = operator_day(database_now(session), settings().timezone.key)
    phones = session.scalars(select(Phone).where(Phone.account_id == account_id)).all()
    simulated = any(one.sandbox for one in phones)
    done = actions_by_account(session, today, account_id, sandbox=simulated).get(account_id, 0)
    stands = "rests" if account.resting_since else "works" if phones else "on no phone"
    _facts(
        console,
        put("account {id}: {state}", id=account_id, state=word("state", stands)),
        {
            "name": account.name,
            "phone": ", ".join(f"{one.serial} ({word('phone', one.state)})" for one in phones) or said("none"),
            "actions today": put("{done} of {most}", done=done, most=read_caps(session).actions_per_account_day),
            "in accounts: all": said("yes" if account.live else "no"),
            "rests since": stamp(account.resting_since),
            "why": account.resting_why or "",
            "what to do": (
                f"look at the account in the app, then: phonefleet accounts wake {account_id}"
                if account.resting_since
                else ""
            ),
        },
    )
    _attempts(session, console, Attempt.account_id == account_id)


def author_page(session: Session, console: Console, author_id: str) -> None:
    """Prints an author: the basis, and the actions done on the author's content."""
    author = session.get_one(Author, author_id)
    counted = session.execute(
        select(ActionRow.kind, ActionRow.sandbox, func.count())
        .where(ActionRow.author_id == author_id, ActionRow.outcome == "done")
        .group_by(ActionRow.sandbox, ActionRow.kind)
    )
    done = [
        f"{count} {word('action', kind)}{said(' in the sandbox') if sandbox else ''}"
        for kind, sandbox, count in counted
    ]
    head = put("author {id}: basis {basis}", id=author_id, basis=word("basis", author.basis))
    if author.basis_expires is not None:
        head += put(" until {day}", day=author.basis_expires.isoformat())
    _facts(
        console,
        head,
        {
            "name": author.name,
            "note": author.basis_note or "",
            "known since": stamp(author.created_at),
            "actions done": ", ".join(done) or said("none"),
        },
    )


def delivery_page(session: Session, console: Console, delivery_id: str) -> None:
    """Prints a callback: its event, address and state, and every try."""
    from scripts.commands.deliveries import print_delivery  # noqa: PLC0415 - most ids are of no delivery

    one = session.scalars(select(Delivery).where(Delivery.id == delivery_id)).one()
    print_delivery(session, console, one)


PAGES: Mapping[str, Callable[[Session, Console, str], None]] = {
    "task": task_page,
    "phone": phone_page,
    "account": account_page,
    "author": author_page,
    "delivery": delivery_page,
}


def _facts(console: Console, title: str, facts: Mapping[str, str]) -> None:
    say(console, put("{title} (times: {zone})", title=title, zone=settings().timezone.key))
    told = [(heading(name), cell(name, value)) for name, value in facts.items() if value]
    width = max(cell_len(name) for name, _ in told)
    for name, value in told:
        say(console, f"  {name}{' ' * (width - cell_len(name))}  {value}")


def _attempts(session: Session, console: Console, which: object) -> None:
    wanted = select(Attempt, Task).join(Task, Task.id == Attempt.task_id).where(which)  # type: ignore[arg-type]
    found = session.execute(wanted.order_by(Attempt.started_at.desc()).limit(MOST_ATTEMPTS)).all()
    if not found:
        say(console, "  no attempt yet")
        return
    title = "attempts, the latest first:"
    if len(found) == MOST_ATTEMPTS:
        title = put("attempts, the latest {count}:", count=MOST_ATTEMPTS)
    print_blocks(console, title, [_attempt(attempt, task) for attempt, task in found])


def _attempt(attempt: Attempt, task: Task) -> Block:
    took = "" if attempt.ended_at is None else f", {duration((attempt.ended_at - attempt.started_at).total_seconds())}"
    where = ", ".join(filter(None, (attempt.phone_serial, attempt.account_id))) or said("at the desk")
    which = f"{word('flow', task.flow)} {task.id[:8]} #{attempt.number}"
    outcome = word("outcome", attempt.outcome) if attempt.outcome else said("runs")
    head = f"{stamp(attempt.started_at)}  {outcome}{took}  {which}  {where}"
    evidence = evidence_of(attempt)
    why = ": ".join(filter(None, (attempt.failure_code, attempt.reason)))
    return Block(head, [*([why] if why else []), *([put("evidence: {place}", place=evidence)] if evidence else [])])
