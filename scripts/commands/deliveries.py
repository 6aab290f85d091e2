"""`phonefleet deliveries`: lists callbacks, sent and owed, replays them, and enables endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.notify.breakers import OPENS_AFTER, enable
from models.notify.delivery_log import Which, begins_with, list_deliveries, tries_of
from models.notify.replays import replay_all, replay_one
from models.notify.undelivered import remedy_for
from models.tables import Delivery, Endpoint
from models.transactions.read_write import read, write
from models.values.enums import DeliveryState
from models.values.refused import refuse
from scripts.connect import open_ledger, operator
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, Sheet, list_blocks, print_sheet, say
from workers.settings import settings

commands = typer.Typer(invoke_without_command=True, help="Callbacks: their log, their endpoints, replays.")

STATES = tuple(DeliveryState)
Who = Annotated[str, typer.Option(help="Who wants it; kept in the ledger. None: the user of this machine.")]
OfKey = Annotated[str, typer.Option("--key", help="Only those of this key.")]
Since = Annotated[str, typer.Option(help="Owed first at this time or later: 2027-01-31T08:00, in the operator's zone.")]
Until = Annotated[str, typer.Option(help="Owed first before this time.")]


@commands.callback()
def by_default(context: typer.Context) -> None:
    """Callbacks: their log, their endpoints, replays. Without a command: list."""
    if context.invoked_subcommand is None:
        list_latest()


@commands.command("list")
def list_latest(
    key: OfKey = "",
    state: Annotated[str, typer.Option(help=f"Only those that are {', '.join(STATES)}.")] = "",
    since: Since = "",
    until: Until = "",
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
) -> None:
    """List callbacks, newest first, each with its event, its address and its state."""
    if state and state not in STATES:
        raise refuse("state", f"{state!r} is none", f"use one of {', '.join(STATES)}")
    which = Which(key_id=key or None, state=state or None, since=_moment("since", since), until=_moment("until", until))
    found = read(open_ledger(), lambda session: [_told(one) for one in list_deliveries(session, which, most)])
    list_blocks(Console(), "deliveries", found)


@commands.command("show")
def show(delivery: Annotated[str, typer.Argument(help="A delivery's id (the webhook-id), or its beginning.")]) -> None:
    """Show every try at one callback."""

    read(open_ledger(), lambda session: print_delivery(session, Console(), _find(session, delivery)))


def print_delivery(session: Session, console: Console, one: Delivery) -> None:
    """Prints a callback's event, address and state, and then every try."""
    due = f", due at {stamp(one.next_at)}" if one.state == DeliveryState.OWED and one.next_at is not None else ""
    say(console, f"delivery {one.id}: {one.event_type} of {one.subject}")
    say(console, f"to {one.url}: {one.state}{due}")
    rows = [
        [stamp(tried.started_at), f"{tried.seconds:.3f} s", str(tried.status or ""), tried.error or "arrived"]
        for tried in tries_of(session, one)
    ]
    print_sheet(console, Sheet("tries", ("at", "took", "status", "what came"), rows, timed=True))
    remedy = remedy_for(one.state, one.last_status, one.last_error)
    if remedy:
        say(console, f"-> {remedy}")


@commands.command("replay")
def replay(
    delivery: Annotated[str, typer.Argument(help="Its id or the beginning of it; none: all since --since.")] = "",
    key: OfKey = "",
    since: Since = "",
    until: Until = "",
    who: Who = "",
) -> None:
    """Replay one callback, or all since a time, those of one task in their order. Ids stay the same."""
    engine = open_ledger()
    if delivery:
        found = read(engine, lambda session: _find(session, delivery).id)
        waited = replay_one(engine, found, who=operator(who), key_id=key or None)
        say(Console(), f"{found} is sent now, before its next try" if waited else f"{found} is owed once more")
        return
    if not since:
        raise refuse(
            "since", "is missing, and no delivery is named", "phonefleet deliveries replay ID, or --since TIME"
        )
    which = Which(key_id=key or None, since=_moment("since", since), until=_moment("until", until))
    say(Console(), f"{replay_all(engine, which, who=operator(who))} deliveries are owed once more")


@commands.command("endpoints")
def endpoints() -> None:
    """List every address that was called: whether it takes callbacks, or when it is tried again."""
    list_blocks(Console(), "endpoints", read(open_ledger(), _endpoints))


@commands.command("enable")
def enable_address(
    address: Annotated[str, typer.Argument(help="As phonefleet deliveries endpoints shows it.")],
) -> None:
    """Enable an address that answered 410 Gone. Callbacks that it missed must be replayed."""

    def work(session: Session) -> int:
        found = session.scalars(select(Endpoint.id).where(Endpoint.address == address)).all()
        return enable(session, found)

    if not write(open_ledger(), work):
        raise refuse("address", f"{address!r} is not disabled", "see: phonefleet deliveries endpoints")
    say(Console(), f"{address} takes callbacks again; what it missed: phonefleet deliveries replay --since TIME")


def _find(session: Session, beginning: str) -> Delivery:
    found = begins_with(session, beginning)
    if len(found) != 1:
        reason = f"{beginning!r} begins {'no' if not found else 'more than one'} delivery's id"
        raise refuse("delivery", reason, "see: phonefleet deliveries list")
    return found[0]


def _told(one: Delivery) -> Block:
    last = " ".join(str(part) for part in (one.last_status, one.last_error) if part is not None)
    tries = f"{one.attempts} {'try' if one.attempts == 1 else 'tries'}{f', the last: {last}' if last else ''}"
    due = f", due {stamp(one.next_at)}" if one.state == DeliveryState.OWED and one.next_at is not None else ""
    head = f"{one.id[:8]}  {one.state}  {one.event_type} of {one.subject}"
    told = [f"to {one.url}", f"owed since {stamp(one.created_at)}{due}; {tries}"]
    return Block(head, told, remedy_for(one.state, one.last_status, one.last_error))


def _endpoints(session: Session) -> list[Block]:
    found = session.scalars(select(Endpoint).order_by(Endpoint.key_id, Endpoint.address))
    return [Block(f"{one.address}  {one.key_id}", [_heard(one)]) for one in found]


def _heard(one: Endpoint) -> str:
    arrived = "nothing arrived yet" if one.last_arrived_at is None else f"last arrived {stamp(one.last_arrived_at)}"
    return f"takes callbacks: {_takes(one)}; {one.failures} failures in a row; {arrived}"


def _takes(one: Endpoint) -> str:
    if one.disabled_at is not None:
        return f"no: gone since {stamp(one.disabled_at)}"
    if one.failures >= OPENS_AFTER and one.paused_until is not None:
        return f"no: tried again at {stamp(one.paused_until)}"
    return "yes"


def _moment(field: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refuse(field, f"{text!r} is no time", "write it like 2027-01-31T08:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=settings().timezone)
