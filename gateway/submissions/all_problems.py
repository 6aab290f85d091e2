"""Collects every problem of a request at once: a malformed field does not hide, say, an unknown author."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from flows.registry import FLOWS
from gateway.access.caller import Caller
from gateway.access.json_checks import MOST_PROBLEMS
from gateway.submissions.submission import TaskNames, checked_callback, compile_canvas_json, compile_task
from models.values.refused import Problem, Refused
from workers.campaigns.build import check_day
from workers.campaigns.given_campaign import GivenCampaign
from workers.planting.validate import LedgerFacts, check_rows


def with_all_else(
    session: Session, caller: Caller, kind: str, asked: Any, known: Iterable[Problem]
) -> Sequence[Problem]:
    """Returns the known problems of a request to plant, and those of its other parts.

    `kind` is task or campaign; `asked` is its unvalidated body: any part may be missing or of another type. A field
    with a known problem gets no further ones.
    """
    found = {one.field: one for one in reversed(list(known))}
    found = dict(reversed(found.items()))
    if isinstance(asked, Mapping):
        parts = (_task if kind == "task" else _campaign)(session, caller, asked)
        for one in [*_callback(caller, asked), *parts]:
            if not any(_within(one.field, field) or _within(field, one.field) for field in found):
                found[one.field] = one
    return list(found.values())[:MOST_PROBLEMS]


def _within(field: str, other: str) -> bool:
    return field == other or field.startswith((f"{other}.", f"{other}["))


def _callback(caller: Caller, asked: Mapping[str, Any]) -> Iterator[Problem]:
    url = asked.get("callback_url")
    if isinstance(url, str):
        yield from _refused(lambda: checked_callback(url, caller.key.allowlist))


def _task(session: Session, caller: Caller, asked: Mapping[str, Any]) -> Iterator[Problem]:
    flow, params = asked.get("flow"), asked.get("params", {})
    if not isinstance(flow, str) or flow not in FLOWS or not isinstance(params, dict):
        return
    facts = LedgerFacts(session, sandbox=caller.key.sandbox)

    def look() -> None:
        rows = compile_task(flow, params, _options(asked.get("target", "pool"))).rows
        try:
            check_rows(facts, rows)
        except Refused as refused:
            raise TaskNames(flow).told(refused) from None

    yield from _refused(look)


def _options(target: Any) -> dict[str, Any]:
    if isinstance(target, Mapping) and len(target) == 1:
        for place in ("account", "phone"):
            if isinstance(target.get(place), str):
                return {"queue": f"{place}.{target[place]}"}
    return {}


def _campaign(session: Session, caller: Caller, asked: Mapping[str, Any]) -> Iterator[Problem]:
    canvas, file = asked.get("canvas"), asked.get("file")
    sandbox = caller.key.sandbox
    if isinstance(canvas, dict):
        yield from _refused(
            lambda: check_rows(LedgerFacts(session, sandbox=sandbox), compile_canvas_json(canvas, "all").rows)
        )
    if isinstance(file, dict):
        for one in _refused(lambda: check_day(session, GivenCampaign(file), sandbox=sandbox)):
            yield Problem(f"file.{one.field}", one.reason, one.remedy)


def _refused(look: Callable[[], object]) -> Iterator[Problem]:
    try:
        look()
    except Refused as refused:
        yield from refused.problems
