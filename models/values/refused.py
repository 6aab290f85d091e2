"""The error for refused input: every problem with its field, its reason and its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

MOST_PROBLEMS = 20  # listed in one refusal; the others are counted


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of an input."""

    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}; {self.remedy}"

    def within(self, field: str) -> Problem:
        """Returns the same problem, of an input that is one field of another; an empty field is the input itself."""
        return replace(self, field=f"{field}.{self.field}" if self.field else field)


class Refused(ValueError):
    """An input is refused as a whole: nothing of it was carried out.

    `problems` are the first 20; `more` counts the others that were found.
    """

    def __init__(self, problems: Iterable[Problem], more: int = 0) -> None:
        each = iter(problems)
        self.problems = tuple(islice(each, MOST_PROBLEMS))
        self.more = more + sum(1 for _ in each)
        told = [str(problem) for problem in self.problems]
        super().__init__("\n".join([*told, f"and {self.more} more problems"] if self.more else told))

    def within(self, field: str) -> Refused:
        """Returns the same refusal, of an input that is one field of another."""
        return Refused((one.within(field) for one in self.problems), self.more)


def refuse(field: str, reason: str, remedy: str) -> Refused:
    """Returns the error for a single problem."""
    return Refused([Problem(field, reason, remedy)])
