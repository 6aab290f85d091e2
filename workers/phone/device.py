"""uiautomator2's Device over a transport of our own.

Stock uiautomator2 opens a connection for each call without TCP_NODELAY, ignores timeouts, and
sends a call again after an HTTP error, taps too. Here a call has a real deadline, goes over one
kept-alive connection, and is sent once; only a call that merely reads may be sent a second time.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import uiautomator2
from uiautomator2.abstract import ShellResponse
from uiautomator2.exceptions import UiObjectNotFoundError
from uiautomator2.utils import list2cmdline

from flows.phone import PhoneError
from workers.phone.adb import Adb
from workers.phone.http import HttpClient
from workers.phone.transport import Deadline
from workers.phone.ui_server import START_SECONDS, UiServer

log = logging.getLogger("phonefleet.phone")

CALL_SECONDS = 15.0  # of a phone that is there: a dump of a busy screen takes 1-3 s on a slow one
SHELL_SECONDS = 20.0
RING = 50

READS = frozenset(
    {
        "count", "deviceInfo", "dumpWindowHierarchy", "exist", "getClipboard", "getLastToast", "getText", "objInfo",
        "objInfoOfAllInstances", "takeScreenshot", "waitForExists", "waitUntilGone",
    }
)  # fmt: skip
TOUCHES = frozenset({"click", "longClick", "swipe", "swipePoints", "drag"})
# without the permission INJECT_EVENTS no finger, key or text reaches the screen
_REFUSED = ("INJECT_EVENTS", "java.lang.SecurityException: Injecting")
_DEAD = ("UiAutomation not connected", "android.os.DeadObjectException", "android.os.DeadSystemRuntimeException")


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the phone, for evidence: when it began (Unix time), how long it took, what became of it.

    `point`: the pixel that a finger was put down at, x and y.
    """

    at: float
    method: str
    seconds: float
    error: str
    point: tuple[int, int] | None = None


