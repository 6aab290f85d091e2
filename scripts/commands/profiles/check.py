"""Holds a profile against a phone: reads the app as flows do, and finds what it does not know there any more."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.app import App, AppGone
from flows.drift.mend import mend
from flows.drift.patch import Patch
from flows.drift.propose import labelled
from flows.drift.recorded import read_screens
from flows.failures import FlowFailure
from flows.flow import Flow
from flows.identify import read_account
from flows.packages.recording import Recording, RecordingPhone
from flows.packages.trial import TrialJournal, TrialWatch
from flows.phone import Phone
from flows.profile import AppProfile
from flows.registry import flow_named
from flows.screen import Screen
from flows.session import Session
from models.values.refused import refuse
from workers.phone.phone import U2Phone

SECONDS = 900.0  # that a check may take
READS_ONLY = "a check only reads"
COMMENTS, TITLES = 20, 3  # that a check of the fleet's app reads
Walk = Callable[[Session], object]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the app's version, the patch, and by page the recorded screens and those seen now."""

    version: str
    patch: Patch
    recorded: Mapping[str, Sequence[Screen]]
    seen: Mapping[str, Sequence[Screen]]
    failures: Sequence[FlowFailure] = field(default_factory=tuple)

    @property
    def holds(self) -> bool:
        """Returns whether the profile reads this version of the app as it is."""
        return not self.patch and not self.patch.unmended and not self.failures


def walk_of(flow: Flow[Any, Any], params: Any) -> Walk:
    """Returns the walk that runs a flow. Raises Refused for one that acts."""
    if flow.acts:
        raise refuse("FOLDER", f"{flow.name} acts, and a check only reads", "take a flow that only reads")
    return lambda session: flow.run(session, params)


def walk_of_fleet(author: str) -> Walk:
    """Returns the walk over the fleet's app: who is logged in, and, with an author, titles and comments."""

    def walk(session: Session) -> None:
        app = App(session)
        app.through_crashes(lambda: read_account(app))
        if not author:
            return
        titles, comments = flow_named("collect_titles"), flow_named("collect_comments")
        asked = titles.params_model.model_validate({"author_id": author, "count": TITLES})
        for one in titles.run(session, asked).titles[:1]:
            wanted = {"author_id": author, "title": one.title, "most": COMMENTS}
            comments.run(session, comments.params_model.model_validate(wanted))

    return walk


def check(
    profile: AppProfile,
    folder: Path,
    walk: Walk,
    open_phone: Callable[[Callable[[], float]], AbstractContextManager[tuple[U2Phone, str]]],
) -> Checked:
    """Reads the app and compares it with the recorded screens of this folder. Raises Refused when there are none."""
    recorded = read_screens(profile, folder)
    if not recorded:
        raise refuse("--screens", f"{folder} holds no recorded screens of the profile", "record some before the update")
    watch = TrialWatch(SECONDS)
    seen: list[Screen] = []
    failures: list[FlowFailure] = []
    with open_phone(lambda: watch.left) as (phone, account):
        version = phone.app_version(profile.package)
        if version is None:
            raise refuse("--phone", f"{profile.package} is not installed there", "install it, or name another phone")

        def run(patched: AppProfile) -> list[Screen]:
            failures.clear()
            now: list[Screen] = []
            try:
                walk(_session(phone, account, patched, watch, now))
            except FlowFailure as failure:
                failures.append(failure)
            except AppGone as gone:
                failures.append(FlowFailure("app_crashed", str(gone)))
            seen.extend(now)
            return now

        patch = mend(profile, recorded, run)
        with suppress(Exception):  # the app is left as it was found, if it lets itself be
            phone.stop_app(profile.package)
    by_page = labelled(patch.applied(profile), recorded, seen)
    return Checked(version, patch, recorded, by_page, tuple(failures))


def _session(phone: Phone, account: str, profile: AppProfile, watch: TrialWatch, seen: list[Screen]) -> Session:
    return Session(
        phone=RecordingPhone(phone, Recording("check"), seen.append),
        profile=profile,
        account_id=account,
        rng=random.Random(1),
        journal=TrialJournal(READS_ONLY),
        watch=watch,
        account_read_lately=True,
    )
