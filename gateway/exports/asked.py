"""What an export is asked for: its filters and its language, checked once and frozen in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import ColumnElement, or_

from gateway.access.time_span import not_before_since
from gateway.exports.words import Language
from models.tables import Task
from models.values.refused import Refused
from workers.planting.validation_errors import problems_of

Filter = Annotated[str | None, Field(default=None, max_length=191)]


class ExportFilters(BaseModel):
    """Selects the tasks, or the records, that match every given field.

    An account or a phone of a task is that of the last attempt, or the one that it is pinned to. Times are those of
    planting for tasks, and those of the end for records.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: Literal["tasks", "records"] = "tasks"
    campaign: Filter = None
    flow: Filter = None
    author: Filter = None
    account: Filter = None
    phone: Filter = None
    state: Literal["succeeded", "failed", "stopped"] | None = None
    # of records alone
    outcome: (
        Literal["succeeded", "delegated", "failed", "stopped", "paused", "handed_back", "lost", "done", "not_done"]
        | None
    ) = None
    kind: Filter = None  # attempt, task, action, or one kind of action
    code: Filter = None
    step: Filter = None
    task: Filter = None
    customer: Filter = None  # as the operator asks for it; a customer has its own records in any case
    since: AwareDatetime | None = None  # then or later
    until: Annotated[AwareDatetime, AfterValidator(not_before_since)] | None = None  # before
    sandbox: bool = False  # tasks on simulated phones, which a campaign that is named may have in any case
    language: Language = "zh"

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        others = ("state",) if self.what == "records" else ("outcome", "kind", "code", "step", "task", "customer")
        for name in others:
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: {self.what} are not filtered by it; leave it out")
        return self

    def conditions(self) -> list[ColumnElement[bool]]:
        """Returns the conditions on a task, but for those on its campaign and on its times."""
        found: list[ColumnElement[bool]] = []
        if self.flow is not None:
            found.append(Task.flow == self.flow)
        if self.author is not None:
            found.append(Task.author_id == self.author)
        if self.account is not None:
            found.append(or_(Task.account_id == self.account, Task.pinned_account == self.account))
        if self.phone is not None:
            found.append(or_(Task.phone_serial == self.phone, Task.pinned_phone == self.phone))
        if self.state is not None:
            found.append(Task.state == self.state)
        if self.campaign is None:
            found.append(Task.sandbox == self.sandbox)
        return found


class Frozen(BaseModel):
    """The filters with the keys whose tasks the export may hold; None among them stands for the operator's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filters: ExportFilters
    keys: tuple[str | None, ...]
    customer: bool  # the workbook is for a customer: it names no folder of the operator's


def checked_filters(values: dict[str, Any]) -> ExportFilters:
    """Returns the filters. Raises Refused, which names each field."""
    try:
        return ExportFilters.model_validate(values)
    except ValidationError as error:
        found = (one for _, one in problems_of(error, ExportFilters))
        raise Refused(replace(one, field=one.field or "export") for one in found) from None
