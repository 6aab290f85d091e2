"""Writes a recorded flow: a package as `phonefleet flow new` makes one, with the steps in place of Python code."""

from __future__ import annotations

from pathlib import Path

from flows.packages.recording import dump_of
from flows.recorded.plan import FILE
from scripts.commands.flow_packages.new import SCREENS, folder_for, lay_out
from workers.policy.recorder.walked import Walked

PAGES = "pages"  # the folder of the recorded screens


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
