"""Checks a flow package: its files, its manifest, its profile, and its code. Imports nothing of it in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from flows.packages.find import is_package
from flows.packages.load import PROFILE
from flows.profile import ProfileError, load_profile
from flows.recorded.judge import judge_plan
from flows.recorded.plan import FILE as STEPS
from flows.recorded.plan import PlanError, load_plan
from models.values.refused import refuse
from scripts.commands.flow_packages.judge_code import Finding, judge_code, line_of, steps_in, used_steps
from workers.host.usable_packages import UNREAD, used_packages

MOST_REASON = 300  # characters
ACCOUNT = "account"  # the step of flows.identify.check_account


def package_in(folder: Path) -> Path:
    """Returns the absolute folder of a package. Raises Refused for any other folder."""
    whole = folder.absolute()
    if not is_package(whole):
        remedy = "name a folder that phonefleet flow new made"
        raise refuse("FOLDER", f"{folder} is no flow package: it has no {whole.name}/manifest.py", remedy)
    return whole


def check(folder: Path) -> list[Finding]:
    """Returns the mistakes of a package, by file and line."""
    inner = folder / folder.name
    sources = {path.name: path.read_text("utf-8", errors="replace") for path in sorted(inner.glob("*.py"))}
    profile = [*_profile(inner)]
    found = [*_files(folder), *_code(folder, sources), *profile, *_recorded(inner)]
    if not any(one.file.endswith(STEPS) for one in found) and not any(
        one.reason.startswith("it is no Python") for one in found
    ):
        told = _manifest(folder, sources)
        found.extend(one for one in told if not (profile and "ProfileError" in one.reason))  # told with its own line
    return sorted(found, key=lambda one: (one.file, one.line))


def _files(folder: Path) -> Iterator[Finding]:
    inner = folder / folder.name
    if not (inner / "flow.py").is_file():
        yield Finding(f"{folder.name}/flow.py", 1, "it is missing", "write the flow, with FLOW = YourFlow() at its end")
    project = folder / "pyproject.toml"
    if not project.is_file() or "phonefleet.flows" not in project.read_text("utf-8", errors="replace"):
        remedy = f'add [project.entry-points."phonefleet.flows"] with {folder.name} = "{folder.name}"'
        yield Finding("pyproject.toml", 1, "the wheel would have no entry point", remedy)


def _code(folder: Path, sources: dict[str, str]) -> Iterator[Finding]:
    line, steps = steps_in(sources["manifest.py"])
    used: set[str] = {ACCOUNT} if "check_account" in "".join(sources.values()) else set()
    for name, source in sources.items():
        yield from judge_code(f"{folder.name}/{name}", source, steps)
        used |= used_steps(source)
    for step in steps:
        if step not in used:
            remedy = f'write with session.watch.step("{step}"): around its code, or take it out'
            yield Finding(f"{folder.name}/manifest.py", line, f"no code begins the step {step!r}", remedy)


def _profile(inner: Path) -> Iterator[Finding]:
    if not (inner / PROFILE).is_file():
        return
    try:
        load_profile(str(inner / PROFILE), only_read=True)
    except ProfileError as error:
        for line, reason in _faults(error, (inner / PROFILE).read_text("utf-8", errors="replace")):
            yield Finding(
                f"{inner.name}/{PROFILE}", line, " ".join(reason.split())[:MOST_REASON], "correct the profile"
            )


def _recorded(inner: Path) -> Iterator[Finding]:
    """Yields the mistakes of a recorded flow's steps."""
    if not (inner / STEPS).is_file():
        return
    try:
        mistakes = judge_plan(load_plan(inner), load_profile(str(inner / PROFILE), only_read=True))
    except PlanError as error:
        mistakes = error.mistakes
    except ProfileError:  # told with its own line
        return
    text = (inner / STEPS).read_text("utf-8", errors="replace")
    for one in mistakes:
        where = f"{'.'.join(map(str, one.where))}: " if one.where else ""
        yield Finding(f"{inner.name}/{STEPS}", line_of_field(text, one.where), f"{where}{one.reason}", one.remedy)


def line_of_field(text: str, where: Sequence[str | int]) -> int:
    """Returns the line of a field in a YAML text, or of the nearest one around it; 1 if the text is none."""
    try:
        node = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        return error.problem_mark.line + 1 if error.problem_mark is not None else 1
    line = 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _faults(error: ProfileError, text: str) -> Iterator[tuple[int, str]]:
    """Yields the line and the reason of each fault of a profile, as YAML or Pydantic told it."""
    cause = error.__cause__
    if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark is not None:
        yield cause.problem_mark.line + 1, f"it is no YAML: {cause.problem}"
    elif isinstance(cause, ValidationError):
        for one in cause.errors(include_url=False, include_input=False):
            yield line_of_field(text, one["loc"]), f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
    else:
        yield 1, str(error)


def _manifest(folder: Path, sources: dict[str, str]) -> Iterator[Finding]:
    """Yields what the loader says of the package, in a process of its own."""
    names, problems = used_packages([folder], os.environ)
    for one in problems:
        name, _, field = one.field.partition(": ")
        if name == UNREAD:  # its import took too long, or ended Python
            yield Finding(f"{folder.name}/manifest.py", 1, one.reason, "do nothing but define what the flow is")
        if name != folder.name:
            continue
        file = "flow.py" if f"{folder.name}.flow" in one.reason or "flow.py" in one.reason else "manifest.py"
        line = line_of(sources["manifest.py"], field) if field else 1
        if "profile cannot be used" not in one.reason:  # told with its own line
            yield Finding(f"{folder.name}/{file}", line, one.reason, one.remedy)
    if not problems and folder.name not in names:
        yield Finding(f"{folder.name}/manifest.py", 1, "the loader does not find it", "rename it")
