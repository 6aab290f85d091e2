"""What a watch is made of, as people give it, and the checks of it. Every mistake is named at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from flows.specs.catalogue import SPECS
from flows.specs.flow_spec import check_given
from models.tasks.monitored import MONITORS
from models.values.names import name_problems
from models.values.refused import Problem, Refused, refuse
from workers.planting.validation_errors import problems_of
from workers.policy.monitoring.mood import Mood
from workers.policy.monitoring.words import WordRule, check_words
from workers.policy.schedule import check_schedule

MOST_WINDOW = 7 * 24 * 60  # minutes
MOST_INTERVAL = 7 * 24 * 60
MOST_THRESHOLD = 100_000
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class WatchSpec:
    """A watch to be added. `every`, `window` and `min_interval` are minutes; `quiet` is like 22:00-08:00."""

    name: str
    flow: str
    params: Mapping[str, Any]
    every: int | None = None
    cron: str | None = None
    words: WordRule = field(default_factory=WordRule)
    mood: str | None = None
    window: int = 60
    threshold: int = 1
    deviation: float | None = None
    least: int = 5
    min_interval: int = 60
    quiet: str = ""


def check_watch(spec: WatchSpec) -> dict[str, Any]:
    """Returns the columns of a watch. Raises Refused with every problem."""
    problems: list[Problem] = list(name_problems("name", spec.name))
    checks: tuple[Callable[[], object], ...] = (
        lambda: check_schedule(spec.every, spec.cron),
        lambda: check_words(spec.words),
        lambda: _quiet(spec.quiet),
    )
    for check in checks:
        try:
            check()
        except Refused as refused:
            problems += refused.problems
    problems += _number_problems(spec)
    params, more = _params(spec)
    if problems or more:
        raise Refused([*problems, *more])
    quiet_from, quiet_to = _quiet(spec.quiet)
    return {
        "name": spec.name,
        "flow": spec.flow,
        "params": params,
        "every": spec.every,
        "cron": spec.cron,
        "words": spec.words.as_json(),
        "mood": spec.mood,
        "window": spec.window,
        "threshold": spec.threshold,
        "deviation": spec.deviation,
        "least": spec.least,
        "min_interval": spec.min_interval,
        "quiet_from": quiet_from,
        "quiet_to": quiet_to,
    }


def _params(spec: WatchSpec) -> tuple[dict[str, Any], list[Problem]]:
    if spec.flow not in MONITORS:
        return {}, [Problem("flow", f"{spec.flow!r} watches nothing", f"use one of {', '.join(MONITORS)}")]
    model = SPECS[spec.flow].params_model
    try:
        return check_given(model, dict(spec.params)).model_dump(mode="json"), []
    except ValidationError as error:
        return {}, [one.within("params") for _, one in problems_of(error, model)]


def _number_problems(spec: WatchSpec) -> Iterator[Problem]:
    for name, least, most in (
        ("window", 1, MOST_WINDOW),
        ("threshold", 1, MOST_THRESHOLD),
        ("least", 1, MOST_THRESHOLD),
        ("min_interval", 0, MOST_INTERVAL),
    ):
        value = getattr(spec, name)
        if not least <= value <= most:
            yield Problem(name, f"{value} is outside {least} to {most}", f"give {least} to {most}")
    if spec.deviation is not None and not (math.isfinite(spec.deviation) and 1 <= spec.deviation <= 100):
        yield Problem("deviation", f"{spec.deviation} is outside 1 to 100", "6 tells of what is really unusual")
    if spec.mood is not None and spec.mood not in tuple(Mood):
        yield Problem("mood", f"{spec.mood!r} is none", f"use one of {', '.join(Mood)}")


def _quiet(text: str) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    begin, dash, end = text.partition("-")
    if not dash or not CLOCK.fullmatch(begin) or not CLOCK.fullmatch(end) or begin == end:
        raise refuse("quiet", f"{text!r} is no period", "write it like 22:00-08:00")
    return begin, end
