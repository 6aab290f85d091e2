"""What a flow test holds: a phone, and the world behind it."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import pytest

from flows.failures import FlowFailure
from flows.profile import load_profile
from flows.registry import flow_named
from flows.session import Session
from phonesim.roughness import is_sticker
from phonesim.world import Comment, Emoji, World
from tests.support.memory import MemoryJournal, MemoryWatch
from tests.support.shelf import Shelf
from workers.phone.phone import U2Phone

LONG = "it reads hundreds of rows, minutes on a rough phone; test_rough_lists.py reads such lists on one"
PACKAGE = "com.phonefleet.practice"
TASK_SECONDS = 60.0
ROUGH_TASK_SECONDS = 180.0  # its lists run on and its fields come late: it takes several times as long
PAUSE_SECONDS = 0.15  # the longest pause: only toasts take time in the simulated app
HASTE = 5.0  # of a rough phone: what comes late is late by 0.14 s, and a toast goes after 0.4 s
ROUGH_PAUSE_SECONDS = 0.05  # shorter than what comes late, so that it is met
SEED = 1  # of the shelf's world
ACCOUNTS = 3
CUT_AT = 24  # characters after which the author's page cuts a title


class Rig:
    """A connected phone of the shelf, its app started afresh."""

    def __init__(self, shelf: Shelf, emoji: Emoji = Emoji.SOME, *, rough: bool = False) -> None:
        """`emoji`: as the shelf's world has them; `rough`: its phone is all that a rough one is."""
        self.shelf = shelf
        self.rough = rough
        self.longest_pause = ROUGH_PAUSE_SECONDS if rough else PAUSE_SECONDS
        self.emoji = emoji
        described = shelf.phones[0]
        self.account = described["account"]
        self._address, self._serial = described["address"], described["serial"]

    def __enter__(self) -> Self:
        self.shelf.heal()
        self._end = time.monotonic() + (ROUGH_TASK_SECONDS if self.rough else TASK_SECONDS)
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
        """A session on the phone; its pauses are cut short."""
        return Session(
            phone=self.phone,
            profile=load_profile(),
            account_id=account or self.account,
            rng=random.Random(seed),
            journal=self.journal,
            watch=self.watch,
            pause=lambda seconds: time.sleep(min(seconds, self.longest_pause)),
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
        """The crowd's comments of a video as this phone shows them; from the world itself, by its seed."""
        comments = list(World(SEED, ACCOUNTS, emoji=self.emoji).comments(video["id"], self.account))
        return [replace(one, text="") if self.rough and is_sticker(one.id) else one for one in comments]

    def target(self, video: dict[str, Any], place: int = 0) -> Comment:
        """A comment of a video, from that place on, with a text, and alone there with its author and text."""
        comments = self.comments(video)
        names = [(comment.commenter, comment.text) for comment in comments]
        once = (one for one in comments[place:] if names.count((one.commenter, one.text)) == 1)
        return next(one for one in once if one.text)

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
