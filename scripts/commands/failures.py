"""`phonefleet failures`: what failed alike, in groups by fingerprint, as the console's page shows them."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from sqlalchemy.orm import Session

from flows.failures import CODES
from gateway.console.live.failures import MOST_GROUPS, FailureGroup, failures_since, grouped, window
from models.database.clock import database_now
from models.transactions.read_write import read
from scripts.connect import existing_ledger
from scripts.terminal.language import put, said, word
from scripts.terminal.moments import stamp
from scripts.terminal.show import Block, list_blocks, say, say_json
from workers.evidence.bundle import Bundle
from workers.evidence.location import StorageLocation
from workers.settings import settings

DAY, WEEK = 24, 168  # hours
MOST_PHONES = 6  # that a group names


def failures(
    hours: Annotated[int, typer.Option(min=1, max=WEEK, help="Failed in the last so many hours.")] = DAY,
    last: Annotated[int, typer.Option(min=1, max=MOST_GROUPS, help="How many groups, the largest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List what failed alike: how often, on which phones, when, why, what to do, and one evidence."""
    console = Console()

    def work(session: Session) -> list[FailureGroup]:
        now = database_now(session)
        since = window(now, hours)
        return grouped(failures_since(session, since), since, now)

    found = read(existing_ledger(), work)
    if as_json:
        for group in found[:last]:
            say_json(console, as_values(group))
        return
    list_blocks(console, "failures", [_told(group) for group in found[:last]], "ask for more time: --hours 168")
    if len(found) > last:
        say(console, f"and {len(found) - last} more groups: --last {MOST_GROUPS}")


def as_values(group: FailureGroup) -> dict[str, Any]:
    """Returns a group as JSON values. `phones`: each one's failures. `newest`: the newest one, with evidence if any."""
    like, newest = group.print, group.newest
    assert newest is not None
    return {
        "mark": like.mark,
        "flow": like.flow,
        "code": like.code,
        "step": like.step,
        "page": like.page,
        "app_version": like.version,
        "count": group.count,
        "phones": dict(group.phones.most_common()),
        "first": _iso(group.first),
        "last": _iso(group.last),
        "remedy": _remedy(like.code),
        "newest": {
            "task": newest.task_id,
            "attempt": newest.number,
            "phone": newest.phone,
            "reason": newest.reason,
            "evidence": _evidence(group),
        },
    }


def _iso(moment: Any) -> str:
    return str(moment.isoformat())


def _told(group: FailureGroup) -> Block:
    like, newest = group.print, group.newest
    assert newest is not None
    where = [word("step", like.step), like.page, like.version]
    head = " · ".join([f"{group.count} × {word('code', like.code)}", word("flow", like.flow), *filter(None, where)])
    named = " ".join(f"{phone} ×{count}" for phone, count in group.phones.most_common(MOST_PHONES))
    more = " …" if len(group.phones) > MOST_PHONES else ""
    times = {"first": stamp(group.first), "last": stamp(group.last)}
    lines = [
        put("first {first}, last {last}", **times),
        put("{count} phones: {names}", count=len(group.phones), names=named + more),
        said(newest.reason),
        put("the newest one: phonefleet logs {task}", task=newest.task_id[:8]),
    ]
    evidence = _evidence(group)
    if evidence is not None:
        lines.append(put("its evidence: {place}", place=evidence))
    return Block(head, lines, _remedy(like.code))


def _remedy(code: str) -> str:
    rule = CODES.get(code)
    return "" if rule is None else rule.remedy


def _evidence(group: FailureGroup) -> str | None:
    """Returns the folder of the newest one's evidence; None when it is not stored, or there is none."""
    newest = group.newest
    if newest is None or not newest.evidence:
        return None
    return StorageLocation.of(settings().evidence).url(Bundle(newest.task_id, newest.number))
