"""`phonefleet alerts`: what people should know, newest first."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from models.alerts import latest_alerts
from models.engine import read
from models.tables import Alert
from scripts.ground import open_ledger
from scripts.show import Sheet, print_sheet
from workers.settings import settings

MOST = 500


def alerts(
    last: Annotated[int, typer.Option(min=1, max=MOST, help="How many, from the newest on.")] = 20,
) -> None:
    """The latest alerts: what happened, to what, and what to do."""
    found = read(open_ledger(), lambda session: latest_alerts(session, last))
    headings = ("at", "kind", "what happened", "what to do")
    print_sheet(Console(), Sheet("alerts", headings, [_row(alert) for alert in found]))


def _row(alert: Alert) -> list[str]:
    at = f"{alert.at.astimezone(settings().timezone):%m-%d %H:%M:%S}"
    return [at, alert.kind, alert.text, alert.remedy]
