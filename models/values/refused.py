"""The one error for input that is refused: every problem with its field, its reason and its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input."""

    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}; {self.remedy}"


class Refused(ValueError):
    """An input is refused as a whole: nothing of it was done."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def refuse(field: str, reason: str, remedy: str) -> Refused:
    """The error for a single problem."""
    return Refused([Problem(field, reason, remedy)])
