"""Loads the manifests of flow packages. One that cannot be used becomes a problem and stops no other."""

from __future__ import annotations

import importlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from flows.packages.find import VARIABLE, Found, PackageProblem, apart, find, folders_of, reach
from flows.packages.judge_manifest import VERSION, judge_manifest
from flows.specs.flow_spec import FlowSpec

MOST_REASON = 300  # characters
MOST_VERSIONS = 4  # of one flow, side by side
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
    """The packages in use, by the name of their flow and their version, and the problems of those that are not.

    `used`: of each flow the oldest version, whose parameters and columns the fleet shows.
    """

    used: Mapping[str, Package] = field(default_factory=dict)
    problems: Sequence[PackageProblem] = ()
    versions: Mapping[str, Mapping[str, Package]] = field(default_factory=dict)  # oldest first

    @property
    def specs(self) -> dict[str, Spec]:
        """Returns the specs of the packages in use, by name: of each flow the oldest."""
        return {name: one.spec for name, one in self.used.items()}


def packages_beside(ours: Collection[str]) -> Packages:
    """Returns the packages of this process's environment, beside phonefleet's own flows. Imports their manifests."""
    return load(*find(folders_of(os.environ.get(VARIABLE, ""))), ours=ours)


def load(found: Sequence[Found], problems: Sequence[PackageProblem], *, ours: Collection[str]) -> Packages:
    """Loads these packages, several versions of one flow among them. None may have a name of `ours`."""
    versions: dict[str, Mapping[str, Package]] = {}
    wrong = list(problems)
    by_name: dict[str, list[Found]] = {}
    for one in found:
        if one.name in ours:
            wrong.append(_twice(one, "phonefleet itself has one of this name"))
        else:
            by_name.setdefault(one.name, []).append(one)
    for name, several in by_name.items():
        loaded, faults = _load_versions(several)
        wrong.extend(faults)
        if loaded:
            versions[name] = loaded
    return Packages({name: next(iter(each.values())) for name, each in versions.items()}, tuple(wrong), versions)


def _load_versions(found: Sequence[Found]) -> tuple[dict[str, Package], list[PackageProblem]]:
    """Loads the packages of one flow. Returns them by version, oldest first; of two with one version the first."""
    loaded: dict[str, Package] = {}
    wrong: list[PackageProblem] = []
    for one in found if len(found) == 1 else apart(found):
        package, faults = load_one(one)
        wrong.extend(faults)
        if package is None:
            continue
        version = package.spec.version
        if version in loaded:
            wrong.append(_twice(one, f"{loaded[version].found.source} has version {version} of it"))
        elif len(loaded) == MOST_VERSIONS:
            wrong.append(_twice(one, f"there are {MOST_VERSIONS} other versions of it, which is the most"))
        else:
            loaded[version] = package
    return {version: loaded[version] for version in sorted(loaded, key=version_order)}, wrong


def _twice(one: Found, why: str) -> PackageProblem:
    reason = f"the flow {one.name} of {one.source} is not used: {why}"
    return PackageProblem(one.name, reason, "remove one of the two, rename it, or give it another version")


def version_order(version: str) -> tuple[int, ...]:
    """Returns a key that sorts versions, as 1.9 before 1.10; text that is no version comes first."""
    return tuple(int(part) for part in version.split(".")) if VERSION.fullmatch(version) else ()


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
