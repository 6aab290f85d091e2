"""Which rows match the filter of a page, for an act on many."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.console.bulk.ledger import MOST_ROWS, Chosen
from gateway.console.live.failures import FailureGroup, failures_since, grouped, hours_of, window
from gateway.console.live.record_filter import FIELDS, filter_of
from gateway.console.live.shelf import place_of, tiles_now
from gateway.words.catalogue import Catalogue
from models.database.clock import database_now
from models.history.records.read import records_page
from models.notify.delivery_log import Which, list_deliveries
from models.tables import Task
from models.tasks.states import State
from models.values.enums import DeliveryState

MOST = MOST_ROWS + 1  # one more tells that there are too many
PAGE = 500  # records read at once
MOST_RECORDS = 20_000

_GROUP = re.compile(r"(?P<count>\d+ ×) (?P<code>\S+) (?P<flow>\S+)(?: (?P<rest>.*))?")  # as _group calls it

Ask = Mapping[str, str]


def phones(session: Session, asked: Ask) -> list[Chosen]:
    """Returns the phones of the shelf that the filter shows."""
    kind, text = asked.get("show", ""), asked.get("find", "").lower()
    found = [
        one
        for one in sorted(tiles_now(session), key=place_of)
        if kind in ("", one.kind) and text in f"{one.serial} {one.account} {one.account_name} {one.host}".lower()
    ]
    return [Chosen(one.serial, f"{one.serial} {one.account_name or one.account}") for one in found[:MOST]]


def tasks(session: Session, asked: Ask) -> list[Chosen]:
    """Returns a campaign's tasks of one state and flow."""
    wanted = select(Task).where(Task.campaign_id == asked.get("campaign", ""))
    for column, name in ((Task.state, "state"), (Task.flow, "flow")):
        if asked.get(name):
            wanted = wanted.where(column == asked[name])
    if not asked.get("state"):
        wanted = wanted.where(Task.state.in_((State.WAITING, State.READY, State.RUNNING, State.HELD)))
    return [_task(one) for one in session.scalars(wanted.order_by(Task.position).limit(MOST))]


def _task(one: Task) -> Chosen:
    where = one.account_id or one.pinned_account or one.phone_serial or one.pinned_phone or ""
    return Chosen(one.id, f"{one.flow} {one.id[:8]} {where}")


def records(session: Session, asked: Ask) -> list[Chosen]:
    """Returns the tasks of the records that match."""
    which = filter_of(session, asked, database_now(session))
    found: dict[str, Chosen] = {}
    place: tuple[datetime, str] | None = None
    for _ in range(MOST_RECORDS // PAGE):
        rows, place = records_page(session, which, place, PAGE)
        for one in rows:
            told = f"{one.flow} {one.task_id[:8]} {one.account_id or ''} {one.title or ''}"
            found.setdefault(one.task_id, Chosen(one.task_id, told.strip()))
        if place is None or len(found) >= MOST:
            break
    return list(found.values())[:MOST]


def failures(session: Session, asked: Ask) -> list[Chosen]:
    """Returns the groups of failures of the last hours."""
    now = database_now(session)
    since = window(now, hours_of(asked.get("hours", "")))
    return [_group(one) for one in grouped(failures_since(session, since), since, now)]


def _group(one: FailureGroup) -> Chosen:
    shared = one.print
    words = (f"{one.count} ×", shared.code, shared.flow, shared.step, shared.page, shared.version)
    given = {"flow": shared.flow, "code": shared.code, "tasks": list(one.tasks)}
    return Chosen(shared.mark, " ".join(filter(None, words)), given)


def deliveries(session: Session, asked: Ask) -> list[Chosen]:
    """Returns the callbacks in one state."""
    state = asked.get("state", "")
    rows = list_deliveries(session, Which(state=state if state in [*DeliveryState] else None), MOST)
    return [Chosen(one.id, f"{one.event_type} {one.id[:12]} {one.url}") for one in rows]


def in_words(words: Catalogue, kind: str, told: str) -> str:
    """Returns what a row is called, with words for its codes, which are kept as they are."""
    if kind == "tasks":
        flow, blank, rest = told.partition(" ")
        return f"{words.word('flow', flow)}{blank}{rest}"
    found = _GROUP.fullmatch(told) if kind == "failures" else None
    if found is None:
        return told
    more = (found["rest"] or "").split(" ")
    steps = (end for end in range(len(more), 0, -1) if f"step:{' '.join(more[:end])}" in words.texts)
    end = next(steps, 0)
    said = [words.word("code", found["code"]), words.word("flow", found["flow"])]
    return " ".join(filter(None, (found["count"], *said, words.word("step", " ".join(more[:end])), *more[end:])))


# What a page calls its rows → the kind of the rows, what finds them, the names of its filter, the page.
PAGES: Mapping[str, tuple[str, Callable[[Session, Ask], list[Chosen]], tuple[str, ...], str]] = {
    "phones": ("phones", phones, ("show", "find"), "/shelf"),
    "tasks": ("tasks", tasks, ("campaign", "state", "flow"), "/campaigns"),
    "records": ("tasks", records, (*FIELDS, "since", "until"), "/records"),
    "failures": ("failures", failures, ("hours",), "/failures"),
    "deliveries": ("deliveries", deliveries, ("state",), "/callbacks"),
}
