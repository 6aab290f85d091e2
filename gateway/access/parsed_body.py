"""The body that the middleware has parsed, handed on as it is: FastAPI does not parse it again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

PAYLOAD = "phonefleet.payload"  # in the scope: the object of JSON; absent for a request without a body


class ParsedRequest(Request):
    """A request whose body is parsed already."""

    async def body(self) -> bytes:
        """Returns an empty object where there is a body: FastAPI asks whether there is one, then for `json`."""
        return b"{}" if PAYLOAD in self.scope else b""

    async def json(self) -> Any:
        return self.scope[PAYLOAD]


class ParsedRoute(APIRoute):
    """A route of an operation behind the middleware."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_parsed(request: Request) -> Response:
            return await handle(ParsedRequest(request.scope, request.receive))

        return handle_parsed
