"""The campaign file: the operator's day as YAML that anyone can edit. Defines its fields and their values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from flows.checks import as_seen, mistake_in, refuse_all
from flows.specs.nurture import NurtureParams
from workers.campaigns.file_bounds import CallbackUrl, Part, Quotas, Scheduling
from workers.campaigns.named_comments import Disliking, Named, Reporting
from workers.campaigns.variables import MOST_VARIABLES, mistake_in_variable
from workers.planting.validation_errors import MOST_SHOWN, written

DAY = 86_400  # seconds
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}")


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


def _until(value: str) -> str:
    if _TIME.fullmatch(value) is None:
        with suppress(ValueError):
            datetime.fromisoformat(value)
            return value
    else:
        with suppress(ValueError):
            time.fromisoformat(value)
            return value
    raise ValueError(f"{value!r} is no time; write 23:00, or 2027-01-31 08:00")


Until = Annotated[str, AfterValidator(_until)]  # read by workers.campaigns.until


class Placed(Part):
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


class Pair(Part):
    """An account and its author 一号一大V: the account's share of the directed work is counted for it.

    `pinned`: this very account does its share, on this author's content. Otherwise any account does it, on all that is
    collected.
    """

    account: str = Field(min_length=1, examples=["acc0001"])
    author: str = Field(min_length=1, examples=["xiaopeng"])
    pinned: bool = False


class _Collection(Part):
    """The content to collect: of named authors, or of those of the pairs."""

    authors: tuple[str, ...] | None = Field(default=None, min_length=1, examples=[["xiaopeng"]])
    pairs: tuple[Pair, ...] = Field(default=(), examples=[[{"account": "acc0001", "author": "xiaopeng"}]])
    videos: int = Field(ge=1, le=50, examples=[2])
    comments: int = Field(ge=1, le=1000, examples=[50])
    least_comments: int = Field(default=0, ge=0, le=5000, examples=[50])
    video_loop: Loop = 60


class Collecting(Placed, _Collection):
    """The collection: a number of videos of each author, with a number of comments each."""

    @property
    def all_authors(self) -> Sequence[str]:
        """Returns the authors to collect from, each once."""
        return self.authors or tuple(dict.fromkeys(pair.author for pair in self.pairs))

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_all(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        if self.authors is None and not self.pairs:
            yield "authors: is missing; add it, for example [xiaopeng], or add pairs of account and author"
        if self.authors is not None and self.pairs:
            yield "authors: the pairs name the authors already; leave one of the two out"
        yield from _twice("authors", self.authors or ())
        yield from _twice("pairs", [f"{pair.account} and {pair.author}" for pair in self.pairs])


class PerAccount(Part):
    """Directed work, given for each account; the fleet spreads the total over the accounts."""

    comments: int = Field(default=0, ge=0, le=50, examples=[3])
    replies: int = Field(default=0, ge=0, le=50, examples=[3])
    comment_likes: int = Field(default=0, ge=0, le=50, examples=[5])

    @property
    def total(self) -> int:
        return self.comments + self.replies + self.comment_likes


class _Direction(Part):
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


class CampaignFile(Part):
    """A day's work, without the absent parts."""

    campaign: str = Field(min_length=1, max_length=191, examples=["标准日"])
    accounts: Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(_all_or_list)] = Field(
        default="all", examples=[["acc0001"]]
    )
    nurture: Nurturing | None = None
    collect: Collecting | None = None
    directed: Directing | None = None
    dislikes: tuple[Disliking, ...] = ()
    reports: tuple[Reporting, ...] = ()
    without_basis: Literal["refuse", "collect_only"] = "refuse"
    seed: int | None = Field(default=None, ge=0, le=0x7FFFFFFF, examples=[7])
    until_complete: Until | None = Field(default=None, examples=["23:00"])
    schedule: Scheduling | None = None
    quotas: Quotas | None = None
    callback_url: CallbackUrl | None = Field(default=None, examples=["https://hooks.example.com/phonefleet"])
    variables: dict[str, str | int | bool] = Field(default_factory=dict, examples=[{"day": "周一"}])

    @field_validator("variables", mode="before")
    @classmethod
    def _variables(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            refuse_all(_bad_variables(value))
        return value

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

    @property
    def own_quotas(self) -> dict[str, int] | None:
        """Returns the quotas by name; None without any."""
        return None if self.quotas is None else self.quotas.model_dump(exclude_none=True)

    @property
    def named(self) -> Sequence[tuple[str, Sequence[Named]]]:
        """Returns the comments that the file names one by one, by the part that names them."""
        return [("dislikes", self.dislikes), ("reports", self.reports)]

    def _lacking(self) -> Iterator[str]:
        if self.nurture is None and self.collect is None and not self.dislikes and not self.reports:
            yield "nurture, collect: neither is there, nor dislikes or reports; a campaign needs something to do"
        if self.directed is not None and self.collect is None:
            yield "directed: draws from what is collected; add a collect part"
        if self.directed is not None and self.directed.queue and self.collect is not None and self.collect.pairs:
            yield (
                "directed: a queue beside pairs leaves open whose work is counted;"
                " leave the queue out, or pin pairs (pinned: true)"
            )
        if (
            self.schedule is not None
            and self.until_complete is not None
            and _TIME.fullmatch(self.until_complete) is None
        ):
            yield "until_complete: names one day, and the schedule has many; write a time of the day, such as 23:00"


def _bad_variables(variables: Mapping[Any, Any]) -> Iterator[str]:
    if len(variables) > MOST_VARIABLES:
        yield f"{len(variables)} are too many; keep it to {MOST_VARIABLES}"
        return
    for name, value in variables.items():
        mistake = mistake_in_variable(name, value)
        if mistake is not None:
            yield f"{_shown(str(name))!r} {'; '.join(mistake)}"


def _twice(field: str, names: Sequence[str]) -> Iterator[str]:
    twice = sorted(name for name, times in Counter(map(as_seen, names)).items() if times > 1)
    if twice:
        yield f"{field}: named twice: {', '.join(map(_shown, twice[:5]))}; name each once"


def _shown(name: str) -> str:
    return name if len(name) <= MOST_SHOWN else name[: MOST_SHOWN - 1] + "…"
