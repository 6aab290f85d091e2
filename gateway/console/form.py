"""Reads a form: from this site alone, bounded in bytes and in time, and with all other forms that are being read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

from gateway.access.body import BodyBudget, BodyReader
from gateway.console.not_allowed import NotAllowed
from gateway.console.view import Form
from gateway.problem import ApiProblem

MOST_BODY = 1_200_000  # bytes: a campaign file has 1,000,000 at most
MOST_OF_STRANGERS = 16_384  # a name and a password in UTF-8, each byte as three signs
MOST_FIELDS = 2000
STRANGERS = ""  # they share one part of the bytes of all forms


@asynccontextmanager
async def form_of(request: Request, budget: BodyBudget, who: str = STRANGERS) -> AsyncIterator[Form]:
    """Yields the form that a user sent, whose bytes count until the block ends. Raises NotAllowed.

    A stranger's form may be as large as that of the login.
    """
    if request.method != "POST":
        yield Form({})
        return
    if not _same_site(request):
        raise NotAllowed(403, "the request comes from another site")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise NotAllowed(415, "this is no form of the console")
    most = MOST_OF_STRANGERS if who == STRANGERS else MOST_BODY
    with BodyReader(request.scope, request.receive, most, budget) as reader:
        yield _parsed(await _body(reader, who))


async def _body(reader: BodyReader, who: str) -> bytes:
    try:
        reader.check_length()
        return await reader.whole(who)
    except ApiProblem as problem:
        raise _refusal(problem.code) from None


def _refusal(code: str) -> NotAllowed:
    if code == "too_large":
        return NotAllowed(413, "the form is too large")
    if code == "too_slow":
        return NotAllowed(408, "the form did not arrive in time")
    return NotAllowed(503, "too many forms arrive at this moment: try again")


def _parsed(body: bytes) -> Form:
    try:
        return Form(parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise NotAllowed(400, "this is no form of the console") from None


def _same_site(request: Request) -> bool:
    """Returns whether a page of this console sent the request, by the browser's word: Origin, or else Referer."""
    said = request.headers.get("origin") or request.headers.get("referer") or ""
    return bool(said) and urlsplit(said).netloc == request.headers.get("host", "")
