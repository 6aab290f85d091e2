"""`phonefleet deliveries`: lists callbacks, sent and owed, replays them, and enables endpoints."""

from __future__ import annotations

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
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, Sheet, list_blocks, print_sheet, say
from workers.settings.moments import read_span

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
    begin, end = read_span(("since", since), ("until", until))
    which = Which(key_id=key or None, state=state or None, since=begin, until=end)
    found = read(existing_ledger(), lambda session: [_told(one) for one in list_deliveries(session, which, most)])
    list_blocks(Console(), "deliveries", found)


@commands.command("show")
def show(delivery: Annotated[str, typer.Argument(help="A delivery's id (the webhook-id), or its beginning.")]) -> None:
    """Show every try at one callback."""

    read(existing_ledger(), lambda session: print_delivery(session, Console(), _find(session, delivery)))


def print_delivery(session: Session, console: Console, one: Delivery) -> None:
    """Prints a callback's event, address and state, and then every try."""
    say(console, f"delivery {one.id}: {one.event_type} of {one.subject}")
    sent = {"url": one.url, "state": word("delivery", one.state)}
    if one.state == DeliveryState.OWED and one.next_at is not None:
        say(console, put("to {url}: {state}, due at {moment}", moment=stamp(one.next_at), **sent))
    else:
        say(console, put("to {url}: {state}", **sent))
    rows = [
        [stamp(tried.started_at), f"{tried.seconds:.3f} s", str(tried.status or ""), tried.error or "arrived"]
        for tried in tries_of(session, one)
    ]
    print_sheet(console, Sheet("tries", ("at", "took", "status", "what came"), rows, timed=True))
    remedy = remedy_for(one.state, one.last_status, one.last_error)
    if remedy:
        say(console, f"-> {said(remedy)}")


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
    begin, end = read_span(("since", since), ("until", until))
    which = Which(key_id=key or None, since=begin, until=end)
    say(Console(), f"{replay_all(engine, which, who=operator(who))} deliveries are owed once more")


@commands.command("endpoints")
def endpoints() -> None:
    """List every address that was called: whether it takes callbacks, or when it is tried again."""
    list_blocks(Console(), "endpoints", read(existing_ledger(), _endpoints))


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
        reason = (
            f"{beginning!r} begins more than one delivery's id" if found else f"{beginning!r} begins no delivery's id"
        )
        raise refuse("delivery", reason, "see: phonefleet deliveries list")
    return found[0]


def _told(one: Delivery) -> Block:
    last = " ".join(str(part) for part in (one.last_status, one.last_error) if part is not None)
    key = "{count} try" if one.attempts == 1 else "{count} tries"
    tries = put(f"{key}, the last: {{error}}" if last else key, count=one.attempts, error=last)
    what = put("{event} of {subject}", event=one.event_type, subject=one.subject)
    head = f"{one.id[:8]}  {word('delivery', one.state)}  {what}"
    since = {"moment": stamp(one.created_at), "left": tries}
    if one.state == DeliveryState.OWED and one.next_at is not None:
        owed = put("owed since {moment}, due {due}; {left}", due=stamp(one.next_at), **since)
    else:
        owed = put("owed since {moment}; {left}", **since)
    told = [put("to {url}", url=one.url), owed]
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
