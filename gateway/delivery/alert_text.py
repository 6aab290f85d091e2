"""The text of a message about alerts: alike ones in one line, cut to what a channel takes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.delivery.robots import no_markup
from gateway.words.catalogue import Catalogue, catalogue
from models.database.terminal_safe import on_one_line
from models.tables import Alert

MOST_APART = 2  # alerts of a kind that are told one by one
MOST_NAMED = 10
MOST_LINE = 600  # bytes
MORE = "… phonefleet alerts"


def alert_message(alerts: Sequence[Alert], zone: ZoneInfo, most: int, words: Catalogue | None = None) -> str:
    """Returns a text of at most `most` bytes of UTF-8 about all the alerts, the oldest kind first.

    `words`: the language; None for English, in which alerts are written.
    """
    words = words or catalogue("en")
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(alert.kind, []).append(alert)
    lines = [f"phonefleet 告警 {len(alerts)}"]
    for kind, alike in groups.items():
        if len(alike) <= MOST_APART:
            lines += [_line(f"[{_time(one.at, zone)}] {words.word('alert', kind)}", one, words) for one in alike]
        else:
            subjects = [one.subject.partition(":")[2] or one.subject for one in alike]
            rest = f" … +{len(subjects) - MOST_NAMED}" if len(subjects) > MOST_NAMED else ""
            named = ", ".join(subjects[:MOST_NAMED]) + rest
            times = f"{_time(alike[0].at, zone)}–{_time(alike[-1].at, zone)}"
            lines.append(_line(f"[{times}] {words.word('alert', kind)} × {len(alike)}", alike[0], words))
            lines.append(_clipped(f"    {named}", MOST_LINE))
    return _fitting([no_markup(on_one_line(line)) for line in lines], most)


def is_quiet(quiet_from: str | None, quiet_to: str | None, now: datetime, zone: ZoneInfo) -> bool:
    """Returns whether this moment lies in the quiet hours, which may go over midnight. Bounds are like 22:00."""
    if quiet_from is None or quiet_to is None:
        return False
    clock = f"{now.astimezone(zone):%H:%M}"
    if quiet_from <= quiet_to:
        return quiet_from <= clock < quiet_to
    return clock >= quiet_from or clock < quiet_to


def _line(head: str, alert: Alert, words: Catalogue) -> str:
    over = f" → {words.said(alert.remedy)}" if alert.remedy else ""
    if alert.over_at is not None:
        over = f" {words.text('(over)')}"
    return _clipped(f"{head}: {words.said(alert.text)}{over}", MOST_LINE)


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%m-%d %H:%M}"


def _fitting(lines: list[str], most: int) -> str:
    kept: list[str] = []
    left = most - len(MORE.encode()) - 1
    for line in lines:
        size = len(line.encode("utf-8", "replace")) + 1
        if size > left:
            return "\n".join([*kept, MORE])
        kept.append(line)
        left -= size
    return "\n".join(kept)


def _clipped(text: str, most: int) -> str:
    data = text.encode("utf-8", "replace")
    return data.decode() if len(data) <= most else data[: most - 3].decode("utf-8", "ignore") + "…"
