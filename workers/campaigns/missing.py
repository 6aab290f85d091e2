"""Decides what a campaign is missing, from the rows of its tasks, and builds the canvas that does exactly that. Pure.

A campaign and those that complete it are one family. Tasks of the first campaign say what is asked for, tasks of all
say what is done and what is under way.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from models.tasks.states import OPEN, State
from workers.canvas.signatures import Canvas, chain, chord, group, task

DID_NOT_RUN = "did_not_run"
NOT_NEEDED = "not_needed"  # of an errback that no failure called
NOT_MISSING = frozenset({NOT_NEEDED, "approval_refused"})  # a person decided against it
DRAWN = {"comment": "comment", "reply": "reply", "like_comment": "like_comment"}  # draw_directed's parameter → kind
# nurture's parameter → the kind of its actions
TARGETS = {"comments": "comment", "video_likes": "like_video", "replies": "reply"}
EARLIER = "collected_earlier"
_DESK = ("each_title", "gather", "draw_directed", "tally", EARLIER)
_Share = tuple[str, str] | None  # a pinned account and its author; None: any account
_LOST = (State.FAILED, State.STOPPED)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task of the family, as far as completeness asks: `takes_from` are the tasks whose results it takes."""

    id: str
    round: int  # 0 in the first campaign, then 1, 2, … in those that complete it
    flow: str
    state: str
    code: str | None
    params: Mapping[str, Any]
    takes_from: tuple[str, ...]
    in_place_of: str | None
    account: str | None  # pinned to
    phone: str | None  # pinned to
    priority: int
    hard_limit: int

    @property
    def under_way(self) -> bool:
        return self.state in OPEN

    @property
    def options(self) -> dict[str, Any]:
        """Returns the options of a task that does the same."""
        pin = f"account.{self.account}" if self.account else f"phone.{self.phone}" if self.phone else None
        queue = {} if pin is None else {"queue": pin}
        return {"priority": self.priority, "time_limit": self.hard_limit, **queue}


@dataclass(frozen=True, slots=True)
class Piece:
    """Work of one kind that is missing: how much, on what (author, account or title), the reasons, and how to do it.

    `again` makes the canvas of one of it: whoever only looks needs none of a hundred thousand.
    """

    flow: str
    what: str
    count: int
    why: Mapping[str, int]  # failure code, state, or DID_NOT_RUN → number of tasks
    again: Callable[[], Canvas] | None = None

    @property
    def canvases(self) -> Sequence[Canvas]:
        """Returns the canvases that do all of it."""
        return () if self.again is None else (self.again(),) * self.count


@dataclass(frozen=True, slots=True)
class Missing:
    """What a campaign is missing. `draw`: the request of a draw_directed that makes up for directed work.

    `by_hand`: tasks that took results of others and cannot be planted alone.
    """

    pieces: Sequence[Piece]
    draw: Mapping[str, Any] = field(default_factory=dict)
    under_way: int = 0
    by_hand: int = 0

    def canvas(self) -> Canvas | None:
        """Returns the canvas of all that is missing; None for nothing. The directed work follows what is collected."""
        collecting = [one for piece in self.pieces if piece.flow.startswith("collect_") for one in piece.canvases]
        others = [one for piece in self.pieces if not piece.flow.startswith("collect_") for one in piece.canvases]
        if self.draw:
            body = task("draw_directed", self.draw, join="settled")
            others.append(chord(group([*collecting, task(EARLIER, immutable=True)]), body))
        else:
            others += collecting
        return group(others) if others else None


def what_is_missing(
    rows: Sequence[TaskRow], done: Mapping[str, Mapping[str, int]], accounts: Sequence[str] = ()
) -> Missing:
    """Returns what a family of campaigns is missing.

    `done`: task → kind → its actions that happened. `accounts`: those that should nurture, each once.
    """
    rows = [row for row in rows if row.code not in NOT_MISSING]
    drawers = {row.id for row in rows if row.flow == "draw_directed"}
    drawn = [row for row in rows if row.flow == "directed" and row.in_place_of in drawers]
    stages = _stages(rows)
    parents = {row.in_place_of for row in rows}
    cut_off = {titles for titles, stage in stages.items() if stage.state in _LOST and stage.id not in parents}
    pieces, by_hand = list(_sessions(rows, done, accounts)), 0
    apart = {"nurture", *_DESK}
    for same in _alike(row for row in rows if row.flow not in apart and row not in drawn).values():
        failed = [row for row in same if row.state in _LOST or row.id in cut_off]
        lacking = _asked(same) - (len(same) - len(failed))
        if lacking <= 0 or not failed:
            continue
        last = failed[-1]
        if last.takes_from:
            by_hand += lacking
            continue
        again = partial(_again, last, stages.get(last.id))
        causes = [row if row.state in _LOST else stages[row.id] for row in failed[:lacking]]
        pieces.append(Piece(last.flow, _what(last), lacking, _why(causes), again))
    directed, draw = _directed(rows, drawn)
    return Missing([*pieces, *directed], draw, sum(row.under_way for row in rows), by_hand)


def _asked(same: Sequence[TaskRow]) -> int:
    """Returns how often this work was asked for: the first campaign that has it says so, later ones only try again."""
    first = min(row.round for row in same)
    return sum(row.round == first for row in same)


