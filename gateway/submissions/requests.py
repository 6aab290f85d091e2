"""The models of request bodies. Unknown fields are refused, and values are not converted from other types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from flows.specs.catalogue import SPECS
from gateway.access.time_span import not_before_since
from models.values.calendar import FIRST_YEAR, LAST_YEAR, in_calendar
from models.values.names import REMEDY, name_fault

FLOW_NAMES = sorted(SPECS)


class Asked(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time is text, such as 2030-01-31T08:00:00+08:00")  # noqa: TRY004 - pydantic expects ValueError
    return value


def _in_the_calendar(value: datetime) -> datetime:
    if not in_calendar(value):
        raise ValueError(f"the year {value.year} is outside {FIRST_YEAR} to {LAST_YEAR}")
    return value


class Wrong(ValueError):
    """A value that is refused, with its remedy."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


def _a_name(value: str) -> str:
    fault = name_fault(value)
    if fault is not None:
        raise Wrong(fault, REMEDY)
    return value


def _a_flow(value: str) -> str:
    if value not in SPECS:
        raise ValueError(f"there is no flow {value!r}; use one of {', '.join(FLOW_NAMES)}")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text), AfterValidator(_in_the_calendar)]
Until = Annotated[Moment, AfterValidator(not_before_since)]  # the end of the span that begins at `since`
Name = Annotated[str, AfterValidator(_a_name), Field(min_length=1, max_length=191)]
Reference = Annotated[
    str,
    AfterValidator(_a_name),
    Field(
        min_length=1,
        max_length=191,
        description="Your own id of this request. It makes the request safe to send again: the same reference with the "
        "same body returns what was planted first; with another body it is refused.",
    ),
]
CallbackUrl = Annotated[
    str,
    Field(max_length=2000, description="The address of callbacks. Its origin must be in the allowlist of the key."),
]
Why = Annotated[str, Field(max_length=500, description="The reason, recorded with the tasks.")]
Priority = Annotated[
    int,
    Field(ge=0, le=9, description="0 urgent, 3 high, 6 normal, 9 low. 0 to 2 need the operator's leave."),
]
DryRun = Annotated[
    bool,
    Field(description="Only forecast: which tasks would run where, who may act, and what is refused with the reason."),
]


class OnAccount(Asked):
    """Runs on the phone on which this account is logged in when the task begins."""

    account: Name

    @property
    def queue(self) -> str:
        return f"account.{self.account}"


class OnPhone(Asked):
    """Runs on this phone, with any account."""

    phone: Name

    @property
    def queue(self) -> str:
        return f"phone.{self.phone}"


PLACES: Mapping[str, type[Asked]] = {"account": OnAccount, "phone": OnPhone}


def _one_place(value: Any) -> Any:
    """Returns the target. A union would tell what each of its branches lacks, of which the customer meant one."""
    if value == "pool" or isinstance(value, OnAccount | OnPhone):
        return value
    place, name = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else ("", None)
    if place not in PLACES or not isinstance(name, str):
        raise Wrong("it is no place to run at", 'write "pool", {"account": ID} or {"phone": SERIAL}')
    return PLACES[place](**{place: _a_name(name)})


Target = Annotated[
    Literal["pool"] | OnAccount | OnPhone,
    BeforeValidator(_one_place),
    Field(description="Any phone of the pool, the phone of an account, or one phone."),
]


class RunLimits(Asked):
    """The seconds that one attempt may run: at `soft` the flow must end, at `hard` its worker is killed."""

    soft: int | None = Field(default=None, ge=1, le=86_400)
    hard: int | None = Field(default=None, ge=1, le=86_400)


