"""The filter of records, as a page and an act on many ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from models.history.records.filters import LONGEST_WITHOUT_INDEX, RecordFilter
from workers.settings.moments import read_moment

FIELDS = ("account", "phone", "author", "campaign", "flow", "outcome", "kind", "code")
INDEXED = frozenset({"account", "phone", "author", "campaign", "flow", "outcome"})


def filter_of(asked: Mapping[str, str], now: datetime) -> RecordFilter:
    """Returns the filter; without a beginning and without a field that an index serves, of the last seven days."""
    given = {name: asked[name] for name in FIELDS if asked.get(name)}
    since, until = (read_moment(name, asked.get(name, "")) for name in ("since", "until"))
    which = RecordFilter(**given, since=since, until=until)  # type: ignore[arg-type]
    if which.since is None and not set(given) & INDEXED:
        which = replace(which, since=(which.until or now) - LONGEST_WITHOUT_INDEX + timedelta(minutes=1))
        which = replace(which, until=which.until or now)
    return which
