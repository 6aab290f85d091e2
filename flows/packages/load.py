"""Loads the manifests of flow packages. One that cannot be used becomes a problem and stops no other."""

from __future__ import annotations

import importlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from flows.packages.find import VARIABLE, Found, PackageProblem, find, folders_of, reach
from flows.packages.judge_manifest import judge_manifest
from flows.specs.flow_spec import FlowSpec

MOST_REASON = 300  # characters
PROFILE = "profile.yaml"
Spec = FlowSpec[Any, Any]


@dataclass(frozen=True, slots=True)
class Package:
    """A flow package in use: where it was found, its spec, and its app profile's file (None: the fleet's profile)."""

    found: Found
    spec: Spec
    profile: Path | None


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages in use, by the name of their flow, and the problems of those that are not."""

    used: Mapping[str, Package] = field(default_factory=dict)
    problems: Sequence[PackageProblem] = ()

    @property
    def specs(self) -> dict[str, Spec]:
        """Returns the specs of the packages in use, by name."""
        return {name: one.spec for name, one in self.used.items()}


def packages_beside(ours: Collection[str]) -> Packages:
    """Returns the packages of this process's environment, beside phonefleet's own flows. Imports their manifests."""
    return load(*find(folders_of(os.environ.get(VARIABLE, ""))), ours=ours)


def load(found: Sequence[Found], problems: Sequence[PackageProblem], *, ours: Collection[str]) -> Packages:
    """Loads these packages. Of two with one name the first is used; none may have a name of `ours`."""
    used: dict[str, Package] = {}
    wrong = list(problems)
    for one in found:
        taken = "phonefleet itself" if one.name in ours else used[one.name].found.source if one.name in used else ""
        if taken:
            reason = f"the flow {one.name} of {one.source} is not used: {taken} has one of this name"
            wrong.append(PackageProblem(one.name, reason, "remove one of the two, or rename it"))
            continue
        package, faults = load_one(one)
        wrong.extend(faults)
        if package is not None:
            used[one.name] = package
    return Packages(used, tuple(wrong))


def load_one(found: Found) -> tuple[Package | None, Sequence[PackageProblem]]:
    """Loads one package's manifest. Returns the package, or what is wrong with it."""
    reach(found)
    module, fault = import_part(found, "manifest")
    if module is None:
        return None, [fault] if fault else []
    spec = getattr(module, "SPEC", None)
    profile = _profile_of(module)
    faults = judge_manifest(found.name, spec, own_app=profile is not None)
    told = [PackageProblem(f"{found.name}: {one.field}", one.reason, one.remedy) for one in faults]
    return (None, told) if told or not isinstance(spec, FlowSpec) else (Package(found, spec, profile), [])


def import_part(found: Found, part: str) -> tuple[ModuleType | None, PackageProblem | None]:
    """Imports a part of a package: manifest or flow. Returns it, or what is wrong with it."""
    name = f"{found.module}.{part}"
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a package may raise anything
        said = " ".join(f"{type(error).__name__}: {error}".split())[:MOST_REASON]
        reason = f"{name} of {found.source} cannot be imported: {said}"
        return None, PackageProblem(found.name, reason, f"mend {part}.py, or install what it imports")
    file = Path(module.__file__ or "")
    if found.folder is not None and found.folder.resolve() not in file.resolve().parents:
        reason = f"Python finds another module {found.module} first: {file}"
        return None, PackageProblem(found.name, reason, "rename the package, or uninstall the other one")
    return module, None


def _profile_of(manifest: ModuleType) -> Path | None:
    file = Path(manifest.__file__ or "").parent / PROFILE
    return file if file.is_file() else None
