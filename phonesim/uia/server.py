"""The UI server's HTTP side: GET /ping and POST /jsonrpc/0 over an ADB stream."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from phonesim.adb.stream import Stream
from phonesim.http import Request, Response, serve_http
from phonesim.uia.calls import CALLS, IMMEDIATE
from phonesim.uia.process import ProcessDied, UiProcess
from phonesim.uia.rpc import INVALID_PARAMS, METHOD_NOT_FOUND, PARSE_ERROR, SERVER_ERROR, RpcError

if TYPE_CHECKING:
    from phonesim.device import Device

log = logging.getLogger(__name__)

READ_TIMEOUT = 5.0  # seconds; SOCKET_READ_TIMEOUT of the jar's NanoHTTPD, whatever the phone's pace


async def serve_ui(device: Device, process: UiProcess, stream: Stream) -> None:
    """Answer one client until it goes or the process dies."""

    async def handle(request: Request) -> Response:
        return await _answer(device, process, request)

    process.holds(stream)
    try:
        await serve_http(stream, handle, READ_TIMEOUT)
    finally:
        process.releases(stream)


async def _answer(device: Device, process: UiProcess, request: Request) -> Response:
    if request.path == "/ping":
        await device.awake.wait()
        if process.ended.is_set():
            raise ProcessDied("the UI server died")
        return Response(b"pong", content_type="text/plain")
    if request.path != "/jsonrpc/0" or request.method != "POST":
        return Response(b"Not Found", 404, "text/plain")
    try:
        call = json.loads(_text_of(request))
        name, arguments = str(call["method"]), call.get("params") or []
    except (ValueError, TypeError, LookupError) as error:
        return _failure(None, RpcError(PARSE_ERROR, f"cannot read the call: {error!r}"))
    try:
        result = await _run(device, process, name, arguments if isinstance(arguments, list) else [])
    except RpcError as error:
        return _failure(call.get("id"), error)
    return Response.of_json({"jsonrpc": "2.0", "id": call.get("id"), "result": result})


def _text_of(request: Request) -> str:
    """The body as NanoHTTPD reads it: US-ASCII unless the Content-Type names a charset. Raises LookupError."""
    return request.body.decode(request.charset or "ascii", errors="replace")


async def _run(device: Device, process: UiProcess, name: str, arguments: list[Any]) -> Any:
    """Run a call in its turn; those that only wait do not hold up the others."""
    device.calls += 1
    implementation = CALLS.get(name)
    if implementation is None:
        raise RpcError(METHOD_NOT_FOUND, f"no such method: {name}")

    async def act() -> Any:
        try:
            with device.timed(name):
                return await implementation(device, *arguments)
        except RpcError:
            raise
        except TypeError as error:
            raise RpcError(INVALID_PARAMS, f"{name}: {error}") from error
        except Exception as error:
            log.exception("call %s failed", name)
            raise RpcError(SERVER_ERROR, f"java.lang.RuntimeException: {error!r}") from error

    if name in IMMEDIATE:
        return await process.or_death(asyncio.ensure_future(act()))
    return await process.call(act)


def _failure(call_id: Any, error: RpcError) -> Response:
    detail = {"code": error.code, "message": error.message, "data": error.message}
    return Response.of_json({"jsonrpc": "2.0", "id": call_id, "error": detail})
