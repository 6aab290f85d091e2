"""Collects every problem of a request at once: a malformed field does not hide, say, an unknown author."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

from sqlalchemy.orm import Session

from flows.specs.catalogue import SPECS
from gateway.access.caller import Caller
from gateway.submissions.plant import facts_for
from gateway.submissions.submission import TaskNames, checked_callback, compile_canvas_json, compile_task
from models.values.refused import Problem, Refused
from workers.campaigns.build import check_day
from workers.campaigns.given_campaign import given_campaign
from workers.planting.validate import check_rows


def with_all_else(session: Session, caller: Caller, kind: str, asked: Any, known: Refused) -> Refused:
    """Returns the known problems of a request to plant, with those of its other parts.

    `kind` is task or campaign; `asked` is its unvalidated body: any part may be missing or of another type. A field
    with a known problem gets no further ones.
    """
    found, more = list(dict.fromkeys(known.problems)), known.more
    if isinstance(asked, Mapping):
        parts = (_task if kind == "task" else _campaign)(session, caller, asked)
        for refused in (*_callback(caller, asked), *parts):
            fields = {one.field for one in found}
            new = [one for one in refused.problems if not _is_known(one, fields)]
            found += dict.fromkeys(new)
            more += refused.more if new else 0  # a part that is known already was counted
    return Refused(found, more)


def _is_known(problem: Problem, fields: Set[str]) -> bool:
    return any(_within(problem.field, field) or _within(field, problem.field) for field in fields)


def _within(field: str, other: str) -> bool:
    return field == other or field.startswith((f"{other}.", f"{other}["))


def _callback(caller: Caller, asked: Mapping[str, Any]) -> Iterator[Refused]:
    file = asked.get("file")
    for where, part in (("", asked), ("file", file)):
        url = part.get("callback_url") if isinstance(part, Mapping) else None
        if isinstance(url, str):
            told = _refused(lambda url=url: checked_callback(url, caller.key.allowlist))  # type: ignore[misc]
            yield from (one.within(where) if where else one for one in told)


def _task(session: Session, caller: Caller, asked: Mapping[str, Any]) -> Iterator[Refused]:
    flow, params = asked.get("flow"), asked.get("params", {})
    if not isinstance(flow, str) or flow not in SPECS or not isinstance(params, dict):
        return
    facts = facts_for(session, caller.key)

    def look() -> None:
        rows = compile_task(flow, params, _options(asked)).rows
        try:
            check_rows(facts, rows)
        except Refused as refused:
            raise TaskNames(flow).told(refused) from None

    yield from _refused(look)


def _options(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of a canvas that can be told from an unvalidated request."""
    options: dict[str, Any] = {}
    target, priority = asked.get("target"), asked.get("priority")
    if isinstance(target, Mapping) and len(target) == 1:
        for place in ("account", "phone"):
            if isinstance(target.get(place), str):
                options["queue"] = f"{place}.{target[place]}"
    if type(priority) is int and 0 <= priority <= 9:
        options["priority"] = priority
    return options


def _campaign(session: Session, caller: Caller, asked: Mapping[str, Any]) -> Iterator[Refused]:
    canvas, file = asked.get("canvas"), asked.get("file")
    facts = facts_for(session, caller.key)
    if isinstance(canvas, dict):
        yield from _refused(lambda: check_rows(facts, compile_canvas_json(canvas, "all").rows))
    if isinstance(file, dict):
        for refused in _refused(lambda: check_day(session, given_campaign(file), facts)):
            yield refused.within("file")


def _refused(look: Callable[[], object]) -> Iterator[Refused]:
    try:
        look()
    except Refused as refused:
        yield refused
