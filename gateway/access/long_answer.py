"""A long answer, which the app gives in pieces: sealed and signed as they come, kept in a file until it is sent.

The signature of an answer goes before its body, so nothing can be sent before the last piece is there. The file takes
no memory, however slowly the caller reads.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import IO

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.access.authentication import AuthenticatedRequest, SignedRequest
from gateway.access.sending import pieces_of_file
from gateway.problem import ApiProblem
from gateway.protocol.signed_text import ANSWER, of_answer
from gateway.protocol.stream import SealingStream, SigningStream

UNTIL_SENT = "phonefleet.until_sent"  # in the scope: an ExitStack that is closed when the answer was sent


class AnswerCut(Exception):
    """The rest of a long answer cannot be had: the request is answered with the problem, because nothing was sent."""

    def __init__(self, problem: ApiProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class PiecesResponse(Response):
    """An answer of JSON in pieces. Its iterator raises AnswerCut, and no ApiProblem, once it has begun.

    Starlette's StreamingResponse ends when the request's body has no more messages, which here is at once.
    """

    media_type = "application/json"

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class LongAnswer:
    """The body of a long answer as it will be sent, in a file that the system deletes."""

    def __init__(self, request: SignedRequest, authenticated: AuthenticatedRequest, status: int, now: datetime) -> None:
        secret, request_id = authenticated.secret, authenticated.caller.request_id
        self._sealing = None if request.plain else SealingStream(secret, ANSWER, request_id, now)
        self._signing = SigningStream(secret, request_id, now, of_answer(status, request.method, request.target, b""))
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="phonefleet-answer-")  # noqa: SIM115 - `close` closes it
        self.length = 0

    def write(self, piece: bytes) -> None:
        """Adds a piece of the app's answer."""
        self._keep(piece if self._sealing is None else self._sealing.update(piece))

    def finish(self) -> dict[str, str]:
        """Ends the body. Returns the headers of its signature."""
        if self._sealing is not None:
            self._keep(self._sealing.finish())
        return self._signing.headers()

    def _keep(self, data: bytes) -> None:
        self._signing.update(data)
        self._file.write(data)
        self.length += len(data)

    def pieces(self) -> Iterator[bytes]:
        """Yields the body, 16 kB at a time."""
        return pieces_of_file(self._file)

    def close(self) -> None:
        """Deletes the file."""
        self._file.close()
