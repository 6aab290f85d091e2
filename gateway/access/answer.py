"""An answer of the app, before it is sealed and signed; and the answer to an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import Scope

from gateway.access.long_answer import AnswerCut, LongAnswer
from gateway.keys.master_key import MasterKeyWrong
from gateway.problem import MEDIA_TYPE, ApiProblem
from gateway.words.language import of_request
from workers.runtime.db_retry import is_unavailable

log = logging.getLogger("phonefleet.gateway")

KEPT_HEADERS = (b"retry-after", b"allow", b"location")
JSON_TYPE = "application/json"


@dataclass(slots=True)
class Answer:
    """The app's answer."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    long: LongAnswer | None = None  # in place of `body`, when the app gave it in pieces


def told_headers(answer: Answer, media_type: str, signature: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Returns the headers that an answer keeps, with its media type and its signature."""
    kept = [(name, value) for name, value in answer.headers if name.lower() in KEPT_HEADERS]
    signed = [(name.encode("ascii"), value.encode("ascii")) for name, value in signature.items()]
    return [(b"content-type", media_type.encode("latin-1")), *kept, *signed]


def declined_with(error: Exception) -> ApiProblem:
    """Returns the problem to answer an error with. The log keeps the details of unexpected errors."""
    if isinstance(error, ApiProblem):
        return error
    if isinstance(error, AnswerCut):
        return error.problem
    if is_unavailable(error):
        log.warning("the ledger does not answer: %s", getattr(error, "orig", error))
        return ApiProblem("unavailable", "try again in a moment", headers={"retry-after": "5"})
    if isinstance(error, MasterKeyWrong):
        log.error("not let in: %s", error)
        return ApiProblem("key_unopened", "tell the operator: PHONEFLEET_MASTER_KEY is not the one of this key")
    log.error("an unexpected error", exc_info=error)
    return ApiProblem("internal")


def as_answer(declined: ApiProblem, scope: Scope) -> Answer:
    """Returns the answer that tells a problem, in the language of the request."""
    details = json.dumps(declined.details(of_request(scope["headers"])), ensure_ascii=False, separators=(",", ":"))
    return Answer(declined.status, _problem_headers(declined), bytearray(details.encode()))


def _problem_headers(declined: ApiProblem) -> list[tuple[bytes, bytes]]:
    told = [(name.encode("ascii"), value.encode("ascii")) for name, value in declined.headers.items()]
    return [(b"content-type", MEDIA_TYPE.encode("ascii")), *told]


def media_type_of(answer: Answer) -> str:
    """Returns the media type that the app gave."""
    found = [value for name, value in answer.headers if name == b"content-type"]
    return found[0].decode("latin-1") if found else JSON_TYPE
