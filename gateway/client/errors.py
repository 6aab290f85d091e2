"""The client's errors, and their text for people: field, reason and remedy, without a traceback."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from gateway.protocol.seal import SealBroken, SignatureRefused
from models.database.terminal_safe import on_screen

INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT
SAME_SECRET = "SEAL_KEY and SIGNING_SECRET must be the texts of the key that KEY_ID names, and GATEWAY its gateway"  # noqa: S105 - names of variables
CLOCK = "set this machine's clock: it is more than 5 minutes from the gateway's"
UNSIGNED = "something else than phonefleet may have answered: check GATEWAY, and what stands between"
# Why an answer was not believed, and what to do.
NOT_BELIEVED: Mapping[str, tuple[str, str]] = {
    "headers_missing": ("it is not signed", UNSIGNED),
    "id_malformed": ("its webhook-id is none", UNSIGNED),
    "timestamp_malformed": ("its webhook-timestamp is none", UNSIGNED),
    "signature_wrong": ("this key's secret did not sign it", SAME_SECRET),
    "too_old": ("it was signed more than 5 minutes ago", CLOCK),
    "too_new": ("it was signed more than 5 minutes from now", CLOCK),
}
# What to do where the answer names no field.
BY_CODE: Mapping[str, str] = {
    "not_authenticated": f"{SAME_SECRET}; {CLOCK}, or the key is revoked",
    "internal": "tell the operator; sending it again is safe",
    "key_unopened": "tell the operator, who gives the gateway the master key of then, or you new secrets",
    "not_found": "correct the id; what is another customer's is not shown",
    "plain_not_allowed": "leave seal=none out, or have the operator make a key with --plain-json",
    "too_large": "ask for less at once",
    "too_many_requests": "ask again later",
    "too_many_waiting": "wait until some of your tasks have ended",
    "too_many_exports": "wait until your exports are made, or ask the operator to allow more",
    "unavailable": "ask again later",
}


class Unusable(ValueError):
    """A value given to the client is unusable: `field` names it, and `remedy` says what to give."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field}: {reason}; {remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


class Problem(Exception):
    """The gateway declined. `code` says why, `problems` name the fields: each `field`, `reason` and `remedy`.

    There are 20 at most; `more_problems` counts the others.
    `signed` is False for an answer that anybody on the way may have made up.
    """

    def __init__(self, status: int, details: Mapping[str, Any], *, signed: bool) -> None:
        self.status = status
        self.code = str(details.get("code", "unknown"))
        self.detail = str(details.get("detail") or "")
        self.problems: Sequence[Mapping[str, str]] = details.get("problems", [])
        self.more_problems = int(details.get("more_problems") or 0)
        self.signed = signed
        told = ("; ".join(filter(None, (f"{field}: {reason}", remedy))) for field, reason, remedy in _fields(self))
        super().__init__(" ".join(filter(None, (f"{status} {self.code}", self.detail, "\n".join(told)))))


class NoAnswer(requests.ConnectionError):
    """The gateway did not answer after all retries; the request may or may not have been carried out."""

    def __init__(self, url: str, error: Exception) -> None:
        self.url = url
        self.why = "it took too long" if isinstance(error, requests.Timeout) else _innermost(error)
        super().__init__(
            f"no answer from {url}: {self.why}; is the gateway there, and the address right? ask again later"
        )


class NotEnded(TimeoutError):
    """The task or campaign did not end in the time given; it goes on."""


ERRORS = (Unusable, Problem, NoAnswer, NotEnded, SealBroken, SignatureRefused)


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Wraps a script: prints the client's errors to stderr, and exits with 1; with 130 after Ctrl-C.

    A program catches ERRORS instead. Any other error is a defect, and keeps its traceback.
    """
    try:
        yield
    except KeyboardInterrupt:
        print("ended by Ctrl-C; what was submitted goes on", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except ERRORS as error:
        raise SystemExit(on_screen("\n".join(lines_of(error)))) from None


def lines_of(error: BaseException) -> list[str]:
    """Returns the lines for one of ERRORS: the event, then each field with its reason, and the remedy."""
    if isinstance(error, Unusable):
        return ["not asked:", *_told(error.field, error.reason, error.remedy)]
    if isinstance(error, Problem):
        return _declined(error)
    if isinstance(error, NoAnswer):
        remedy = "is the gateway there, and the address right? Ask again later: with the same reference it is safe"
        return ["no answer:", *_told(error.url, error.why, remedy)]
    if isinstance(error, SignatureRefused):
        reason, remedy = NOT_BELIEVED[error.reason_code]
        return ["the answer is not believed:", *_told("webhook-signature", reason, remedy)]
    if isinstance(error, SealBroken):
        return ["the answer cannot be opened:", *_told(error.field, error.reason, SAME_SECRET)]
    return [str(error)]


def _declined(problem: Problem) -> list[str]:
    heading = f"declined with {problem.status} {problem.code}"
    lines = [f"{heading}: {problem.detail}" if problem.detail else f"{heading}:"]
    for field, reason, remedy in _fields(problem):
        lines += _told(field, reason, remedy)
    if problem.more_problems:
        lines.append(f"  and {problem.more_problems} more problems")
    if not problem.problems:
        lines.append(f"      -> {BY_CODE.get(problem.code, 'the interface document says what to do for each code')}")
    return lines


def _told(field: str, reason: str, remedy: str) -> list[str]:
    return [f"  {field}: {reason}", *([f"      -> {remedy}"] if remedy else [])]


def _fields(problem: Problem) -> Iterator[tuple[str, str, str]]:
    for one in problem.problems:
        yield str(one.get("field")), str(one.get("reason")), str(one.get("remedy") or "")


def _innermost(error: BaseException) -> str:
    """Returns the system's own message, without the messages of libraries around it."""
    below = error.__cause__ or error.__context__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _innermost(below) if below is not None else str(error) or type(error).__name__
