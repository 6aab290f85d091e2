"""`phonefleet phones`: lists the phones that need attention, with the remedies, and then all phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.own_pauses import own_pauses
from models.tables import Account, Phone, Task
from models.tasks.states import State
from models.transactions.read_write import read
from models.values.enums import PhoneState
from scripts.connect import existing_ledger
from scripts.terminal.language import put, word
from scripts.terminal.moments import named
from scripts.terminal.show import Block, Sheet, duration, print_blocks, print_sheet
from workers.lifecycle.phone_needs import Need, need_of, paused_since, rank


def phones() -> None:
    """List the phones that need attention, with reason and remedy; then every phone with its present task."""
    console = Console()
    needing, kept_off, every = read(existing_ledger(), _sheets)
    if needing:
        print_blocks(console, f"to look at: {len(needing)} of {len(every.rows)} phones", needing)
    if kept_off:
        print_blocks(console, f"kept off by customers: {len(kept_off)} of {len(every.rows)} phones", kept_off)
    print_sheet(console, every)


def _sheets(session: Session) -> tuple[list[Block], list[Block], Sheet]:
    now = database_now(session)
    accounts = {account.id: account for account in session.scalars(select(Account))}
    paused_at = paused_since(session)
    found = [
        (phone, need_of(phone, accounts.get(phone.account_id or ""), now, paused_at))
        for phone in session.scalars(select(Phone))
    ]
    found.sort(key=lambda one: (rank(one[1]), one[0].host, one[0].serial))
    running = {
        incarnation: flow
        for incarnation, flow in session.execute(select(Task.incarnation, Task.flow).where(Task.state == State.RUNNING))
        if incarnation is not None
    }
    needing = [_told(phone, need, now) for phone, need in found if need is not None]
    kept_off = own_pauses(session, [phone for phone, _ in found])
    return (
        needing,
        [
            Block(serial, [_kept_off(customer, until) for customer, until in some.items()])
            for serial, some in kept_off.items()
        ],
        Sheet(
            "phones",
            ("serial", "host", "model", "state", "account", "app", "does", "battery"),
            [_row(phone, need, running) for phone, need in found],
            "phonefleet up serves those of this machine",
        ),
    )


def _told(phone: Phone, need: Need, now: datetime) -> Block:
    head = f"{phone.serial}  {word('phone', need.state)}"
    if need.since is not None:
        head += put(", for {lasting}", lasting=duration(max(0.0, (now - need.since).total_seconds())))
    return Block(head, [need.why], need.remedy)


def _kept_off(customer: str, until: datetime | None) -> str:
    if until is None:
        return put("{customer} keeps its own tasks off it until it resumes it", customer=customer)
    return put("{customer} keeps its own tasks off it until {moment}", customer=customer, moment=named(until))


def _row(phone: Phone, need: Need | None, running: Mapping[str, str]) -> Sequence[str]:
    return [
        phone.serial,
        phone.host,
        phone.model,
        word("phone", PhoneState.ONLINE if need is None else need.state),
        phone.account_id or "",
        phone.app_version or "",
        word("flow", running.get(phone.incarnation or "", "")),
        _battery(phone.health or {}),
    ]


def _battery(health: Mapping[str, object]) -> str:
    """Returns the battery's charge and temperature as far as they were read, like 86 % 31 °C."""
    percent, celsius = health.get("percent"), health.get("celsius")
    parts = ([f"{percent} %"] if isinstance(percent, int) else []) + (
        [f"{celsius:.0f} °C"] if isinstance(celsius, int | float) else []
    )
    return " ".join(parts)
