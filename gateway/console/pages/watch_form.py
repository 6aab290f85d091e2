"""The form of a watch: from its fields to what the ledger checks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.console.view import Form
from models.tasks.monitored import MONITORS
from models.values.refused import refuse
from workers.campaigns.watches.watch_spec import WatchSpec
from workers.policy.monitoring.words import WordRule

# field of the form → what it shows at first
FIELDS: Mapping[str, str] = {
    "name": "", "flow": "monitor_post", "author_id": "", "title": "", "keyword": "", "most": "30", "every": "60",
    "cron": "", "all": "", "any": "", "none": "", "mood": "", "threshold": "1", "window": "60", "min_interval": "60",
    "quiet": "",
}  # fmt: skip
MOST_TEXT = 200_000


def given_watch(form: Form) -> WatchSpec:
    """Returns the watch that the form asks for. Raises Refused for what is no number; the ledger checks the rest."""
    cron = form.text("cron", 191)
    return WatchSpec(
        name=form.text("name", 191),
        flow=form.text("flow", 40),
        params=_params(form),
        every=None if cron else _number(form, "every"),
        cron=cron or None,
        words=WordRule(*(_lines(form, name) for name in ("all", "any", "none"))),
        mood=form.text("mood", 20) or None,
        threshold=_number(form, "threshold"),
        window=_number(form, "window"),
        min_interval=_number(form, "min_interval"),
        quiet=form.text("quiet", 20),
    )


def _params(form: Form) -> dict[str, Any]:
    _, what = MONITORS.get(form.text("flow", 40), ("", ()))
    return {name: form.text(name, 10_000) for name in what} | {"most": _number(form, "most")}


def _lines(form: Form, name: str) -> tuple[str, ...]:
    lines = form.text(name, MOST_TEXT).splitlines()
    return tuple(dict.fromkeys(one.strip() for one in lines if one.strip()))


def _number(form: Form, name: str) -> int:
    value = form.text(name, 9)
    if not (value.isascii() and value.isdigit()):
        raise refuse(name, f"{value!r} is no number", "write 0 or more")
    return int(value)
