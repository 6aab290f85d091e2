"""Checks an app profile of the operator. Those that phonefleet ships are checked by its tests."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from pydantic import ValidationError

from flows.profile import ProfileError, load_profile
from models.database.terminal_safe import on_one_line
from models.values.refused import Problem

PROFILE = "PHONEFLEET_PROFILE"
MOST_REASON = 300  # characters
MOST_FIELDS = 3  # told at once


def own_profile_problems(name: str) -> Iterator[Problem]:
    """Yields the problem of a profile that cannot be used."""
    try:
        load_profile(name)
    except ProfileError as error:
        remedy = "name a profile that phonefleet ships, e.g. practice, or a YAML file that is one"
        yield Problem(PROFILE, on_one_line(_said_by(error, name))[:MOST_REASON], remedy)


def _said_by(error: ProfileError, name: str) -> str:
    """Returns the reason, on one line as far as YAML and Pydantic say it on several."""
    cause = error.__cause__
    if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark is not None:
        mark = cause.problem_mark
        return f"{name}: line {mark.line + 1}, column {mark.column + 1}: {cause.problem}"
    if isinstance(cause, ValidationError):
        wrong = cause.errors(include_url=False, include_input=False)[:MOST_FIELDS]
        return f"{name}: " + "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong)
    return str(error)
