"""The campaign file: the operator's day as YAML that anyone can edit. Defines its fields and their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from flows.checks import as_seen, mistake_in, refuse_all
from flows.nurture import NurtureParams
from workers.planting.validation_errors import MOST_SHOWN, written

DAY = 86_400  # seconds


def _queue(value: str) -> str:
    place, _, name = value.partition(".")
    if value != "pool" and (place not in ("account", "phone") or not name.strip()):
        raise ValueError(f"{value!r} is no queue; write pool, account.ID or phone.SERIAL")
    return value


def _all_or_list(value: Any) -> Any:
    """Refuses a single id in place of a list, with a message that names both forms."""
    if value != "all" and not isinstance(value, tuple | list):
        raise ValueError(f"{written(value)} is neither all nor a list; write all, or a list of account ids")
    return value


Queue = Annotated[str, AfterValidator(_queue)]
Loop = Annotated[int, Field(ge=1, le=1000, examples=[60])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Placed(_Part):
    """The queue, priority and time limit of a part's tasks, as Celery's own options."""

    queue: Queue | None = Field(default=None, examples=["phone.SERIAL"])
    priority: int | None = Field(default=None, ge=0, le=9, examples=[3])
    time_limit: int | None = Field(default=None, ge=1, le=DAY, examples=[600])  # seconds

    def options(self) -> dict[str, Any]:
        """Returns the options for a canvas; absent ones are the flow's defaults."""
        return self.model_dump(include=set(Placed.model_fields), exclude_none=True)


class Nurturing(Placed, NurtureParams):
    """Each account's nurture session: the flow's parameters and options."""

    @field_validator("queue")
    @classmethod
    def _on_one_account(cls, queue: str | None) -> str | None:
        if queue == "pool":
            raise ValueError("a session runs on one account and not in the pool; write account.ID or phone.SERIAL")
        return queue

    def params(self) -> dict[str, Any]:
        """Returns the flow's parameters without the options."""
        return self.model_dump(mode="json", include=set(NurtureParams.model_fields))


class _Collection(_Part):
    """The content to collect."""

    authors: tuple[str, ...] = Field(min_length=1, examples=[["xiaopeng"]])
    videos: int = Field(ge=1, le=50, examples=[2])
    comments: int = Field(ge=1, le=1000, examples=[50])
    least_comments: int = Field(default=0, ge=0, le=5000, examples=[50])
    video_loop: Loop = 60


class Collecting(Placed, _Collection):
    """The collection: a number of videos of each author, with a number of comments each."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_all(_twice("authors", self.authors))
        return self


class PerAccount(_Part):
    """Directed work, given for each account; the fleet spreads the total over the accounts."""

    comments: int = Field(default=0, ge=0, le=50, examples=[3])
    replies: int = Field(default=0, ge=0, le=50, examples=[3])
    comment_likes: int = Field(default=0, ge=0, le=50, examples=[5])

    @property
    def total(self) -> int:
        return self.comments + self.replies + self.comment_likes


class _Direction(_Part):
    """The texts of directed work, and the most videos and comments to search for its target."""

    per_account: PerAccount
    comment_texts: tuple[str, ...] = Field(default=(), examples=[["讲得很清楚"]])
    reply_texts: tuple[str, ...] = Field(default=(), examples=[["说得有道理"]])
    video_loop: Loop = 60
    comment_loop: int = Field(default=200, ge=1, le=5000, examples=[200])


class Directing(Placed, _Direction):
    """Directed work on randomly drawn collected comments, with the operator's own texts."""

    @model_validator(mode="after")
    def _texts(self) -> Self:
        refuse_all(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        for count, texts, name in (
            (self.per_account.comments, self.comment_texts, "comment_texts"),
            (self.per_account.replies, self.reply_texts, "reply_texts"),
        ):
            if count and not texts:
                yield f"{name}: {count} an account asked for but no texts given; give the operator's own"
            for place, text in enumerate(texts):
                said = mistake_in(text)
                if said is not None:
                    yield f"{name}[{place}]: {said}"
            yield from _twice(name, texts)


class CampaignFile(_Part):
    """A day's work, without the absent parts."""

    campaign: str = Field(min_length=1, max_length=191, examples=["标准日"])
    accounts: Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(_all_or_list)] = Field(
        default="all", examples=[["acc0001"]]
    )
    nurture: Nurturing | None = None
    collect: Collecting | None = None
    directed: Directing | None = None
    without_basis: Literal["refuse", "collect_only"] = "refuse"
    seed: int | None = Field(default=None, ge=0, le=0x7FFFFFFF, examples=[7])

    @model_validator(mode="after")
    def _accounts_once(self) -> Self:
        if self.accounts == "all":
            return self
        if not self.accounts:
            raise ValueError("accounts: none is named; write all, or name some")
        refuse_all(_twice("accounts", self.accounts))
        return self

    @model_validator(mode="after")
    def _something(self) -> Self:
        refuse_all(self._lacking())
        return self

    def _lacking(self) -> Iterator[str]:
        if self.nurture is None and self.collect is None:
            yield "nurture, collect: neither is there; a campaign needs something to do"
        if self.directed is not None and self.collect is None:
            yield "directed: draws from what is collected; add a collect part"


def _twice(field: str, names: Sequence[str]) -> Iterator[str]:
    twice = sorted(name for name, times in Counter(map(as_seen, names)).items() if times > 1)
    if twice:
        yield f"{field}: named twice: {', '.join(map(_shown, twice[:5]))}; name each once"


def _shown(name: str) -> str:
    return name if len(name) <= MOST_SHOWN else name[: MOST_SHOWN - 1] + "…"
