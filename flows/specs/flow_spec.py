"""The base of the flows' specs: a flow's name, parameters, result, columns and limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from flows.action import ActionKind
from flows.specs.limits import Limits


class Params(BaseModel):
    """A flow's parameters. Unknown names are refused; checked values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False, defer_build=True)


class Result(BaseModel):
    """A flow's result, stored as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result sheet: its key in a result row and its Chinese heading.

    The values of a `moment` are times in ISO 8601, or None; sheets show them as dates. `english_heading`: empty for the
    words of the key.
    """

    key: str
    heading: str
    kind: Literal["plain", "moment"] = "plain"
    english_heading: str = ""

    @property
    def english(self) -> str:
        """Returns the English heading."""
        return self.english_heading or self.key.replace("_", " ")


def check_given(model: type[M], given: Mapping[str, Any]) -> M:
    """Returns the parameters that somebody gives, which are JSON. Raises ValidationError.

    Nothing is taken for what it is not: `true`, "2" and 1.0 are no whole numbers, and "yes" is not true. Python's own
    values know no JSON, so a strict model would refuse a list for a tuple and a text for a time: it reads JSON here.
    What the ledger keeps is read by `model_validate` instead, because an earlier release may have taken it.
    """
    return model.model_validate_json(json.dumps(given), strict=True)


def as_read(model: type[BaseModel], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Returns parameters that the ledger keeps as a task reads them, to give them again; bad ones as they are."""
    try:
        read = model.model_validate(dict(kept)).model_dump(mode="json")
    except ValidationError:
        return dict(kept)
    return {name: read.get(name, value) for name, value in kept.items()}


P = TypeVar("P", bound=Params)
M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=Result)


class FlowSpec(Generic[P, R]):
    """Declares one kind of task. Instances have no state."""

    name: ClassVar[str]
    heading: ClassVar[str]  # the operator's own term, e.g. 养号
    version: ClassVar[str]
    result_title: ClassVar[str]  # the operator's identifier, e.g. YANGHAO_TASK_RESULT_DATA_TITLE
    params_model: ClassVar[type[Params]]
    result_model: ClassVar[type[Result]]
    columns: ClassVar[tuple[Column, ...]]
    steps: ClassVar[tuple[str, ...]]
    acts: ClassVar[frozenset[ActionKind]] = frozenset()  # empty: the flow only reads
    runs_on: ClassVar[Literal["account", "pool"]] = "pool"
    needs_approval: ClassVar[bool] = False  # each task waits until a named person approved its one act
    priority: ClassVar[int] = 6  # 0 urgent, 3 high, 6 normal, 9 low
    limits: ClassVar[Limits] = Limits(soft=600, hard=660)
    # every count and loop among the parameters, with the most that the limits are meant for: a task that asks for
    # more, and runs out of time, says nothing about the phone or the content
    usual: ClassVar[Mapping[str, int]] = MappingProxyType({})

    def rows(self, params: P, result: R) -> list[dict[str, Any]]:
        """Returns the result as rows of its sheet, with the keys of `columns`; by default one row with the result."""
        return [result.model_dump(mode="json")]

    def rows_so_far(self, params: P, details: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns what a failed attempt had brought, from the details of its failure, as rows; by default none."""
        return []
