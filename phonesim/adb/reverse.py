"""`reverse:`: what a client asked the phone to forward back to it. Nothing on a simulated phone connects there."""

from __future__ import annotations

import re

from phonesim.adb.stream import Stream

FIRST_PORT = 40_000  # of those that `tcp:0` gets
_PLACE = re.compile(r"tcp:(\d{1,5})|local(?:abstract|reserved|filesystem)?:.+")


class Reverses:
    """The phone's forwards, by what listens on the phone; adbd calls its peer host-N."""

    def __init__(self) -> None:
        self._forwards: dict[str, str] = {}
        self._next_port = FIRST_PORT

    async def serve(self, stream: Stream, request: str) -> None:
        """Answer `list-forward`, `forward:…`, `killforward:…` and `killforward-all`."""
        await stream.write(self._answer(request))

    def _answer(self, request: str) -> bytes:
        if request == "list-forward":
            return _counted("".join(f"host-1 {here} {there}\n" for here, there in self._forwards.items()))
        if request == "killforward-all":
            self._forwards.clear()
            return b"OKAY"
        kind, _, rest = request.partition(":")
        if kind == "killforward":
            if self._forwards.pop(rest, None) is None:
                return _failed(f"listener '{rest}' not found")
            return b"OKAY"
        return self._forward(rest) if kind == "forward" else _failed("unknown reverse request")

    def _forward(self, rest: str) -> bytes:
        keep = rest.startswith("norebind:")
        here, semicolon, there = rest.removeprefix("norebind:").partition(";")
        if not semicolon or not there:
            return _failed(f"bad forward: forward:{rest}")
        match = _PLACE.fullmatch(here)
        if match is None or (match[1] and int(match[1]) > 65535):
            return _failed(f"cannot bind listener: unknown socket specification: {here}")
        if keep and here in self._forwards:
            return _failed("cannot rebind existing socket")
        if here == "tcp:0":
            here, self._next_port = f"tcp:{self._next_port}", self._next_port + 1
        self._forwards[here] = there
        return b"OKAY" + (_counted(here.removeprefix("tcp:")) if match[1] else b"")  # the port, also one that was named


def _counted(text: str) -> bytes:
    raw = text.encode()
    return b"%04x" % len(raw) + raw


def _failed(reason: str) -> bytes:
    return b"FAIL" + _counted(reason)
