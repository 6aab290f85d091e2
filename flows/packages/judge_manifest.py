"""Judges a manifest: whether a flow's spec says all that the fleet needs to know. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flows.action import ActionKind
from flows.packages.find import PackageProblem
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits

NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")
VERSION = re.compile(r"[0-9]+(\.[0-9]+){1,2}")
IDENTIFIER = re.compile(r"[A-Z][A-Z0-9_]{2,79}")
MOST_HEADING = 40  # characters of a heading, and of a step's name
MOST_COLUMNS = 60
LONGEST = 86_400  # seconds


def judge_manifest(name: str, spec: object, *, own_app: bool) -> list[PackageProblem]:
    """Returns what is wrong with the spec of the flow `name`. `own_app`: the package has an app profile."""
    if not isinstance(spec, FlowSpec):
        remedy = "write SPEC = YourSpec() at the end of manifest.py; YourSpec is a flows.specs.flow_spec.FlowSpec"
        return [PackageProblem("SPEC", "manifest.py has no SPEC that is a FlowSpec", remedy)]
    missing = [one for one in NEEDED if not hasattr(spec, one)]
    if missing:
        return [PackageProblem(one, "the manifest does not say it", f"add {one} to the spec") for one in missing]
    return [*_names(name, spec), *_models(spec), *_columns(spec), *_running(spec), *_acts(spec, own_app)]


NEEDED = ("name", "heading", "version", "result_title", "params_model", "result_model", "columns", "steps")


def _names(name: str, spec: Any) -> Iterator[PackageProblem]:
    if spec.name != name:
        yield PackageProblem("name", f"it is {spec.name!r}, and the package is found as {name!r}", "give both one name")
    elif not NAME.fullmatch(name):
        yield PackageProblem("name", f"{name!r} names no flow", "take 3 to 40 of a-z, 0-9 and _, a letter first")
    if not _is_text(spec.heading):
        yield PackageProblem("heading", f"{spec.heading!r} is no heading", f"write 1 to {MOST_HEADING} characters")
    if not isinstance(spec.version, str) or not VERSION.fullmatch(spec.version):
        yield PackageProblem("version", f"{spec.version!r} is no version", "write e.g. 1.0")
    if not isinstance(spec.result_title, str) or not IDENTIFIER.fullmatch(spec.result_title):
        remedy = "write capitals, digits and _, e.g. ARTICLE_COLLECT_TASK_RESULT_DATA_TITLE"
        yield PackageProblem("result_title", f"{spec.result_title!r} is no identifier", remedy)


def _models(spec: Any) -> Iterator[PackageProblem]:
    for field, base in (("params_model", Params), ("result_model", Result)):
        model = getattr(spec, field)
        if not (isinstance(model, type) and issubclass(model, base)):
            remedy = f"derive it from flows.specs.flow_spec.{base.__name__}"
            yield PackageProblem(field, f"{model!r} is not derived from {base.__name__}", remedy)
            continue
        try:
            model.model_json_schema()
        except Exception as error:  # noqa: BLE001 - pydantic raises many kinds
            said = f"it has no JSON Schema: {type(error).__name__}: {error}"[:200]
            yield PackageProblem(field, said, "take types that JSON knows: text, numbers, lists, other models")


def _columns(spec: Any) -> Iterator[PackageProblem]:
    columns = spec.columns
    if not isinstance(columns, tuple) or not all(isinstance(one, Column) for one in columns):
        yield PackageProblem("columns", "they are no tuple of Column", 'write e.g. (Column("title", "标题", "title"),)')
        return
    if not 0 < len(columns) <= MOST_COLUMNS:
        yield PackageProblem("columns", f"the sheet has {len(columns)} columns", f"name 1 to {MOST_COLUMNS}")
    keys = [one.key for one in columns]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield PackageProblem("columns", f"two have the key {key!r}", "give each a key of its own")
    for one in columns:
        if not one.key.isidentifier() or not _is_text(one.heading) or not _is_text(one.english):
            remedy = f"a key is an identifier; a heading has 1 to {MOST_HEADING} characters"
            yield PackageProblem("columns", f"{one!r} cannot head a sheet", remedy)


def _running(spec: Any) -> Iterator[PackageProblem]:
    limits, steps = spec.limits, spec.steps
    if not isinstance(limits, Limits) or not 0 < limits.soft < limits.hard <= LONGEST:
        remedy = f"write e.g. Limits(soft=600, hard=660): soft below hard, {LONGEST} s at most"
        yield PackageProblem("limits", f"{limits!r} cannot limit a task", remedy)
    if not isinstance(steps, tuple) or not steps or not all(_is_text(one) for one in steps):
        yield PackageProblem("steps", f"{steps!r} names no steps", 'write e.g. ("list", "articles")')
    if spec.priority not in range(10):
        yield PackageProblem("priority", f"{spec.priority!r} is no priority", "take 0 to 9; 6 is normal")
    if spec.runs_on not in ("account", "pool"):
        yield PackageProblem("runs_on", f"{spec.runs_on!r} is no routing", "take pool or account")
    fields = getattr(spec.params_model, "model_fields", {})
    for one in sorted(set(spec.usual) - set(fields)):
        yield PackageProblem("usual", f"there is no parameter {one!r}", "name parameters that are counts or loops")


def _acts(spec: Any, own_app: bool) -> Iterator[PackageProblem]:
    if not isinstance(spec.acts, frozenset) or not all(isinstance(one, ActionKind) for one in spec.acts):
        remedy = f"write a frozenset of ActionKind: {', '.join(sorted(ActionKind.__members__))}; they have caps"
        yield PackageProblem("acts", f"{spec.acts!r} are no kinds of action", remedy)
    elif spec.acts and own_app:
        remedy = "leave acts empty; an act needs code that verifies it in this app (docs/decisions/flow-packages.md)"
        yield PackageProblem("acts", "a flow on an app of its own may only read", remedy)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) == len(value) <= MOST_HEADING
