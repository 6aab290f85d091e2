"""The ADB transport's messages: a 24-byte little-endian header and a payload.

The header holds command, arg0, arg1, payload length, payload checksum and the command with all
bits flipped. Since protocol version 0x01000001 the checksum is not looked at and is sent as 0.
Source: `packages/modules/adb/protocol.txt` of the Android sources.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

VERSION = 0x01000001
MAX_PAYLOAD = 1024 * 1024  # bytes; what current adbd announces
AUTH_TOKEN, AUTH_SIGNATURE = 1, 2  # arg0 of AUTH

_HEADER = struct.Struct("<6I")
HEADER_SIZE = _HEADER.size


class WireError(Exception):
    """The bytes are no ADB message."""


class Command(IntEnum):
    """The four letters of a command, read as a little-endian number."""

    CNXN = 0x4E584E43
    AUTH = 0x48545541
    OPEN = 0x4E45504F
    OKAY = 0x59414B4F
    WRTE = 0x45545257
    CLSE = 0x45534C43


@dataclass(frozen=True, slots=True)
class Header:
    """A message without its payload; `command` may be one that this end does not know."""

    command: int
    arg0: int
    arg1: int
    length: int


def pack(command: Command, arg0: int, arg1: int, payload: bytes = b"") -> bytes:
    """One message, ready to send."""
    return _HEADER.pack(command, arg0, arg1, len(payload), 0, command ^ 0xFFFFFFFF) + payload


def unpack_header(data: bytes) -> Header:
    """Read a header. Raises WireError when it is damaged or announces too large a payload."""
    command, arg0, arg1, length, _checksum, magic = _HEADER.unpack(data)
    if magic != command ^ 0xFFFFFFFF:
        raise WireError(f"bad magic {magic:#x} for command {command:#x}")
    if length > MAX_PAYLOAD:
        raise WireError(f"payload of {length} bytes, at most {MAX_PAYLOAD} are allowed")
    return Header(command, arg0, arg1, length)


def features(identity: bytes) -> frozenset[str]:
    """The features that an identity in CNXN announces."""
    _, found, rest = identity.partition(b"features=")
    names = rest.partition(b";")[0].rstrip(b"\0").decode("ascii", "replace")
    return frozenset(names.split(",")) if found else frozenset()


def banner(properties: dict[str, str], features: tuple[str, ...]) -> bytes:
    """The identity that a device sends in CNXN."""
    keys = ("ro.product.name", "ro.product.model", "ro.product.device")
    described = "".join(f"{key}={properties[key]};" for key in keys)
    return f"device::{described}features={','.join(features)}".encode()
