"""Finds flow packages: installed ones by their entry point, others in the folders that PHONEFLEET_FLOWS names.

Finding imports no package; `flows.packages.load` does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from flows.packages.apart import import_apart

GROUP = "phonefleet.flows"  # of entry points
VARIABLE = "PHONEFLEET_FLOWS"
MANIFEST = "manifest.py"


@dataclass(frozen=True, slots=True)
class PackageProblem:
    """A package, or a part of it, that cannot be used: the part, the reason and the remedy."""

    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Found:
    """A package that was found: its flow's name, its module, and its source for people.

    `folder`: the folder that holds the module; None for an installed one, which Python finds itself. `own_module`: the
    module's name in the folder, where it is imported under another one, beside another version.
    """

    name: str
    module: str
    source: str
    folder: Path | None = None
    own_module: str = ""


def folders_of(text: str) -> tuple[Path, ...]:
    """Returns the folders that the setting's text lists, separated by commas."""
    return tuple(Path(part.strip()).expanduser().absolute() for part in text.split(",") if part.strip())


def find(folders: Sequence[Path]) -> tuple[list[Found], list[PackageProblem]]:
    """Returns the packages of these folders and the installed ones, and what is wrong with the folders."""
    found: list[Found] = []
    problems: list[PackageProblem] = []
    for folder in folders:
        here = [_in_folder(one) for one in packages_in(folder)]
        found.extend(here)
        if not here:
            reason = f"{folder} holds no flow package" if folder.is_dir() else f"there is no folder {folder}"
            remedy = "name a folder that phonefleet flow new made, or one that holds such folders"
            problems.append(PackageProblem(VARIABLE, reason, remedy))
    found.extend(_installed())
    return found, problems


def packages_in(folder: Path) -> Iterator[Path]:
    """Yields the folder itself if it is a package's, else those of its children that are."""
    if is_package(folder):
        yield folder
    elif folder.is_dir():
        yield from (child for child in sorted(folder.iterdir()) if is_package(child))


def is_package(folder: Path) -> bool:
    """Returns whether the folder is laid out as `phonefleet flow new` lays one out: NAME/NAME/manifest.py."""
    return (folder / folder.name / MANIFEST).is_file()


def _in_folder(folder: Path) -> Found:
    return Found(folder.name, folder.name, f"folder {folder}", folder)


def _installed() -> Iterator[Found]:
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        yield Found(point.name, point.module, f"{_distribution(point)}, installed")


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def apart(found: Sequence[Found]) -> list[Found]:
    """Returns packages of one flow in this order, so that one process can import them all.

    One keeps its module's name: an installed one, which Python finds by it, else the first. The other folders get a
    second name.
    """
    plain = next((one for one in found if one.folder is None), found[0])
    return [
        one if one is plain or one.folder is None else replace(one, module=f"{one.module}__{at}", own_module=one.module)
        for at, one in enumerate(found)
    ]


def reach(found: Found) -> None:
    """Has Python find the package's module. A module of another package with this name is found first."""
    if found.own_module and found.folder is not None:
        import_apart(found.module, found.own_module, found.folder)
    elif found.folder is not None and str(found.folder) not in sys.path:
        sys.path.append(str(found.folder))