class FleetDevice(uiautomator2.Device):  # type: ignore[misc]
    """A uiautomator2 Device whose every call is bounded by `remaining()` and sent at most once.

    Raises PhoneError where stock raises a mixture of HTTP, socket and adb errors.
    """

    def __init__(self, address: str, adb_port: int, remaining: Callable[[], float]) -> None:
        # not the base's __init__: it waits for the phone, starts the server, and registers an atexit
        # hook that keeps every Device alive
        self._address = address
        self._remaining = remaining
        self._adb = Adb(adb_port, address)
        self._server = UiServer(self._adb)
        self._http = HttpClient(self._server.connect, self._adb.ask)
        self._debug = False
        self._process = None
        self._device_server_port = 9008
        self.calls: deque[Call] = deque(maxlen=RING)

    @property
    def _serial(self) -> str:
        return self._address

    @property
    def adb_device(self) -> Any:
        """Stock's adbutils device has no deadlines: use `shell`."""
        raise NotImplementedError("adbutils' device has no deadlines; use shell()")

    def start_uiautomator(self) -> None:
        """Start the UI server unless it answers. Raises PhoneError."""
        self._server.start(self._deadline(START_SECONDS))

    def stop_uiautomator(self, wait: bool = True) -> None:
        """End the UI server; `wait` until it is gone. Raises PhoneError."""
        self._http.close()
        if wait:
            self._server.stop(self._deadline(START_SECONDS))
        else:
            self._server.detach()

    def jsonrpc_call(self, method: str, params: Any = None, timeout: float = CALL_SECONDS) -> Any:
        """One JSON-RPC call. Raises PhoneError; UiObjectNotFoundError when a selector matches nothing.

        Stock passes a `timeout` of 300 s for everything; the bound here is CALL_SECONDS, or what is asked if less.
        """
        payload = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params if params is not None else {}}
        # in ASCII alone: the UI server reads a body whose type names no charset as US-ASCII
        body = json.dumps(payload).encode()
        deadline = self._deadline(min(timeout, CALL_SECONDS))
        began, at, error = time.monotonic(), time.time(), ""
        try:
            return self._send(method, body, deadline)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"[:200]
            raise
        finally:
            self._note(at, method, began, error, _point(method, params))

    def shell(self, cmdargs: str | Sequence[str], timeout: float = SHELL_SECONDS) -> ShellResponse:
        """Run a shell command. Raises PhoneError."""
        command = cmdargs if isinstance(cmdargs, str) else list2cmdline(cmdargs)
        began, at, error = time.monotonic(), time.time(), ""
        try:
            return ShellResponse(*self._adb.shell(command, self._deadline(timeout)))
        except PhoneError as failure:
            error = str(failure)[:200]
            raise
        finally:
            self._note(at, f"shell {command[:60]}", began, error)

    def push(self, data: bytes, path: str) -> None:
        """Write a file on the phone. Raises PhoneError."""
        self._adb.push(data, path, self._deadline(SHELL_SECONDS))

    def _note(self, at: float, what: str, began: float, error: str, point: tuple[int, int] | None = None) -> None:
        """Keeps a call for evidence, and logs it; `began` is in monotonic seconds."""
        took = round(time.monotonic() - began, 4)
        self.calls.append(Call(at, what, took, error, point))
        log.debug("%s took %.3f s%s", what, took, error and f": {error}")

    def release(self) -> None:
        """Close all connections; the UI server ends with its stream."""
        self._http.close()
        self._server.detach()

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, self._remaining)

    def _send(self, method: str, body: bytes, deadline: Deadline) -> Any:
        self._server.drain()
        try:
            return _result(method, self._http.request("POST", "/jsonrpc/0", body, deadline))
        except PhoneError as error:
            if method not in READS or error.code != "ui_server_lost" or deadline.left() <= 0:
                raise
        if not self._server_is_well(deadline):
            self._server.stop(deadline)
        return _result(method, self._http.request("POST", "/jsonrpc/0", body, deadline))

    def _server_is_well(self, deadline: Deadline) -> bool:
        """Does the server answer a call that needs Android's UI automation?"""
        probe = b'{"jsonrpc":"2.0","id":1,"method":"deviceInfo","params":{}}'
        try:
            _result("deviceInfo", self._http.request("POST", "/jsonrpc/0", probe, deadline))
        except PhoneError as error:
            if error.code != "ui_server_lost":
                raise
            return False
        return True


def _point(method: str, params: Any) -> tuple[int, int] | None:
    """Returns the pixel at which a call puts a finger down; None for a call that touches nothing, or a selector's."""
    if method not in TOUCHES or not isinstance(params, list | tuple):
        return None
    match params:
        case [int(x), int(y), *_] | [[int(x), int(y), *_], *_]:
            return x, y
    return None


def _result(method: str, answer: bytes) -> Any:
    try:
        data = json.loads(answer)
    except ValueError as error:
        raise PhoneError("ui_server_lost", f"{method}: the answer is no JSON", sent=True) from error
    if isinstance(data, dict) and "result" in data:
        return data["result"]
    problem = data.get("error") if isinstance(data, dict) else None
    if not isinstance(problem, dict):
        raise PhoneError("ui_server_lost", f"{method}: the answer is no JSON-RPC", sent=True)
    message = str(problem.get("message", ""))
    if "uiautomator.UiObjectNotFoundException" in message:
        raise UiObjectNotFoundError(problem.get("code"), message, method)
    data_text = str(problem.get("data", ""))
    if any(hint in message or hint in data_text for hint in _REFUSED):
        # Android throws before anything reaches the screen: what was asked did not happen
        raise PhoneError("input_refused", f"{method}: {_first_line(message, data_text)}", sent=False)
    if any(hint in message or hint in data_text for hint in _DEAD):
        raise PhoneError("ui_server_lost", f"{method}: {message[:200]}", sent=True)
    raise PhoneError("page_not_reached", f"{method}: the UI server said {_first_line(message, data_text)}", sent=True)


def _first_line(message: str, data: str) -> str:
    """What went wrong in one line: the message, and what the data say first where they say something else."""
    detail = data.strip().partition("\n")[0]
    return f"{message}: {detail}"[:400] if detail and detail not in message else message[:400]
