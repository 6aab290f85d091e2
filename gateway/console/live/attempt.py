"""One attempt as people look into it: its steps beside a successful run's, its last touch, its UI tree.

All but `like` is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.screen import Node, Screen, ScreenError
from gateway.console.changes import plain_value
from gateway.console.moments import moment_in
from gateway.words.catalogue import Catalogue
from models.history.records.kinds import ATTEMPT
from models.tables import Attempt, Record, Task
from models.values.enums import AttemptOutcome

MOST_LOOKED_AT = 50  # successful attempts, the latest of them
MOST_LINES = 2000  # of a tree
MOST_TEXT = 200  # characters of a node's text
MOST_CALLS = 50
UNITS = {"percent": "%", "celsius": "°C"}
ISOLATED = "\u2068", "\u2069"  # a text with another direction of writing does not turn what stands around it


@dataclass(frozen=True, slots=True)
class StepPair:
    """One step in both runs: when it began and how long it took, in seconds; None where it did not run."""

    name: str
    began: float | None
    took: float | None
    other: float | None
    failed: bool
    width: float  # of 100: its part of the longest step of both runs
    other_width: float


@dataclass(frozen=True, slots=True)
class Touch:
    """The last touch before the failure: its call, its moment, and its pixel on a screen of this size."""

    method: str
    at: datetime | None
    x: int
    y: int
    width: int
    height: int


def pairs(steps: Any, other: Any, failed_in: str | None) -> list[StepPair]:
    """Returns the steps of an attempt in their order, each beside the same of the other, and then those not reached."""
    mine, theirs = _by_name(steps), _by_name(other)
    names = [*mine, *(name for name in theirs if name not in mine)]
    longest = max([*(one["took"] for one in (*mine.values(), *theirs.values())), 0.01])
    found = []
    for name in names:
        took = mine[name]["took"] if name in mine else None
        beside = theirs[name]["took"] if name in theirs else None
        widths = (round(100 * (took or 0.0) / longest, 1), round(100 * (beside or 0.0) / longest, 1))
        began = mine[name]["began"] if name in mine else None
        found.append(StepPair(name, began, took, beside, name == failed_in, *widths))
    return found


def _by_name(steps: Any) -> dict[str, dict[str, float]]:
    found = {}
    for one in steps if isinstance(steps, list) else ():
        if isinstance(one, Mapping):
            found[str(one.get("name"))] = {name: _number(one.get(name)) for name in ("began", "took")}
    return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else 0.0


def like(session: Session, task: Task) -> Attempt | None:
    """Returns the latest attempt of the same flow that succeeded and kept its steps."""
    latest = (
        select(Record.task_id, Record.attempt)
        .where(Record.sandbox == task.sandbox, Record.flow == task.flow, Record.outcome == AttemptOutcome.SUCCEEDED)
        .where(Record.kind == ATTEMPT)
        .order_by(Record.ended_at.desc(), Record.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    for task_id, number in session.execute(latest).all():
        wanted = select(Attempt).where(Attempt.task_id == task_id, Attempt.number == number)
        found = session.scalars(wanted).one_or_none()
        if found is not None and found.steps:
            return found
    return None


def last_touch(facts: Mapping[str, Any], screen: Screen | None) -> Touch | None:
    """Returns the last touch that the evidence tells of; None without one, or when it is off the screen."""
    if screen is None or not screen.roots:
        return None
    width = max(root.bounds[2] for root in screen.roots)
    height = max(root.bounds[3] for root in screen.roots)
    for call in reversed(calls(facts)):
        match call.get("point"):
            case [int(x), int(y)] if 0 <= x < width and 0 <= y < height:
                return Touch(f"{call.get('method')}"[:40], moment_in(call.get("at")), x, y, width, height)
    return None


def calls(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the last calls to the phone, oldest first."""
    found = facts.get("calls")
    return [one for one in found if isinstance(one, Mapping)][-MOST_CALLS:] if isinstance(found, list) else []


def readings(words: Catalogue, piece: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Returns what one piece of the evidence tells, such as the battery, in words: each name with its value."""
    return [(words.word("fact", key), _reading(words, key, piece[key])) for key in piece if key != "line"]


def _reading(words: Catalogue, key: str, value: Any) -> str:
    plain = plain_value(words, value)
    if plain is not None:
        return plain
    told = " ".join(map(str, value)) if isinstance(value, list) else f"{value}"
    return f"{told} {UNITS[key]}" if key in UNITS else told


def screen_of(tree: str | None) -> Screen | None:
    """Returns the screen of a tree; None when there is none that can be read."""
    try:
        return None if not tree else Screen.parse(tree)
    except ScreenError:
        return None


def outline(screen: Screen | None) -> Sequence[str]:
    """Returns the tree as lines: each node by its depth, with its class, id, text and place."""
    lines: list[str] = []
    waiting = [(0, node) for node in reversed(screen.roots)] if screen is not None else []
    while waiting and len(lines) < MOST_LINES:
        depth, node = waiting.pop()
        lines.append("  " * depth + " ".join(_words(node)))
        waiting.extend((depth + 1, child) for child in reversed(node.children))
    return lines


def _words(node: Node) -> Iterable[str]:
    yield node.cls.rpartition(".")[2] or "node"
    if node.resource_id:
        yield f"#{node.resource_id.rpartition('/')[2]}"
    for text in (node.text, node.desc):
        if text:
            yield f"“{ISOLATED[0]}{' '.join(text.split())[:MOST_TEXT]}{ISOLATED[1]}”"
    if node.clickable:
        yield "↵"
    if node.has_place:
        left, top, right, bottom = node.bounds
        yield f"[{left},{top} {right},{bottom}]"
