"""`phonefleet alerts`: lists the alerts for people, newest first."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from models.notify.alerts import latest_alerts
from models.tables import Alert
from models.transactions.read_write import read
from scripts.connect import open_ledger
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, list_blocks

MOST = 500


def alerts(
    last: Annotated[int, typer.Option(min=1, max=MOST, help="How many, from the newest on.")] = 20,
) -> None:
    """List the latest alerts, each with its subject and its remedy."""
    found = read(open_ledger(), lambda session: latest_alerts(session, last))
    list_blocks(Console(), "alerts", [_told(alert) for alert in found])


def _told(alert: Alert) -> Block:
    over = "" if alert.over_at is None else f", over since {stamp(alert.over_at)}"
    remedy = alert.remedy if alert.over_at is None else ""
    return Block(f"{stamp(alert.at)}  {alert.kind}{over}", [alert.text], remedy)
