"""Errors of the UI server's JSON-RPC, as Android's own look: a code and a Java class in the message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

PARSE_ERROR = -32700
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
SERVER_ERROR = -32001

Call: TypeAlias = Callable[..., Awaitable[Any]]


class RpcError(Exception):
    """Becomes the `error` of the answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def not_found(selector: object) -> RpcError:
    """What every call says about an element that is not on the screen."""
    return RpcError(SERVER_ERROR, f"androidx.test.uiautomator.UiObjectNotFoundException: UiSelector{selector}")
