"""The spec of a recorded flow, made of its steps: what its `manifest.py` calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field, create_model

from flows.checks import Name
from flows.profile import load_profile
from flows.recorded.judge import judge_plan
from flows.recorded.plan import Parameter, Plan, PlanError, load_plan
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits

PROFILE = "profile.yaml"
GRACE = 60  # seconds from the soft to the hard limit
Value = str | int | None


class RecordedResult(Result):
    """The rows in their order. `ended`: the list has no more. `gaps`: places where rows may be missing."""

    rows: tuple[dict[str, Value], ...]
    got: int
    ended: bool
    gaps: int = 0


class RecordedSpec(FlowSpec[Any, RecordedResult]):
    """The spec of a recorded flow. It only reads: `acts` stays empty."""

    plan: ClassVar[Plan]

    def rows(self, params: Any, result: RecordedResult) -> list[dict[str, Any]]:
        """Returns the rows of the sheet."""
        return [dict(one) for one in result.rows]

    def rows_so_far(self, params: Any, details: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns the rows that were read before the failure."""
        return [dict(one) for one in details.get("rows", ())]


def recorded_spec(manifest: str) -> RecordedSpec:
    """Returns the spec of the package of this manifest, whose steps and profile lie beside it.

    Raises PlanError for steps that cannot be used or that may act, and ProfileError.
    """
    folder = Path(manifest).parent
    plan = load_plan(folder)
    mistakes = judge_plan(plan, load_profile(str(folder / PROFILE), only_read=True))
    if mistakes:
        raise PlanError(mistakes)
    return spec_of(folder.name, plan)


def spec_of(name: str, plan: Plan) -> RecordedSpec:
    """Returns the spec of these steps, for a flow of this name."""
    heads = {
        key: Column(key, one.heading, "moment" if one.kind == "moment" else "plain")
        for key, one in plan.columns.items()
    }
    said: dict[str, Any] = {
        "__doc__": f"A recorded flow: {plan.heading}.",
        "plan": plan,
        "name": name,
        "heading": plan.heading,
        "version": plan.version,
        "result_title": f"{name.upper()}_TASK_RESULT_DATA_TITLE",
        "params_model": params_of(name, plan.parameters),
        "result_model": RecordedResult,
        "columns": (*heads.values(),),
        "steps": plan.names,
        "limits": Limits(soft=plan.seconds, hard=plan.seconds + GRACE),
        "usual": MappingProxyType({key: one.usual for key, one in plan.parameters.items() if one.kind == "count"}),
    }
    spec: RecordedSpec = type("Recorded", (RecordedSpec,), said)()
    return spec


def params_of(name: str, parameters: Mapping[str, Parameter]) -> type[Params]:
    """Returns the model of the parameters."""
    fields: dict[str, Any] = {
        key: (int, Field(default=one.usual, ge=1, le=one.most)) if one.kind == "count" else (Name, ...)
        for key, one in parameters.items()
    }
    return create_model(f"{name}_params", __base__=Params, **fields)
