"""The models of watches: as a customer asks for one, and as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from gateway.api.responses import Shown
from gateway.submissions.requests import Asked, Name
from models.tables import Watch, WatchLook
from models.values.customer_words import customer_words
from workers.campaigns.watches.watch_spec import WatchSpec
from workers.policy.monitoring.trial import Trial
from workers.policy.monitoring.words import MOST_LENGTH, WordRule

MOST_WORDS = 1000  # in each list, of a customer's watch
LEAST_MINUTES = 5  # between two looks of a customer's watch
MOST_ALERTS = 100  # of a trial that are listed
Words = list[str]
Flow = Literal["monitor_account", "monitor_keyword", "monitor_post"]


class WordsAsked(Asked):
    """Which new items count: those with all, any and none of these words."""

    all: Words = Field(default=[], max_length=MOST_WORDS)
    any: Words = Field(default=[], max_length=MOST_WORDS)
    none: Words = Field(default=[], max_length=MOST_WORDS)


class WatchAsked(Asked):
    """A watch: what it looks at, when, which items count, and when you are told."""

    name: Name = Field(description="Your own name of it, which no other watch of yours has.")
    flow: Flow
    params: dict[str, Any] = Field(description="The parameters of the flow.")
    every: int | None = Field(default=None, ge=LEAST_MINUTES, description="Minutes between two looks; or `cron`.")
    cron: str | None = Field(
        default=None,
        max_length=MOST_LENGTH,
        description="A cron line of five fields in the operator's zone; its times are at least 5 minutes apart.",
    )
    words: WordsAsked = Field(default=WordsAsked(), description="Without words every new item counts.")
    mood: Literal["negative", "neutral", "positive"] | None = Field(
        default=None, description="Only texts that triage gives this mood."
    )
    threshold: int = Field(default=1, description="You are told of so many items that count ...")
    window: int = Field(default=60, description="... first seen within so many minutes.")
    deviation: float | None = Field(
        default=None, description="Or when this hour has so many spreads more than the same hour of past weeks ..."
    )
    least: int = Field(default=5, description="... and at least so many items.")
    min_interval: int = Field(default=60, description="Minutes between two alerts, at least.")
    quiet: str = Field(default="", max_length=20, description="Hours in which you are not told, like 22:00-08:00.")

    def spec(self) -> WatchSpec:
        """Returns it as the ledger's own checks take it."""
        given = self.model_dump(exclude={"words"})
        words = WordRule(tuple(self.words.all), tuple(self.words.any), tuple(self.words.none))
        return WatchSpec(words=words, **given)


class WatchLine(Shown):
    """A watch in the list."""

    id: str
    name: str
    flow: str
    params: dict[str, Any]
    every: int | None
    cron: str | None
    paused: bool
    next_look_at: datetime | None = Field(description="Null while it is paused.")
    looked_at: datetime | None = Field(description="Its last look that succeeded.")
    alerted_at: datetime | None
    failed_looks: int = Field(description="How many looks failed since then.")
    created_at: datetime


class Look(Shown):
    """One look of a watch."""

    due: datetime
    outcome: str = Field(description="planted, skipped, failed, looked or judged")
    missed: int = Field(description="Earlier due times that passed without a look, which this one stands for.")
    first: bool = Field(description="The first one: nothing in it is news.")
    seen: int
    new: int
    counted: int = Field(description="The new items that count.")
    task_id: str | None
    looked_at: datetime | None
    reason: str | None


class WatchView(WatchLine):
    """A watch with all its settings and its latest looks, newest first."""

    words: dict[str, list[str]]
    mood: str | None
    threshold: int
    window: int
    deviation: float | None
    least: int
    min_interval: int
    quiet: str
    looks: list[Look]


class Watches(Shown):
    """All watches of yours, by name."""

    items: list[WatchLine]


class TrialAlert(Shown):
    """An alert that there would have been."""

    at: datetime
    items: int
    why: str


class TrialView(Shown):
    """What a watch would have done in the last days, with what your fleet has collected."""

    days: int
    looks: int
    items: int = Field(description="Collected items that it would have looked at.")
    counted: int
    alerts: int
    latest: list[TrialAlert] = Field(description="The latest of the alerts, at most 100.")


def watch_line(watch: Watch) -> WatchLine:
    """Builds the line of a list."""
    return WatchLine(**_line(watch))


def watch_view(watch: Watch, looks: list[WatchLook]) -> WatchView:
    """Builds the view of one watch."""
    quiet = f"{watch.quiet_from}-{watch.quiet_to}" if watch.quiet_from else ""
    return WatchView(
        **_line(watch), words=watch.words, mood=watch.mood, threshold=watch.threshold, window=watch.window,
        deviation=watch.deviation, least=watch.least, min_interval=watch.min_interval, quiet=quiet,
        looks=[_look(one) for one in looks],
    )  # fmt: skip


def trial_view(found: Trial, days: int) -> TrialView:
    """Builds the result of a trial."""
    latest = [TrialAlert(at=at, items=count, why=why) for at, why, count in found.alerts[-MOST_ALERTS:]]
    return TrialView(
        days=days, looks=found.looks, items=found.items, counted=found.matched, alerts=len(found.alerts), latest=latest
    )


def _line(watch: Watch) -> dict[str, Any]:
    names = ("id", "name", "flow", "params", "every", "cron", "paused", "looked_at", "alerted_at", "failed_looks")
    shown = {name: getattr(watch, name) for name in names}
    return shown | {"created_at": watch.created_at, "next_look_at": None if watch.paused else watch.next_due}


def _look(look: WatchLook) -> Look:
    return Look(
        due=look.due, outcome=look.outcome, missed=look.missed, first=look.baseline, seen=look.seen, new=look.new,
        counted=look.matched, task_id=look.task_id, looked_at=look.looked_at, reason=customer_words(look.reason),
    )  # fmt: skip
