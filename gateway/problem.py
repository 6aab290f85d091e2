"""Problems: every error of the API as RFC 9457 problem details, with one code for each kind of refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.words.catalogue import catalogue
from models.database.storable import storable_text
from models.values.refused import Problem, Refused

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:phonefleet:problem:"
COMMAND = "phonefleet "
MOST_PLACE, MOST_WORDS = 200, 500  # characters: a problem may quote what was sent
MOST_SAID = 200  # characters of a text that is said in another language

# code: HTTP status, title
CODES: Mapping[str, tuple[int, str]] = {
    "seal_broken": (400, "The body is signed, but not sealed as it must be"),
    "plain_not_allowed": (400, "This key sends and gets sealed bodies only"),
    "not_authenticated": (401, "The request is not signed by a key that is in force"),
    "not_found": (404, "There is nothing of yours here"),
    "method_not_allowed": (405, "This method is not for this address"),
    "too_slow": (408, "The body did not arrive in time"),
    "reference_taken": (409, "This reference stands for another request"),
    "not_now": (409, "It is not in a state that allows this"),
    "changes_gone": (410, "Changes after this position are not kept any more"),
    "too_large": (413, "The body is too large"),
    "refused": (422, "The request is refused; nothing was changed"),
    "too_many_requests": (429, "More requests than this key may send"),
    "too_many_waiting": (429, "More tasks wait than this key may have"),
    "too_many_exports": (429, "More exports than this key may ask for"),
    "internal": (500, "phonefleet made a mistake; it is written down"),
    "key_unopened": (503, "The gateway cannot open the secrets that it keeps of this key"),
    "unavailable": (503, "The ledger, or the storage of evidence, does not answer"),
}


class Detail(BaseModel):
    """One thing that is wrong with the request."""

    field: str = Field(description="The place in the request, such as `params.text`.")
    reason: str
    remedy: str


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 has it. `code` names its kind and never changes its meaning."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description=f"`{TYPE}` and the code.")
    title: str
    status: int
    code: str
    detail: str | None = None
    problems: list[Detail] = Field(default=[], description="At most 20.")
    more_problems: int | None = Field(default=None, description="How many problems were found beside those listed.")


class ApiProblem(Exception):
    """The request is answered with this problem. `code` is one of CODES."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        problems: Sequence[Problem] = (),
        more_problems: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail or ''}")
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)
        self.more_problems = more_problems
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        return CODES[self.code][0]

    @classmethod
    def of(cls, refused: Refused, code: str = "refused") -> ApiProblem:
        """Makes the problem of an input that was refused."""
        return cls(code, problems=[for_customer(one) for one in refused.problems], more_problems=refused.more)

    def details(self, language: str = "en") -> dict[str, Any]:
        """Returns the body of the answer, with its texts in a language of the catalogue."""
        status, title = CODES[self.code]
        return ProblemDetails(
            type=TYPE + self.code,
            title=_said(title, language),
            status=status,
            code=self.code,
            detail=None if self.detail is None else _said(self.detail, language),
            problems=[detail_of(one, language) for one in self.problems],
            more_problems=self.more_problems or None,
        ).model_dump(exclude_none=True)


def detail_of(problem: Problem, language: str = "en") -> Detail:
    """Returns a problem as an answer holds it: what it quotes is cut short."""
    return Detail(
        field=storable_text(problem.field, MOST_PLACE),
        reason=_said(storable_text(problem.reason, MOST_WORDS), language),
        remedy=_said(storable_text(problem.remedy, MOST_WORDS), language),
    )


def _said(text: str, language: str) -> str:
    """Returns a text in the language. One that quotes much stays English: its sender chose how long it is compared."""
    return text if language == "en" or len(text) > MOST_SAID else catalogue(language).said(text)


def for_customer(problem: Problem) -> Problem:
    """Directs the customer to the operator when the remedy is a phonefleet command."""
    if COMMAND not in problem.remedy:
        return problem
    return replace(problem, remedy=f"ask the operator ({problem.remedy})")


def unknown(what: str) -> ApiProblem:
    """Makes the not_found problem, the same for a missing row and for another customer's row."""
    return ApiProblem("not_found", f"no such {what}")


def answers(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Returns the OpenAPI description of an operation's problems: those of every operation, and these codes."""
    by_status: dict[int, list[str]] = {}
    for code in (*EVERYWHERE, *codes):
        by_status.setdefault(CODES[code][0], []).append(code)
    return {
        status: {
            "description": "; ".join(f"`{code}`: {CODES[code][1]}" for code in dict.fromkeys(found)),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status, found in sorted(by_status.items())
    }


EVERYWHERE = (
    "seal_broken",
    "plain_not_allowed",
    "not_authenticated",
    "not_found",
    "too_slow",
    "too_large",
    "refused",
    "too_many_requests",
    "internal",
    "key_unopened",
    "unavailable",
)
