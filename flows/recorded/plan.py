"""The steps of a recorded flow as data: `steps.yaml` of its package. Every loop that a step makes has a bound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FILE = "steps.yaml"
MOST_STEPS, MOST_COLUMNS, MOST_PARAMETERS = 40, 40, 20
MOST_ROWS = 500  # that a step reads or looks at
MOST_SWIPES = 50
MOST_BYTES = 200_000

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
# the bound beside the pattern: within it, the pattern of each use takes 30 ms to compile
Word = Annotated[str, Field(pattern=r"^\w+$", max_length=60)]  # a page or a part of the profile
Heading = Annotated[str, Field(min_length=1, max_length=40)]
Rows = Annotated[int, Field(ge=1, le=MOST_ROWS)]


class PlanError(ValueError):
    """Steps that cannot be used. `mistakes`: where in the file, the reason and the remedy of each."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, one.where))}: {one.reason}" for one in mistakes))
        self.mistakes = mistakes


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mistake(_Data):
    """A mistake in the steps: its place as names and numbers, the reason and the remedy."""

    where: tuple[str | int, ...]
    reason: str
    remedy: str


class Parameter(_Data):
    """What a task gives: a text, or a count with its usual value and the most that is allowed."""

    kind: Literal["text", "count"] = "text"
    usual: int = Field(default=20, ge=1, le=MOST_ROWS)
    most: Rows = 200

    @model_validator(mode="after")
    def _usual_fits(self) -> Self:
        if self.usual > self.most:
            raise ValueError(f"usual is {self.usual}, and the most is {self.most}")
        return self


class Column(_Data):
    """A column of the result: the part that has its value, and what the value is.

    `id`: what stands after a colon, as in 微信号：gh_1. `count`: a number such as 1.2万. `moment`: a time, in ISO 8601.
    """

    part: Word
    heading: Heading
    kind: Literal["text", "id", "count", "moment"] = "text"


class Open(_Data):
    """Starts the app anew, at its first page."""

    do: Literal["open"]
    to: Word


class _OnPage(_Data):
    page: Word


class Tap(_OnPage):
    """Taps a part of a page, which opens another page."""

    do: Literal["tap"]
    part: Word
    to: Word


class Find(_OnPage):
    """Walks down the list of a page to the row whose part is the parameter's value, and opens it."""

    do: Literal["find"]
    part: Word
    equals: Name
    to: Word
    most: Rows = 200


class Type(_OnPage):
    """Writes a parameter's value into an input field. What is written is sent nowhere by this."""

    do: Literal["type"]
    part: Word
    text: Name


class Swipe(_OnPage):
    """Swipes up until a part is on the screen."""

    do: Literal["swipe"]
    until: Word
    most: Annotated[int, Field(ge=1, le=MOST_SWIPES)] = 10


class Read(_OnPage):
    """Reads parts of a page into columns, for every row of the result."""

    do: Literal["read"]
    columns: dict[Name, Column] = Field(min_length=1)


class ReadList(_OnPage):
    """Reads the rows of a page's list into columns, as many as the parameter says."""

    do: Literal["list"]
    most: Name
    columns: dict[Name, Column] = Field(min_length=1)


class Back(_OnPage):
    """Goes back to the page before."""

    do: Literal["back"]
    to: Word


Step = Annotated[Open | Tap | Find | Type | Swipe | Read | ReadList | Back, Field(discriminator="do")]


class Plan(_Data):
    """A recorded flow: what it is called, what it takes, and its steps in their order. It only reads."""

    heading: Heading
    version: str = Field(pattern=r"^[0-9]+(\.[0-9]+){1,2}$")
    parameters: dict[Name, Parameter] = Field(default_factory=dict, max_length=MOST_PARAMETERS)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)
    seconds: int = Field(default=600, ge=30, le=7200)  # that it may take

    @property
    def names(self) -> tuple[str, ...]:
        """Returns a name for each step, as logs and evidence show it."""
        return tuple(f"{place}_{one.do}" for place, one in enumerate(self.steps, 1))

    @property
    def columns(self) -> dict[str, Column]:
        """Returns the result's columns in the order in which they are read."""
        return {
            name: one for step in self.steps if isinstance(step, Read | ReadList) for name, one in step.columns.items()
        }


def read_plan(text: str) -> Plan:
    """Reads the steps from YAML text. Raises PlanError."""
    if len(text.encode()) > MOST_BYTES:
        raise PlanError([Mistake(where=(), reason=f"it has more than {MOST_BYTES} bytes", remedy="take steps out")])
    try:
        data: Any = yaml.load(text, yaml.CSafeLoader)
        return Plan.model_validate(data)
    except yaml.YAMLError as error:
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        raise PlanError([Mistake(where=(), reason=f"it is no YAML: {said}", remedy="correct the syntax")]) from error
    except ValidationError as error:
        raise PlanError([_of(one) for one in error.errors(include_url=False, include_input=False)]) from error


def load_plan(folder: Path) -> Plan:
    """Reads the steps of the package whose manifest lies in this folder. Raises PlanError."""
    try:
        return read_plan((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        said = f"it cannot be read: {error}"
        raise PlanError([Mistake(where=(), reason=said, remedy=f"put {FILE} beside manifest.py")]) from error


def _of(error: Any) -> Mistake:
    """Returns a mistake that Pydantic found: without the kind of step, which it names among the places."""
    kinds = {"open", "tap", "find", "type", "swipe", "read", "list", "back"}
    loc = tuple(one for place, one in enumerate(error["loc"]) if not (place == 2 and one in kinds))
    return Mistake(where=loc, reason=str(error["msg"]), remedy="correct it: docs/recorded-flow.md has every step")