class TaskAsked(Asked):
    """One flow with its parameters."""

    reference: Reference
    flow: Annotated[str, AfterValidator(_a_flow), Field(json_schema_extra={"enum": list(FLOW_NAMES)})]
    params: dict[str, Any] = Field(default={}, description="The parameters of the flow.")
    target: Target = "pool"
    priority: Priority | None = Field(default=None, description="3 high, 9 low; null: the flow's own.")
    limits: RunLimits | None = None
    not_before: Moment | None = None
    latest_end: Moment | None = Field(
        default=None, description="The task ends by then, done or not; null: in 24 hours."
    )
    callback_url: CallbackUrl | None = None
    dry_run: DryRun = False

    def options(self) -> dict[str, Any]:
        """Returns the options of a canvas that this request gives."""
        limits = self.limits or RunLimits()
        given = {
            "queue": None if isinstance(self.target, str) else self.target.queue,
            "priority": self.priority,
            "eta": None if self.not_before is None else self.not_before.isoformat(),
            "soft_time_limit": limits.soft,
            "time_limit": limits.hard,
        }
        return {name: value for name, value in given.items() if value is not None}


class CampaignAsked(Asked):
    """A canvas, or the content of a campaign file."""

    reference: Reference
    name: Name | None = Field(default=None, description="Null: the file's name, or the reference.")
    canvas: dict[str, Any] | None = Field(default=None, description="A Celery canvas as JSON.")
    file: dict[str, Any] | None = Field(default=None, description="The content of a campaign file, as JSON.")
    join: Literal["all", "settled"] = Field(
        default="all",
        description="`settled`: a group's next step runs with the results that succeeded. For a canvas only.",
    )
    seed: int | None = Field(default=None, ge=0, le=0x7FFFFFFF, description="Fixes every random choice.")
    latest_end: Moment | None = Field(default=None, description="All tasks end by then; null: in 24 hours.")
    callback_url: CallbackUrl | None = None
    dry_run: DryRun = False

    @model_validator(mode="after")
    def _one_of_both(self) -> CampaignAsked:
        if (self.canvas is None) == (self.file is None):
            raise ValueError("give a canvas or a file, and not both")
        return self


class Reason(Asked):
    """The reason for an operation."""

    why: Why = ""


class PauseAsked(Reason):
    """The reason for a pause of a phone, and its end."""

    until: Moment | None = Field(
        default=None,
        description="It ends by itself then, at most 60 days from now; null: it lasts until you resume it.",
    )


class NewPriority(Asked):
    """The new priority."""

    priority: Priority


class ReplayAsked(Asked):
    """Selects the callbacks to replay: those first owed at `since` or later, and before `until`."""

    since: Moment
    until: Until | None = None
    state: Literal["delivered", "failed", "disabled"] | None = None
    cursor: str | None = Field(
        default=None, max_length=400, description="`next` of the answer before, to continue the same request."
    )


def plain(body: Asked) -> Mapping[str, Any]:
    """Returns the request without `dry_run`: idempotency compares this.

    Fields at their defaults are left out too: a field that a later release adds must not turn a request that is
    sent again after the upgrade into another one.
    """
    return body.model_dump(mode="json", exclude={"dry_run"}, exclude_defaults=True)


class ExportAsked(Asked):
    """Selects the tasks of an export, or its records: those that match every given field."""

    what: Literal["tasks", "records"] = "tasks"
    campaign: Annotated[str | None, Field(max_length=191)] = None
    flow: Annotated[str, AfterValidator(_a_flow)] | None = None
    author: Annotated[str | None, Field(max_length=191)] = None
    account: Annotated[str | None, Field(max_length=191)] = None
    phone: Annotated[str | None, Field(max_length=191)] = None
    state: Literal["succeeded", "failed", "stopped"] | None = Field(default=None, description="Of tasks alone.")
    outcome: Annotated[str | None, Field(max_length=64, description="Of records alone, and so the next three.")] = None
    kind: Annotated[str | None, Field(max_length=64)] = None
    code: Annotated[str | None, Field(max_length=64)] = None
    step: Annotated[str | None, Field(max_length=64)] = None
    since: Moment | None = Field(default=None, description="Created at this time or later; of records: ended.")
    until: Until | None = Field(default=None, description="Created before this time; of records: ended.")
    language: Literal["zh", "en"] = Field(default="zh", description="The language of the headings.")
