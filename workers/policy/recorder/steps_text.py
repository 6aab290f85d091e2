"""The text of steps.yaml: the steps that a person made while they walked through an app."""

from __future__ import annotations

from typing import Any

import yaml

from flows.profile import AppProfile
from flows.recorded.judge import judge_plan
from flows.recorded.plan import PlanError, read_plan
from models.values.refused import Problem, Refused
from workers.policy.recorder.walked import Walked

VERSION = "0.1"
HEAD = "# The steps of a recorded flow, in their order: docs/recorded-flow.md has every step and its fields.\n"


def steps_of(walked: Walked, heading: str, profile: AppProfile) -> str:
    """Returns the text of steps.yaml. Raises Refused when the steps bring nothing or may act."""
    typed = walked.typed
    assert typed is not None
    data: dict[str, Any] = {"heading": heading, "version": VERSION}
    parameters = {
        name: {"kind": "text"} if one.kind == "text" else {"kind": one.kind, "usual": one.usual, "most": one.most}
        for name, one in typed.used().items()
    }
    data |= {"parameters": parameters} if parameters else {}
    data["steps"] = typed.finished()
    text = HEAD + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120)
    try:
        mistakes = judge_plan(read_plan(text), profile)
    except PlanError as error:
        mistakes = error.mistakes
    if mistakes:
        raise Refused([Problem(".".join(map(str, one.where)), one.reason, one.remedy) for one in mistakes])
    return text
