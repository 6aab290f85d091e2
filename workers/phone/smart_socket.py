"""The wire format of adb's server, without its wire: framing of requests and answers. Pure.

The protocol is adb's "smart socket" one: four hexadecimal digits of length, the request, and an answer that begins
with OKAY or FAIL (docs/dev/services.md in the Android platform's adb sources). Two clients speak it: the host's
(workers/host/adb.py) asks the server, a phone's (workers/phone/transport.py) goes through it to a service. Each has
deadlines and errors of its own, and passes the function that reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MOST_REQUEST = 0xFFFF  # bytes; their number is sent as four hexadecimal digits
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")

Exactly = Callable[[int], bytes]  # reads so many bytes


class RequestTooLong(ValueError):
    """adb cannot be asked this: the length of a request has four digits."""


class NotSmartSocket(ValueError):
    """The other side does not speak adb's protocol."""


def framed(request: str) -> bytes:
    """Returns the request as it is sent. Raises RequestTooLong."""
    data = request.encode()
    if len(data) > MOST_REQUEST:
        raise RequestTooLong(
            f"{request[:40]}… has {len(data)} bytes; adb takes {MOST_REQUEST}: push a file and run that"
        )
    return b"%04x" % len(data) + data


def read_refusal(exactly: Exactly) -> str | None:
    """Returns None when the server answers OKAY, and its reason when it refuses. Raises NotSmartSocket."""
    verdict = exactly(4)
    if verdict == b"OKAY":
        return None
    if verdict != b"FAIL":
        raise NotSmartSocket(f"the adb server answered {verdict!r}")
    return read_block(exactly)


def read_block(exactly: Exactly) -> str:
    """Returns a text that its length precedes. Raises NotSmartSocket."""
    length = exactly(4)
    if not _LENGTH.fullmatch(length):
        raise NotSmartSocket(f"the adb server sent {length!r} where a length stands")
    return exactly(int(length, 16)).decode(errors="replace")
