"""A campaign as given by a file or by the interface: reads and checks it, and explains its problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.values.bounded_text import TooLarge, text_of
from models.values.refused import MOST_PROBLEMS, Problem, Refused, refuse
from workers.campaigns.campaign_file import CampaignFile
from workers.campaigns.campaign_yaml import Written, read_yaml
from workers.campaigns.variables import fill
from workers.campaigns.yaml_syntax import FORM
from workers.planting.validation_errors import NO_SUCH_FIELD, Loc, first_problems, path

MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class GivenCampaign:
    """The unchecked fields of a campaign; `written` has their places if they come from a file's text."""

    data: Mapping[str, Any]
    written: Written | None = None
    unfilled: Sequence[tuple[Loc, Problem]] = ()  # fields whose variables have no value

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
        """Returns the problems of parts that YAML would silently drop, and of variables without a value."""
        by_yaml = () if self.written is None else self.written.problems
        return [*by_yaml, *(self.at(loc, problem) for loc, problem in self.unfilled)]

    def fields(self) -> CampaignFile:
        """Returns the campaign, with its fields checked. Raises Refused with every problem of the fields.

        Values are not converted from other types: `yes` is no number, and 12 is no name.
        """
        try:
            return CampaignFile.model_validate(_tuples(self.data), strict=True)
        except ValidationError as error:
            found, more = first_problems(error, CampaignFile, MOST_PROBLEMS)
            told = {loc for loc, _ in self.unfilled}
            found = [one for one in found if one[0] not in told]
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

    def authors(self) -> list[tuple[Loc, str]]:
        """Returns the named authors with their places, those of pairs too, as far as they can be read."""
        collect = self.data.get("collect")
        named = (_names(collect.get("authors")) or []) if isinstance(collect, Mapping) else []
        listed: list[tuple[Loc, str]] = [(("collect", "authors", place), one) for place, one in enumerate(named)]
        return listed + self._of_pairs("author")

    def paired_accounts(self) -> list[tuple[Loc, str]]:
        """Returns the accounts of the pairs with their places, as far as they can be read."""
        return self._of_pairs("account")

    def _of_pairs(self, name: str) -> list[tuple[Loc, str]]:
        collect = self.data.get("collect")
        pairs = collect.get("pairs") if isinstance(collect, Mapping) else None
        if not isinstance(pairs, list | tuple):
            return []
        named = ((place, one.get(name)) for place, one in enumerate(pairs) if isinstance(one, Mapping))
        return [(("collect", "pairs", place, name), one) for place, one in named if isinstance(one, str)]

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


def given_campaign(
    data: Mapping[str, Any], written: Written | None = None, values: Mapping[str, str] | None = None
) -> GivenCampaign:
    """Returns a campaign with its variables replaced; `values` replace those that it gives itself."""
    filled, unfilled = fill(data, values)
    return GivenCampaign(filled, written, unfilled)


def read_campaign_file(path: Path) -> CampaignFile:
    """Reads and checks a campaign file. Raises Refused with every problem: the field, the reason, the remedy."""
    return load_campaign_file(path).check()


def parse_campaign(text: str, source: str) -> CampaignFile:
    """As `read_campaign_file`, from text."""
    return load_campaign(text, source).check()


def load_campaign_file(path: Path, values: Mapping[str, str] | None = None) -> GivenCampaign:
    """Reads a file's fields without checking them; `values` replace those of its variables.

    Raises Refused when it is no YAML file.
    """
    try:
        text = text_of(path, MOST_BYTES)
    except TooLarge as error:
        reason = f"{error.size} bytes are too many for a campaign file"
        raise refuse(str(path), reason, f"keep it under {MOST_BYTES}") from None
    except UnicodeDecodeError as error:
        raise refuse(str(path), f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8") from error
    except OSError as error:
        raise refuse(str(path), f"cannot be read: {error.strerror}", "name a YAML file in UTF-8") from error
    return load_campaign(text, str(path), values)


def load_campaign(text: str, source: str, values: Mapping[str, str] | None = None) -> GivenCampaign:
    """As `load_campaign_file`, from text."""
    written = read_yaml(text, source)
    if not isinstance(written.data, dict):
        raise refuse(source, "holds no fields", FORM)
    return given_campaign(written.data, written, values)


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
