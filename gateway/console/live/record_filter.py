"""The filter of records, as a page and an act on many ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.history.records.filters import LONGEST_WITHOUT_INDEX, RecordFilter
from models.history.records.of_customer import keys_of
from workers.settings.moments import read_moment

PLAIN = ("account", "phone", "author", "campaign", "flow", "outcome", "kind", "code", "step", "task")
FIELDS = (*PLAIN, "customer", "sandbox")  # `sandbox`: any value asks for simulated phones
INDEXED = frozenset({"account", "phone", "author", "campaign", "customer", "flow", "outcome"})


def filter_of(session: Session, asked: Mapping[str, str], now: datetime) -> RecordFilter:
    """Returns the filter; without a beginning and without a field that an index serves, of the last seven days.

    Raises Refused for a customer without a key, and for a time that is none.
    """
    given = {name: asked[name] for name in FIELDS if asked.get(name)}
    plain = {name: value for name, value in given.items() if name in PLAIN}
    sandbox = "sandbox" in given
    keys = keys_of(session, given["customer"], sandbox=sandbox) if "customer" in given else None
    since, until = (read_moment(name, asked.get(name, "")) for name in ("since", "until"))
    which = RecordFilter(**plain, keys=keys, sandbox=sandbox, since=since, until=until)
    if which.since is None and not set(given) & INDEXED:
        which = replace(which, since=(which.until or now) - LONGEST_WITHOUT_INDEX + timedelta(minutes=1))
        which = replace(which, until=which.until or now)
    return which
