"""An act on an updated app: what the app's own log says before a person accepted the patch, and after."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path

from flows.drift.patch import Patch
from flows.failures import FlowFailure
from flows.profile import AppProfile
from flows.registry import flow_named
from flows.session import Session
from models.responsible_use.profile_patches import accept_patch, propose_patch
from models.transactions.read_write import write
from phonesim.practice.app import PracticeApp
from phonesim.update import Update
from phonesim.world import World
from tests.support.app_phone import AppPhone
from tests.support.drift import ACCOUNT, NOON, Trial
from tests.support.ledger.copied import copied_ledger
from tests.support.ledger.drive import ZONE, like, online_worker, owned_author, plant, ready, take
from tests.support.memory import MemoryWatch
from workers.execution.ledger_journal import LedgerJournal


def acts_on(trial: Trial, patch: Patch, update: Update) -> tuple[int, int]:
    """Likes a comment by the patched profile, through a real ledger. Returns how often that happened in the app.

    First while nobody accepted the patch, then after a person did.
    """
    title, commenter, text = _target()
    with tempfile.TemporaryDirectory() as folder:
        engine = copied_ledger(f"sqlite:///{Path(folder) / 'ledger.db'}")
        try:
            owned_author(engine)
            identity = online_worker(engine, AppPhone.serial, ACCOUNT)
            (task,) = ready(engine, plant(engine, like(title, commenter, text)))
            claim = replace(take(engine, task, identity), account_id=ACCOUNT)
            row = write(
                engine,
                lambda session: (
                    propose_patch(
                        session, trial.profile.package, "new", patch.model_dump(mode="json"), by=AppPhone.serial
                    ).id
                ),
            )
            journal = LedgerJournal(engine, claim, ZONE, profile_patch=row)
            profile = patch.applied(trial.profile)
            before = _like(trial, profile, update, journal, dict(claim.kwargs))
            write(engine, lambda session: accept_patch(session, row, who="benchmark", why=""))
            return before, _like(trial, profile, update, journal, dict(claim.kwargs))
        finally:
            engine.dispose()


def _like(trial: Trial, profile: AppProfile, update: Update, journal: LedgerJournal, params: dict[str, object]) -> int:
    app = trial.start(update)
    assert isinstance(app, PracticeApp)
    flow = flow_named("directed")
    session = Session(
        phone=AppPhone(app),
        profile=profile,
        account_id=ACCOUNT,
        rng=random.Random(1),
        journal=journal,
        watch=MemoryWatch(),
        pause=lambda _: None,
    )
    try:
        flow.run(session, flow.params_model.model_validate(params))
    except FlowFailure as failure:
        if failure.code != "page_drift":
            print(f"the act fails: {failure}", flush=True)
    return len(app.world.truth())


def _target() -> tuple[str, str, str]:
    """Returns a video's title, and the writer and the text of its first comment that is there once."""
    world = World(1, 3, clock=lambda: NOON)
    video = next(one for one in world.videos(world.authors[0].id) if one.comments >= 30)
    comments = [(one.commenter, one.text) for one in world.comments(video.id, ACCOUNT)]
    commenter, text = next(one for one in comments if one[1] and comments.count(one) == 1)
    return video.title, commenter, text
