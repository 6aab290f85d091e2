"""Loads the code of flow packages, with what drives a phone: only who runs flows needs it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows.flow import Flow
from flows.packages.find import PackageProblem
from flows.packages.load import Package, Packages, import_part
from flows.profile import AppProfile, ProfileError, load_profile

log = logging.getLogger("phonefleet.flows")


@dataclass(frozen=True, slots=True)
class Code:
    """The flows of packages and the app profiles that they bring, by flow, and the problems of those that fail.

    `flows`, `profiles`: of each flow the oldest version; `of_version`: each version's own, by name and version.
    """

    flows: dict[str, Flow[Any, Any]] = field(default_factory=dict)
    profiles: dict[str, AppProfile] = field(default_factory=dict)
    problems: Sequence[PackageProblem] = ()
    of_version: dict[tuple[str, str], tuple[Flow[Any, Any], AppProfile | None]] = field(default_factory=dict)


def code_of(packages: Packages) -> Code:
    """Imports the flow of each package. One that cannot be used is logged as a problem and stops no other."""
    code = Code()
    problems: list[PackageProblem] = []
    for name, versions in packages.versions.items():
        for version, package in versions.items():
            flow, profile, fault = flow_of(package)
            if flow is None:
                problems.extend([fault] if fault else [])
                continue
            code.of_version[name, version] = flow, profile
            if name not in code.flows:
                code.flows[name] = flow
                code.profiles.update({} if profile is None else {name: profile})
    for one in (*packages.problems, *problems):
        log.warning("flow package: %s: %s; %s", one.field, one.reason, one.remedy)
    return replace(code, problems=tuple(problems))


def flow_of(package: Package) -> tuple[Flow[Any, Any] | None, AppProfile | None, PackageProblem | None]:
    """Imports one package's flow. Returns the flow and the profile that it brings, or what is wrong."""
    name = package.spec.name
    module, fault = import_part(package.found, "flow")
    if module is None:
        return None, None, fault
    flow = getattr(module, "FLOW", None)
    if not isinstance(flow, Flow) or type(package.spec) not in type(flow).__mro__:
        reason = f"flow.py of {package.found.source} has no FLOW that is a Flow of its manifest's spec"
        remedy = f"write FLOW = YourFlow() at its end, where YourFlow derives {type(package.spec).__name__} and Flow"
        return None, None, PackageProblem(name, reason, remedy)
    if package.profile is None:
        return flow, None, None
    try:
        return flow, load_profile(str(package.profile), only_read=True), None
    except ProfileError as error:
        said = " ".join(str(error).split())[:300]
        return None, None, PackageProblem(name, f"its profile cannot be used: {said}", "correct profile.yaml")
