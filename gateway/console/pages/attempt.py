"""One attempt, looked into; and one task's story from the ledger and the logs of this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from flows.failures import remedy_for
from gateway.console.live.attempt import calls, last_touch, like, outline, pairs, readings, screen_of
from gateway.console.live.failures import has_screenshot
from gateway.console.live.strip import pictures, strip
from gateway.console.pages.newest_success import newest_success
from gateway.console.pages.tasks import MOST_FILE
from gateway.console.view import View
from models.history.task_story import task_story
from models.tables import Attempt, Task
from models.values.enums import AttemptOutcome
from models.values.refused import refuse
from workers.evidence.bundle import FACTS, RECORDING, SCREENSHOT, TREE, Bundle
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage, StorageError
from workers.runtime.log_files import LogLine, lines_of, log_files

SEEN = ("app", "battery", "network", "focus")  # pieces of the evidence
MOST_LINES = 1000
LOG_SECONDS = 3.0
BAD = frozenset({"WARNING", "ERROR", "CRITICAL"})
MOST_WORDS = 4000  # characters of one line


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a task's story: when, who tells it, its words; `bad` marks what went wrong."""

    at: datetime
    who: str
    text: str
    bad: bool


def show(view: View, task_id: str, number: str) -> Response:
    """Shows one attempt: its steps beside those of one that succeeded, and what was seen when it failed."""

    def work(session: Session) -> dict[str, Any]:
        task = _task(session, task_id)
        wanted = select(Attempt).where(Attempt.task_id == task_id, Attempt.number == _number(number))
        one = session.scalars(wanted).one_or_none()
        if one is None:
            raise refuse("attempt", f"{number!r} is unknown", "see the task's own page")
        return {"task": task, "one": one, "other": like(session, task)}

    found = view.look(work)
    one, bundle = found["one"], Bundle(task_id, found["one"].number)
    told = one.evidence if isinstance(one.evidence, dict) else {}
    succeeded = one.outcome == AttemptOutcome.SUCCEEDED
    kept = _stored(view, bundle, (FACTS, TREE) if told.get("url") else (FACTS,) if succeeded else ())
    facts, screen = _facts(kept.get(FACTS)), screen_of(_text(kept.get(TREE)))
    mine = pictures(facts, bundle)
    beside = newest_success(view, found["task"]) if mine and not succeeded else None
    if beside is not None:
        found["other"] = beside.attempt
    touch, other = last_touch(facts, screen), found["other"]
    shot = has_screenshot(told)
    last = (bundle, touch) if shot else None
    steps = pairs(one.steps or facts.get("steps"), None if other is None else other.steps, one.step)
    return view.page(
        "attempt.html",
        **found,
        told=told,
        seen={name: readings(view.words, told[name]) for name in SEEN if isinstance(told.get(name), Mapping)},
        succeeded=succeeded,
        steps=steps,
        strip=strip(steps, mine, beside.pictures if beside else {}, last) if mine else [],
        touch=touch if shot else None,
        shot=shot,
        recording=RECORDING if isinstance(facts.get("recording"), dict) else "",
        calls=calls(facts)[::-1],
        tree=outline(screen),
        remedy=remedy_for(one.failure_code or "", one.details),
        files=(SCREENSHOT, TREE, FACTS),
    )


def _task(session: Session, task_id: str) -> Task:
    task = session.get(Task, task_id)
    if task is None:
        raise refuse("task", f"{task_id!r} is unknown", "see the campaign that it belongs to")
    return task


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1


def _stored(view: View, bundle: Bundle, names: Sequence[str]) -> dict[str, bytes]:
    """Returns the texts of the evidence that are stored; none while the storage does not answer."""
    place = StorageLocation.of(view.console.config.evidence)
    storage, found = Storage(place), {}
    for name in names:
        try:
            found[name] = storage.get(place.path(bundle, name))[:MOST_FILE]
        except StorageError:
            continue
    return found


def _facts(data: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode(errors="replace")


def story(view: View, task_id: str) -> Response:
    """Shows what happened to one task: the ledger's events, and the lines of this machine's logs."""

    def work(session: Session) -> dict[str, Any]:
        task = _task(session, task_id)
        return {"task": task, "events": task_story(session, task_id)}

    found = view.look(work)
    events = [Line(one.at, one.phone, view.words.said(one.text), one.bad) for one in found.pop("events")]
    logged = list(_logged(view.console.config.var / "log", task_id))
    lines = sorted([*events, *logged], key=lambda one: one.at)
    return view.page("story.html", **found, lines=lines[-MOST_LINES:], logged=len(logged), most=MOST_LINES)


def _logged(folder: Path, task_id: str) -> Iterator[Line]:
    until = time.monotonic() + LOG_SECONDS
    for number, one in enumerate(_lines(folder, task_id)):
        text = f"{one.message}\n{one.traceback}" if one.traceback else one.message
        who = f"{one.part} {one.fields.get('phone') or one.host}"
        yield Line(one.at, who[:100], text[:MOST_WORDS], one.level in BAD)
        if number >= MOST_LINES or time.monotonic() > until:
            return


def _lines(folder: Path, task_id: str) -> Iterable[LogLine]:
    for path in log_files(folder):
        try:
            yield from lines_of([path], task_id)
        except OSError:
            continue
