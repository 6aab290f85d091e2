"""The base of flows: a flow carries out one kind of task, with its parameters, its result and its columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from flows.session import ActionKind, Session


class Params(BaseModel):
    """A flow's parameters. Unknown names are refused; checked values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Result(BaseModel):
    """A flow's result, stored as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result sheet: its key in a result row and its Chinese heading."""

    key: str
    heading: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits in seconds: at `soft` the flow ends with a failure, at `hard` its worker is killed."""

    soft: int
    hard: int


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)


class Flow(ABC, Generic[P, R]):
    """Carries out one kind of task. One file per flow; instances have no state."""

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
    priority: ClassVar[int] = 6  # 0 urgent, 3 high, 6 normal, 9 low
    limits: ClassVar[Limits] = Limits(soft=600, hard=660)

    def rows(self, params: P, result: R) -> list[dict[str, Any]]:
        """Returns the result as rows of its sheet, with the keys of `columns`; by default one row with the result."""
        return [result.model_dump(mode="json")]

    @abstractmethod
    def run(self, session: Session, params: P) -> R:
        """Carries out the flow. Raises FlowFailure; Stopped when the task must stop."""
