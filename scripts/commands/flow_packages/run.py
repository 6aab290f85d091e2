"""Runs a flow package on a phone, tells what it sees, and records it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.app import AppGone
from flows.failures import FlowFailure
from flows.flow import Flow
from flows.packages.code import flow_of
from flows.packages.find import PackageProblem, find
from flows.packages.load import load
from flows.packages.recording import Recording, RecordingPhone
from flows.packages.trial import TrialJournal, TrialWatch
from flows.phone import PhoneError
from flows.profile import AppProfile, load_profile
from flows.screen import Screen
from flows.session import Session
from flows.specs.catalogue import OURS
from models.values.refused import Problem, Refused, refuse
from workers.phone.phone import U2Phone
from workers.planting.validation_errors import problems_of
from workers.settings import settings

MOST_TEXTS, LONGEST = 8, 24  # of a screen that is told
ACTS_NOT = "a try on a real phone does nothing that cannot be undone; plant a task for that"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A package's flow, and the profile it runs with."""

    flow: Flow[Any, Any]
    profile: AppProfile


@dataclass(slots=True)
class Tried:
    """The end of a try: its result's rows, or its failure in words; and all that it saw."""

    recording: Recording
    rows: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""
    remedy: str = ""


def load_package(folder: Path) -> Loaded:
    """Imports the package of this folder into this process. Raises Refused."""
    found, _ = find([folder])
    packages = load([one for one in found if one.folder == folder], [], ours=OURS)
    if folder.name not in packages.used:
        raise Refused([_problem(one) for one in packages.problems])
    flow, profile, fault = flow_of(packages.used[folder.name])
    if flow is None:
        raise Refused([_problem(fault)] if fault else [])
    return Loaded(flow, profile or load_profile(settings().profile))


def _problem(one: PackageProblem) -> Problem:
    return Problem(one.field, one.reason, one.remedy)


def checked(flow: Flow[Any, Any], given: list[str]) -> Any:
    """Returns the parameters of `name=value` texts; a value is JSON, or else text. Raises Refused."""
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise refuse("--param", f"{text!r} is not name=value", "write e.g. --param most=5")
        try:
            values[name.strip()] = json.loads(value)
        except ValueError:
            values[name.strip()] = value
    try:
        return flow.params_model.model_validate(values)
    except ValidationError as error:
        raise Refused([one for _, one in problems_of(error, flow.params_model)]) from error


def run_on(
    loaded: Loaded,
    params: Any,
    open_phone: Callable[[Callable[[], float]], AbstractContextManager[tuple[U2Phone, str]]],
    *,
    real: bool,
    tell: Callable[[str, str], None] = lambda kind, text: None,
) -> Tried:
    """Runs the flow on the phone that `open_phone` opens. `tell` hears each step, screen and touch.

    On a `real` phone every irreversible act is refused.
    """
    flow, profile = loaded.flow, loaded.profile
    watch = TrialWatch(flow.limits.soft, lambda name: tell("step", name))
    now = datetime.now(UTC)
    recording = Recording(flow.name, params.model_dump(mode="json"), now=now.isoformat())
    tried = Tried(recording)
    with open_phone(lambda: watch.left) as (phone, account):
        recording.account = account
        shown = RecordingPhone(
            phone, recording, lambda screen: tell("screen", told(profile, screen)), lambda touch: tell("touch", touch)
        )
        session = Session(
            phone=shown,
            profile=profile,
            account_id=account,
            rng=random.Random(recording.seed),
            journal=TrialJournal(ACTS_NOT if real else ""),
            watch=watch,
            account_read_lately=real,
            now=lambda: now,
        )
        try:
            result = flow.run(session, params)
        except FlowFailure as failure:
            recording.failure = failure.code
            tried.failure, tried.remedy = f"{failure.code}: {failure.reason}", failure.remedy
        except (PhoneError, AppGone) as error:
            tried.failure, tried.remedy = str(error), "look at the phone, then try again"
        else:
            recording.result = result.model_dump(mode="json")
            tried.rows = flow.rows(params, result)
    return tried


def told(profile: AppProfile, screen: Screen) -> str:
    """Returns a screen in words: its page, and the first texts of the app on it."""
    own = profile.own(screen)
    texts: dict[str, None] = {}
    for root in screen.roots:
        for node in root.walk():
            if node.text and node.package == profile.package:
                texts[" ".join(node.text.split())[:LONGEST]] = None
    shown = " · ".join([*texts][:MOST_TEXTS])
    return f"{profile.page_of(own) or '?'}: {shown}"
