"""A campaign as given by a file or by the interface: reads and checks it, and explains its problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.values.refused import MOST_PROBLEMS, Problem, Refused, refuse
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.campaign_yaml import Written, read_yaml
from workers.campaigns.yaml_syntax import FORM
from workers.planting.validation_errors import NO_SUCH_FIELD, Loc, first_problems, path

MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class GivenCampaign:
    """The unchecked fields of a campaign; `written` has their places if they come from a file's text."""

    data: Mapping[str, Any]
    written: Written | None = None

    def check(self) -> CampaignFile:
        """Returns the checked campaign. Raises Refused with every problem: the field, the reason, the remedy."""
        problems = list(self.lost)
        try:
            day = self.fields()
        except Refused as refused:
            raise Refused([*problems, *refused.problems], refused.more) from refused
        if problems:
            raise Refused(problems)
        return day

    @property
    def lost(self) -> Sequence[Problem]:
        """Returns the problems of parts that YAML would silently drop."""
        return () if self.written is None else self.written.problems

    def fields(self) -> CampaignFile:
        """Returns the campaign, with its fields checked. Raises Refused with every problem of the fields.

        Values are not converted from other types: `yes` is no number, and 12 is no name.
        """
        try:
            return CampaignFile.model_validate(_tuples(self.data), strict=True)
        except ValidationError as error:
            found, more = first_problems(error, CampaignFile, MOST_PROBLEMS)
            raise Refused(
                (self.at(loc, replace(one, field=one.field or "campaign file")) for loc, one in found), more
            ) from error

    def too_long(self, lengths: Mapping[Loc, int]) -> Iterator[Problem]:
        """Yields the problem of each list that is longer than it may be: its place → its longest length."""
        for loc, most in lengths.items():
            entries: Any = self.data
            for name in loc:
                entries = entries.get(name) if isinstance(entries, Mapping) else None
            if isinstance(entries, list | tuple) and len(entries) > most:
                reason = f"it has {len(entries)} entries, and may have {most}"
                yield self.at(loc, Problem(path(loc), reason, "take some out, or plan them as several campaigns"))

    def accounts(self) -> list[str] | None:
        """Returns the named accounts, as far as they can be read; None: all accounts."""
        return _names(self.data.get("accounts", "all"))

    def authors(self) -> list[str]:
        """Returns the named authors, as far as they can be read."""
        collect = self.data.get("collect")
        return (_names(collect.get("authors")) or []) if isinstance(collect, Mapping) else []

    @property
    def writes(self) -> bool:
        """True when directed work is asked for: then the campaign is refused for an author without a basis."""
        return self.data.get("directed") is not None and self.data.get("without_basis", "refuse") != "collect_only"

    def at(self, loc: Loc, problem: Problem) -> Problem:
        """Returns the problem with the line and column of its field, if there is a text."""
        problem = replace(problem, field=problem.field or "campaign file")
        if self.written is None:
            return problem
        unknown = problem.reason == NO_SUCH_FIELD
        if slip := self.written.slip(loc):
            problem = replace(problem, reason=slip.reason, remedy=slip.remedy)
        return replace(problem, reason=f"{self.written.spot(loc, key=unknown)}: {problem.reason}")


def read_campaign_file(path: Path) -> CampaignFile:
    """Reads and checks a campaign file. Raises Refused with every problem: the field, the reason, the remedy."""
    return load_campaign_file(path).check()


def parse_campaign(text: str, source: str) -> CampaignFile:
    """As `read_campaign_file`, from text."""
    return load_campaign(text, source).check()


def load_campaign_file(path: Path) -> GivenCampaign:
    """Reads a file's fields without checking them. Raises Refused when it is no YAML file."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise refuse(str(path), f"{size} bytes are too many for a campaign file", f"keep it under {MOST_BYTES}")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(str(path), f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8") from error
    except OSError as error:
        raise refuse(str(path), f"cannot be read: {error.strerror}", "name a YAML file in UTF-8") from error
    return load_campaign(text, str(path))


def load_campaign(text: str, source: str) -> GivenCampaign:
    """As `load_campaign_file`, from text."""
    written = read_yaml(text, source)
    if not isinstance(written.data, dict):
        raise refuse(source, "holds no fields", FORM)
    return GivenCampaign(written.data, written)


def _names(value: Any) -> list[str] | None:
    if isinstance(value, str):
        return None
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _tuples(value: Any, done: dict[int, Any] | None = None) -> Any:
    """Returns the value with lists as tuples, which strict models take; converts a list with several aliases once."""
    done = {} if done is None else done
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, Mapping):
        made: Any = {key: _tuples(one, done) for key, one in value.items()}
    elif isinstance(value, list | tuple):
        made = tuple(_tuples(one, done) for one in value)
    else:
        return value
    done[id(value)] = made
    return made
