"""`phonefleet alerts`: lists the alerts for people, newest first, and the channels that are told of them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from gateway.delivery.alert_channels import (
    EVERY,
    ChannelSpec,
    add_channel,
    channel_named,
    list_channels,
    remove_channel,
)
from models.notify.alerts import latest_alerts
from models.tables import Alert, AlertChannel
from models.transactions.read_write import read
from models.values.enums import ChannelKind
from models.values.refused import refuse
from scripts.connect import existing_ledger, open_ledger, operator
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, list_blocks, say
from workers.settings import settings

MOST = 500
commands = typer.Typer(invoke_without_command=True, help="The latest alerts, and the channels that are told of them.")

Last = Annotated[int, typer.Option(min=1, max=MOST, help="How many, from the newest on.")]
Who = Annotated[str, typer.Option(help="Who does it; kept in the ledger. None: the user of this machine.")]
Channel = Annotated[str, typer.Argument(help="The channel's name.")]


@commands.callback()
def by_default(context: typer.Context, last: Last = 20) -> None:
    """The latest alerts, and the channels that are told of them. Without a command: list the alerts."""
    if context.invoked_subcommand is None:
        found = read(existing_ledger(), lambda session: latest_alerts(session, last))
        list_blocks(Console(), "alerts", [_told(alert) for alert in found])


@commands.command("channels")
def channels() -> None:
    """List the channels that are told of alerts, with the last message of each. Shows no address."""
    found = [_shown(one) for one in list_channels(existing_ledger())]
    list_blocks(Console(), "channels", found, "add one: phonefleet alerts add NAME KIND ADDRESS")


@commands.command("add")
def add(
    name: Channel,
    kind: Annotated[str, typer.Argument(help=f"{', '.join(ChannelKind)}: 企业微信, 钉钉, 飞书, mail.")],
    target: Annotated[str, typer.Argument(help="The robot's webhook, or mail addresses; - reads it from the input.")],
    secret: Annotated[str, typer.Option(help="Of the robot's signature; - reads it from the input.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="A kind of alert; as often as needed. None: all.")] = None,
    every: Annotated[int, typer.Option(help="Seconds between two messages, at least.")] = EVERY,
    quiet: Annotated[str, typer.Option(help="When nothing is sent, in the operator's zone: 22:00-08:00.")] = "",
    who: Who = "",
) -> None:
    """Add a channel. It is told of alerts from now on, each once; addresses and secrets rest encrypted."""
    engine = open_ledger()
    target, secret = _given(target, "target"), _given(secret, "secret")
    spec = ChannelSpec(name, kind, target, secret, tuple(only or ()), every, quiet)
    add_channel(engine, spec, settings(), who=operator(who))
    say(Console(), f"channel {name} is told of alerts; try it: phonefleet alerts try {name}")


@commands.command("remove")
def remove(name: Channel, who: Who = "") -> None:
    """Remove a channel: it is told nothing any more."""
    remove_channel(open_ledger(), name, who=operator(who))
    say(Console(), f"channel {name} is removed")


@commands.command("try")
def try_it(name: Channel) -> None:
    """Send a test message to a channel now, from this machine."""
    from gateway.delivery.tell_channel import tell  # noqa: PLC0415 - what posts is heavy, and lists need none of it

    channel = read(open_ledger(), lambda session: channel_named(session, name))
    error = tell(channel, put("phonefleet alert test: {name}", name=name), settings())
    if error is not None:
        say(Console(stderr=True), f"channel {name} did not take the message: {error}")
        raise typer.Exit(1)
    say(Console(), f"channel {name} took the message")


def _given(text: str, field: str) -> str:
    """Returns the text, or the next line of the input for -, so that no list of processes shows it."""
    if text != "-":
        return text
    line = sys.stdin.readline().strip()
    if not line:
        raise refuse(field, "the input has no line for it", "write it to the command's standard input")
    return line


def _told(alert: Alert) -> Block:
    over = "" if alert.over_at is None else put(", over since {moment}", moment=stamp(alert.over_at))
    remedy = alert.remedy if alert.over_at is None else ""
    return Block(f"{stamp(alert.at)}  {word('alert', alert.kind)}{over}", [alert.text], remedy)


def _shown(one: AlertChannel) -> Block:
    told = {
        "wants": ", ".join(word("alert", kind) for kind in one.kinds) if one.kinds else said("all kinds"),
        "count": one.every,
        "last": put("last told {moment}", moment=stamp(one.last_told_at))
        if one.last_told_at
        else said("told nothing yet"),
    }
    if one.quiet_from:
        quiet = {"start": one.quiet_from, "end": one.quiet_to}
        lines = [put("{wants}; every {count} s at most, quiet {start}-{end}; {last}", **told, **quiet)]
    else:
        lines = [put("{wants}; every {count} s at most; {last}", **told)]
    if one.last_error:
        lines.append(f"{one.failures} failures in a row, the last: {one.last_error}")
    return Block(f"{one.name}  {one.kind}", lines)