def _alike(rows: Iterable[TaskRow]) -> dict[tuple[str, ...], list[TaskRow]]:
    """Returns the rows by what they do: those of one group do the same."""
    found: dict[tuple[str, ...], list[TaskRow]] = {}
    for row in rows:
        params = row.params
        key: tuple[str, ...]
        if row.flow == "collect_titles":
            key = ("collect_titles", str(params.get("author_id")))
        elif row.flow == "collect_comments" and not row.takes_from:
            key = ("collect_comments", str(params.get("author_id")), str(params.get("title")))
        else:
            told = json.dumps(params, sort_keys=True, ensure_ascii=False, default=str)
            key = (row.flow, row.account or "", row.phone or "", told, *row.takes_from)
        found.setdefault(key, []).append(row)
    return found


def _sessions(
    rows: Sequence[TaskRow], done: Mapping[str, Mapping[str, int]], accounts: Sequence[str]
) -> Iterator[Piece]:
    """Yields the sessions that are missing, each with the acts that its account has not done yet."""
    sessions = [row for row in rows if row.flow == "nurture"]
    by_place: dict[tuple[str | None, str | None], list[TaskRow]] = {}
    for row in sessions:
        by_place.setdefault((row.account, row.phone), []).append(row)
    for (account, phone), same in by_place.items():
        failed = [row for row in same if row.state in _LOST]
        lacking = _asked(same) - (len(same) - len(failed))
        if lacking <= 0 or not failed:
            continue
        first = min(same, key=lambda row: row.round)
        params = _what_is_left(first.params, [done.get(row.id, {}) for row in failed])
        if params is not None:
            again = partial(task, "nurture", params, immutable=True, **first.options)
            yield Piece("nurture", account or phone or "", lacking, _why(failed[:lacking]), again)
    pattern = min(sessions, key=lambda row: row.round, default=None)
    if pattern is not None:
        for account in accounts:
            if (account, None) not in by_place:
                options = {**pattern.options, "queue": f"account.{account}"}
                again = partial(task, "nurture", pattern.params, immutable=True, **options)
                yield Piece("nurture", account, 1, {DID_NOT_RUN: 1}, again)


def _what_is_left(params: Mapping[str, Any], done: Sequence[Mapping[str, int]]) -> dict[str, Any] | None:
    """Returns a session's parameters less the acts that happened; None when all did."""
    left = dict(params)
    asked = {name: int(params.get(name) or 0) for name in TARGETS}
    for name, kind in TARGETS.items():
        left[name] = max(0, asked[name] - sum(one.get(kind, 0) for one in done))
    return left if any(left[name] for name in TARGETS) or not any(asked.values()) else None


def _stages(rows: Sequence[TaskRow]) -> dict[str, TaskRow]:
    """Returns the each_title that follows each collect_titles, by the latter's id."""
    return {source: row for row in rows if row.flow == "each_title" for source in row.takes_from}


def _again(row: TaskRow, stage: TaskRow | None) -> Canvas:
    """Returns the canvas of a task, with the fan-out that follows it."""
    alone = task(row.flow, row.params, immutable=True, **row.options)
    return alone if stage is None else chain(alone, task("each_title", stage.params))


def _directed(rows: Sequence[TaskRow], drawn: Sequence[TaskRow]) -> tuple[list[Piece], dict[str, Any]]:
    """Returns the drawn directed work that is missing, by kind, and the request to draw it."""
    drawers = [row for row in rows if row.flow == "draw_directed"]
    requests = [row for row in drawers if row.round == 0]
    if not requests or any(row.under_way and not any(one.in_place_of == row.id for one in drawn) for row in drawers):
        return [], {}
    shares = _Shares(requests, drawn)
    pieces = []
    for name, kind in DRAWN.items():
        lacking = sum(one[name] for one in shares.lacking.values())
        if lacking:
            failed = [row for row in drawn if row.params.get("kind") == kind and row.state in _LOST]
            pieces.append(Piece("directed", kind, lacking, _why(failed[:lacking], lacking)))
    return pieces, shares.request() if pieces else {}


class _Shares:
    """What the requests asked for by share, and what is lacking: of each pinned account and author, and of the rest."""

    def __init__(self, requests: Sequence[TaskRow], drawn: Sequence[TaskRow]) -> None:
        self._first = requests[-1].params
        asked: dict[_Share, Counter[str]] = {None: Counter()}
        for params in (row.params for row in requests):
            asked[None].update(_numbers(params))
            for one in params.get("pinned") or ():
                asked.setdefault((one["account"], one["author_id"]), Counter()).update(_numbers(one))
        got: Counter[tuple[_Share, str]] = Counter()
        for row in drawn:
            if row.state == State.SUCCEEDED or row.under_way:
                share = (row.account or "", str(row.params.get("author_id")))
                got[share if share in asked else None, str(row.params.get("kind"))] += 1
        self.lacking = {
            share: {name: max(0, numbers[name] - got[share, kind]) for name, kind in DRAWN.items()}
            for share, numbers in asked.items()
        }

    def request(self) -> dict[str, Any]:
        """Returns the request that draws what is lacking."""
        pinned = [
            {"account": share[0], "author_id": share[1], **numbers}
            for share, numbers in self.lacking.items()
            if share is not None and any(numbers.values())
        ]
        others = {name: value for name, value in self._first.items() if name != "pinned"}
        return {**others, **self.lacking[None], **({"pinned": pinned} if pinned else {})}


def _numbers(params: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(params.get(name) or 0) for name in DRAWN}


def _why(failed: Sequence[TaskRow], count: int = 0) -> dict[str, int]:
    reasons = Counter(row.code or row.state for row in failed)
    if count > len(failed):
        reasons["not_drawn"] = count - len(failed)
    return dict(reasons)


def _what(row: TaskRow) -> str:
    author, title = row.params.get("author_id"), row.params.get("title")
    return " ".join(str(one) for one in (author, title) if one) or row.account or row.phone or ""
