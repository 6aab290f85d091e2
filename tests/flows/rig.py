"""What a flow test holds: a phone, a journal and a watch kept in memory, and the world behind them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import pytest

from flows.failures import FlowFailure
from flows.profile import load_profile
from flows.registry import flow_named
from flows.session import Action, ActionKind, ActionRefused, Session
from phonesim.world import Comment, Emoji, World
from tests.support.shelf import Shelf
from workers.phone.phone import U2Phone

PACKAGE = "com.phonefleet.practice"
TASK_SECONDS = 60.0
SEED = 1  # of the shelf's world
ACCOUNTS = 3
CUT_AT = 24  # characters after which the author's page cuts a title


@dataclass
class MemoryJournal:
    """A journal that forgets everything with the test; authors without a basis are refused."""

    earlier: list[Action] = field(default_factory=list)
    unseen: list[Action] = field(default_factory=list)  # those of `earlier` that nobody saw on the app
    without_basis: set[str] = field(default_factory=set)
    cap: int = 1000
    posted_before: set[str] = field(default_factory=set)  # texts that this account posted on every video
    declared: list[Action] = field(default_factory=list)
    confirmed: dict[int, bool] = field(default_factory=dict)
    refuted: dict[int, str] = field(default_factory=dict)

    def done(self) -> Sequence[Action]:
        return self.earlier

    def verified(self, action: Action) -> bool:
        return action in self.earlier and action not in self.unseen

    def refusal(self, action: Action) -> ActionRefused | None:
        if action.author_id in self.without_basis:
            return ActionRefused("no_basis", f"author {action.author_id} has no basis")
        if action.text in self.posted_before:
            return ActionRefused("text_repeated", f"{action.text!r} stands there")
        if len(self.declared) - len(self.refuted) >= self.cap:
            return ActionRefused("cap_reached", f"{self.cap} actions")
        return None

    def declare(self, action: Action) -> int:
        refusal = self.refusal(action)
        if refusal is not None:
            raise refusal
        self.declared.append(action)
        return len(self.declared)

    def confirm(self, number: int, *, verified: bool) -> None:
        self.confirmed[number] = verified

    def refute(self, number: int, reason: str) -> None:
        self.refuted[number] = reason

    def happened(self, kind: ActionKind) -> list[Action]:
        """The confirmed actions of a kind."""
        numbered = enumerate(self.declared, 1)
        return [action for number, action in numbered if number in self.confirmed and action.kind is kind]

    @property
    def open(self) -> list[Action]:
        """Declared actions of which nobody knows what came."""
        closed = self.confirmed.keys() | self.refuted.keys()
        return [action for number, action in enumerate(self.declared, 1) if number not in closed]


@dataclass
class MemoryWatch:
    """Counts the checks; raises `stop` once it is set."""

    stop: Exception | None = None
    checks: int = 0
    steps: list[str] = field(default_factory=list)

    def check(self) -> None:
        self.checks += 1
        if self.stop is not None:
            raise self.stop

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.steps.append(name)
        yield


class Rig:
    """A connected phone of the shelf, its app started afresh."""

    def __init__(self, shelf: Shelf, emoji: Emoji = Emoji.SOME) -> None:
        """`emoji`: as the shelf's world has them."""
        self.shelf = shelf
        self._emoji = emoji
        described = shelf.phones[0]
        self.account = described["account"]
        self._address, self._serial = described["address"], described["serial"]

    def __enter__(self) -> Self:
        self.shelf.heal()
        self._end = time.monotonic() + TASK_SECONDS
        self.phone = U2Phone.connect(
            self._address, self._serial, self.shelf.adb.port, lambda: self._end - time.monotonic()
        )
        self.phone.stop_app(PACKAGE)
        self.journal = MemoryJournal()
        self.watch = MemoryWatch()
        self._truth_before = len(self.shelf.truth())
        self.world: dict[str, Any] = self.shelf.get("/world")
        self.own_name = next(one["name"] for one in self.world["accounts"] if one["id"] == self.account)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.phone.close()

    def session(self, seed: int = 1, account: str | None = None) -> Session:
        """A session on the phone; pauses are cut short: only toasts take time in the simulated app."""
        return Session(
            phone=self.phone,
            profile=load_profile(),
            account_id=account or self.account,
            rng=random.Random(seed),
            journal=self.journal,
            watch=self.watch,
            pause=lambda seconds: time.sleep(min(seconds, 0.15)),
        )

    def run(self, name: str, **params: Any) -> Any:
        """Run a flow with these parameters."""
        flow = flow_named(name)
        return flow.run(self.session(), flow.params_model.model_validate(params))

    def rows(self, name: str, **params: Any) -> list[dict[str, Any]]:
        """Run a flow; the rows of its result sheet, after a round through JSON, keyed as the flow's columns say."""
        flow = flow_named(name)
        checked = flow.params_model.model_validate(params)
        result = flow.run(self.session(), checked)
        assert flow.result_model.model_validate_json(result.model_dump_json()) == result
        rows = flow.rows(checked, result)
        assert all(set(row) == {column.key for column in flow.columns} for row in rows)
        return rows

    def truth(self) -> list[dict[str, Any]]:
        """What happened in the world since this rig was set up."""
        return self.shelf.truth()[self._truth_before :]

    def fails(self, flow: str, **params: Any) -> FlowFailure:
        """Run a flow that must fail; how it failed."""
        with pytest.raises(FlowFailure) as failed:
            self.run(flow, **params)
        return failed.value

    def comments(self, video: dict[str, Any]) -> list[Comment]:
        """The crowd's comments of a video, from the world itself: the same seed gives the same content."""
        return list(World(SEED, ACCOUNTS, emoji=self._emoji).comments(video["id"], self.account))

    def target(self, video: dict[str, Any], place: int = 0) -> Comment:
        """A comment of a video, from that place on, whose author and text no other comment there has."""
        comments = self.comments(video)
        names = [(comment.commenter, comment.text) for comment in comments]
        return next(comment for comment in comments[place:] if names.count((comment.commenter, comment.text)) == 1)

    def video(self, least: int, most: int, author_id: str | None = None, skip: int = 0) -> tuple[str, dict[str, Any]]:
        """An author id and one of its videos with so many comments, whose title no other of them begins like."""
        for author in self.world["authors"]:
            titles = [video["title"] for video in author["videos"]]
            for video in author["videos"]:
                unique = sum(title[:CUT_AT] == video["title"][:CUT_AT] for title in titles) == 1
                if author_id in (None, author["id"]) and unique and least <= video["comments"] <= most:
                    if not skip:
                        return author["id"], video
                    skip -= 1
        raise LookupError(f"no video with {least} to {most} comments")
