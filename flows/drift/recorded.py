"""The recorded screens of a profile: hierarchy dumps in a folder, on which its selectors worked."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from flows.drift.propose import labelled
from flows.profile import AppProfile
from flows.screen import Screen, ScreenError

MOST = 400  # screens of a folder that are read
SUFFIX = ".screens"


def screens_folder(name_or_path: str) -> Path:
    """Returns the folder of a profile's recorded screens: beside it, with its name and `.screens`."""
    if name_or_path.endswith((".yaml", ".yml")):
        return Path(name_or_path).with_suffix(SUFFIX)
    return Path(str(resources.files("flows") / "profiles" / f"{name_or_path}{SUFFIX}"))


def read_screens(profile: AppProfile, folder: Path) -> dict[str, list[Screen]]:
    """Returns the screens of this folder and those below, by page. A file that is no dump of a page is left out."""
    screens: list[Screen] = []
    for path in sorted(folder.rglob("*.xml"))[:MOST] if folder.is_dir() else []:
        try:
            screens.append(Screen.parse(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, ScreenError):
            continue
    known = [screen for screen in screens if profile.page_of(profile.own(screen)) is not None]
    return labelled(profile, {}, known)
