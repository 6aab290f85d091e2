"""Writes a recorded flow: a package as `phonefleet flow new` makes one, with the steps in place of Python code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from flows.packages.recording import dump_of
from flows.profile import AppProfile
from flows.recorded.judge import judge_plan
from flows.recorded.plan import FILE, PlanError, read_plan
from models.values.refused import Problem, Refused
from scripts.commands.flow_packages.new import SCREENS, folder_for, lay_out
from scripts.commands.profiles.walked import Walked

PAGES = "pages"  # the folder of the recorded screens
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


def write_flow(walked: Walked, name: str, into: Path, profile: str, steps: str) -> Path:
    """Writes the package into a new folder below `into`. Returns the folder. Raises Refused and OSError."""
    folder = folder_for(name, into)
    inner = lay_out(folder, name, recorded=True)
    (inner / "profile.yaml").write_text(profile, encoding="utf-8")
    (inner / FILE).write_text(steps, encoding="utf-8")
    pages = folder / SCREENS / PAGES
    pages.mkdir(parents=True)
    for page, screens in walked.screens.items():
        for number, screen in enumerate(screens, 1):
            (pages / f"{page}_{number}.xml").write_text(dump_of(screen), encoding="utf-8")
    return folder
