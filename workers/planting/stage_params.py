"""The parameters of the desk tasks between the stages: checked when they are planted, and read when they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.checks import MOST_TEXTS
from flows.specs.flow_spec import check_given
from models.values.refused import Problem
from workers.canvas.rows import PlantedRow
from workers.planting.validation_errors import problems_of

MOST_OF_EACH = 50  # comments of a title, unless the task says otherwise


class Planting(BaseModel):
    """What a desk task takes that plants others: Celery's own options of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: str | None = Field(default=None, max_length=255)
    priority: int | None = Field(default=None, ge=0, le=9)
    time_limit: int | None = Field(default=None, ge=1, le=86_400)  # seconds

    def options(self) -> dict[str, Any]:
        """Returns the options of each task that is planted."""
        return self.model_dump(include=set(Planting.model_fields), exclude_none=True)


class PinnedShare(BaseModel):
    """The part of the directed work that one account does, on one author's content, by kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str = Field(min_length=1, max_length=191)
    author_id: str = Field(min_length=1, max_length=191)
    comment: int = Field(default=0, ge=0, le=10_000)
    reply: int = Field(default=0, ge=0, le=10_000)
    like_comment: int = Field(default=0, ge=0, le=10_000)


class DirectedRequest(Planting):
    """The directed work that is asked for, by kind, with the operator's own texts. `pinned` comes on top of it."""

    comment: int = Field(default=0, ge=0, le=10_000)
    reply: int = Field(default=0, ge=0, le=10_000)
    like_comment: int = Field(default=0, ge=0, le=10_000)
    comment_texts: tuple[str, ...] = Field(default=(), max_length=MOST_TEXTS)
    reply_texts: tuple[str, ...] = Field(default=(), max_length=MOST_TEXTS)
    most_per_author: int | None = Field(default=None, ge=1)  # actions that are drawn on one author's content
    video_loop: int | None = None
    comment_loop: int | None = None
    pinned: tuple[PinnedShare, ...] = Field(default=(), max_length=10_000)


class EachTitle(Planting):
    """The collect_comments of each title, with their bounds and options."""

    most: int = Field(default=MOST_OF_EACH, ge=1, le=5000)
    video_loop: int | None = Field(default=None, ge=1, le=1000)

    def bounds(self) -> dict[str, Any]:
        """Returns the parameters of each collect_comments but for its title."""
        return self.model_dump(include={"most", "video_loop"}, exclude_none=True)


# the task → its parameters, and what it takes from the stage before, which is not known when it is planted
STAGE_PARAMS: Mapping[str, tuple[type[BaseModel], Sequence[str]]] = {
    "each_title": (EachTitle, ("titles",)),
    "draw_directed": (DirectedRequest, ("collected",)),
}


def stage_problems(row: PlantedRow, where: str) -> Iterator[Problem]:
    """Yields the problems of a desk task's parameters, as far as they are known when it is planted."""
    model, handed_on = STAGE_PARAMS.get(row.task, (None, ()))
    if model is None:
        return
    given = {name: value for name, value in row.kwargs.items() if name not in handed_on}
    try:
        check_given(model, given)
    except ValidationError as error:
        for _, problem in problems_of(error, model):
            yield problem.within(where)
