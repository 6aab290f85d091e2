"""phonesim's apps in this process, read before and after an update that a seed draws."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from flows.drift.mend import mend
from flows.drift.patch import Patch
from flows.drift.propose import labelled
from flows.failures import FlowFailure
from flows.flow import Flow
from flows.packages.code import code_of
from flows.packages.find import find
from flows.packages.load import load
from flows.packages.recording import dump_of
from flows.profile import AppProfile, load_profile
from flows.registry import flow_named
from flows.screen import Screen
from flows.session import Session
from flows.specs.catalogue import OURS
from phonesim.node import App
from phonesim.practice.app import PracticeApp
from phonesim.reader.app import ReaderApp
from phonesim.reader.articles import Articles
from phonesim.update import Update
from phonesim.world import World
from tests.support.app_phone import AppPhone
from tests.support.memory import MemoryJournal, MemoryWatch

FOLDER = Path(__file__).parents[2] / "packages" / "collect_articles"
ACCOUNT = "acc0001"
NOON = 1_767_240_000.0  # seconds since 1970: 2026-01-01 12:00 in China


@dataclass(frozen=True)
class Trial:
    """An app with its profile, and the tasks that read it. `start` gives the app afresh, with an update or none."""

    profile: AppProfile
    start: Callable[[Update | None], App]
    tasks: Sequence[tuple[Flow[Any, Any], dict[str, Any]]]


@dataclass
class Run:
    """What the tasks of a trial brought, saw and touched."""

    results: list[Any] = field(default_factory=list)
    failures: list[FlowFailure] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    journal: MemoryJournal = field(default_factory=MemoryJournal)


def reader(seed: int = 1) -> Trial:
    """The reader, with two accounts of which one has its history folded. `seed`: of its articles."""
    flow, profile = _package()
    accounts = [account.id for account in Articles(seed).accounts]
    tasks = [(flow, {"author_id": accounts[number], "most": most}) for number, most in ((1, 12), (3, 50))]

    def start(update: Update | None) -> App:
        app = ReaderApp(Articles(seed), _practice(None))
        app.update = update
        return app

    return Trial(profile, start, tasks)


def practice(seed: int = 1) -> Trial:
    """The practice app: an author's titles, and the comments of one video. `seed`: of its world."""
    world = World(seed, 3, clock=lambda: NOON)
    author = world.authors[0]
    video = next(one for one in world.videos(author.id) if one.comments >= 30)
    tasks = [
        (flow_named("collect_titles"), {"author_id": author.id, "count": 6}),
        (flow_named("collect_comments"), {"author_id": author.id, "title": video.title, "most": 25}),
    ]
    return Trial(load_profile(), lambda update: _practice(update, seed), tasks)


def run(trial: Trial, profile: AppProfile, update: Update | None = None) -> Run:
    """Run the tasks, each on the app started afresh, with this profile."""
    done = Run()
    for flow, params in trial.tasks:
        session = Session(
            phone=AppPhone(trial.start(update), done.screens.append),
            profile=profile,
            account_id=ACCOUNT,
            rng=random.Random(1),
            journal=done.journal,
            watch=MemoryWatch(),
            pause=lambda _: None,
            now=lambda: datetime.fromtimestamp(NOON, UTC),
        )
        try:
            done.results.append(flow.run(session, flow.params_model.model_validate(params)))
        except FlowFailure as failure:
            done.results.append(None)
            done.failures.append(failure)
    return done


def recorded(trial: Trial) -> dict[str, list[Screen]]:
    """The screens of the app before its update, by page."""
    done = run(trial, trial.profile)
    assert not done.failures, done.failures
    once = {dump_of(screen): screen for screen in done.screens}
    return labelled(trial.profile, {}, [*once.values()])


def proposed(trial: Trial, screens: dict[str, list[Screen]], update: Update) -> Patch:
    """The patch for the updated app."""
    return mend(trial.profile, screens, lambda profile: run(trial, profile, update).screens)


def _practice(update: Update | None, seed: int = 1) -> PracticeApp:
    app = PracticeApp(World(seed, 3, clock=lambda: NOON), "APP0001", ACCOUNT, time.monotonic)
    app.update = update
    return app


@cache
def _package() -> tuple[Flow[Any, Any], AppProfile]:
    path = [*sys.path]
    code = code_of(load(*find([FOLDER]), ours=OURS))
    sys.path[:] = path
    return code.flows["collect_articles"], code.profiles["collect_articles"]
