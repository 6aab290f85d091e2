"""The `sync:` service: files in and out of the phone, in both versions of its protocol.

Requests are a four-letter id, a little-endian length and that many bytes of path. Source: `SYNC.TXT` and
`file_sync_service.cpp` of the Android sources; what it says about failures is said in the same words.
"""

from __future__ import annotations

import errno
import posixpath
import struct
import zlib

from phonesim.adb.stream import Stream
from phonesim.files import Entry, Files

CHUNK = 64 * 1024  # largest DATA part
MAX_PATH = 1024
DEVICE, USER = 64_768, 2000
DRY_RUN = 0x80000000  # flag of SND2: take the file and forget it
_V1, _V2 = struct.Struct("<4sIII"), struct.Struct("<4sIQQIIIIQqqq")


class _Refused(Exception):
    """The request fails; the text goes back to the other end, and the service ends."""


async def serve_sync(stream: Stream, files: Files) -> None:
    """Answer sync requests until the other end says QUIT or closes (then StreamClosed)."""
    while True:
        request, length = struct.unpack("<4sI", await stream.read(8))
        if request == b"QUIT":
            return
        try:
            if length > MAX_PATH:
                raise _Refused("path too long")
            await _answer(stream, files, request, (await stream.read(length)).decode("utf-8", "replace"))
        except _Refused as refusal:
            raw = str(refusal).encode()
            await stream.write(struct.pack("<4sI", b"FAIL", len(raw)) + raw)
            return


async def _answer(stream: Stream, files: Files, request: bytes, path: str) -> None:
    if request == b"STAT":
        await stream.write(_V1.pack(b"STAT", *_stat_v1(files.stat(path))))
    elif request in (b"STA2", b"LST2"):
        entry = files.stat(path)
        missing = errno.ENOTDIR if entry is None and files.below_a_file(path) else errno.ENOENT
        await stream.write(_V2.pack(request, *_stat_v2(path, entry, missing)))
    elif request in (b"LIST", b"LIS2"):
        await stream.write(_listing(files, path, second=request == b"LIS2"))
    elif request == b"RECV":
        await _send_file(stream, files, path)
    elif request == b"RCV2":
        await stream.read(8)  # id and flags: no compression was announced, so none is asked for
        await _send_file(stream, files, path)
    elif request == b"SEND":
        target, comma, mode = path.rpartition(",")
        if not comma:
            raise _Refused("missing , in ID_SEND_V1")
        if not mode.isdigit():
            raise _Refused("bad mode")
        await _receive_file(stream, files, target, int(mode), dry=False)
    elif request == b"SND2":
        _, mode_2, flags = struct.unpack("<4sII", await stream.read(12))
        await _receive_file(stream, files, path, mode_2, dry=bool(flags & DRY_RUN))
    else:
        raise _Refused(f"unknown command {int.from_bytes(request, 'little'):08x}")


def _stat_v1(entry: Entry | None) -> tuple[int, int, int]:
    return (entry.mode, entry.size, entry.mtime) if entry else (0, 0, 0)


def _stat_v2(path: str, entry: Entry | None, missing: int = errno.ENOENT) -> tuple[int, ...]:
    """Error, device, inode, mode, links, owner, group, size and three times."""
    if entry is None:
        return (missing, *[0] * 10)
    times = [entry.mtime] * 3
    return (0, DEVICE, zlib.crc32(path.encode()), entry.mode, 1, USER, USER, entry.size, *times)


def _listing(files: Files, path: str, *, second: bool) -> bytes:
    """All names right below a directory, as readdir gives them; of what is none, nothing."""
    head, kind = (_V2, b"DNT2") if second else (_V1, b"DENT")
    here = files.stat(path)
    names = files.names(path)
    if here is not None and here.is_directory:
        parent = files.stat(posixpath.dirname(posixpath.normpath(path)))
        names = [(".", here), ("..", parent or here), *names]
    parts = []
    for name, entry in names:
        raw = name.encode()
        fields = _stat_v2(posixpath.join(path, name), entry) if second else _stat_v1(entry)
        parts.append(head.pack(kind, *fields) + struct.pack("<I", len(raw)) + raw)
    zeros = [0] * (11 if second else 3)
    return b"".join(parts) + head.pack(b"DONE", *zeros) + struct.pack("<I", 0)


async def _send_file(stream: Stream, files: Files, path: str) -> None:
    try:
        content = files.read(path)
    except IsADirectoryError as error:
        raise _Refused(f"read failed: {error.strerror}") from error
    except OSError as error:
        raise _Refused(f"open failed: {error.strerror}") from error
    for start in range(0, len(content), CHUNK):
        part = content[start : start + CHUNK]
        await stream.write(struct.pack("<4sI", b"DATA", len(part)) + part)
    await stream.write(struct.pack("<4sI", b"DONE", 0))


async def _receive_file(stream: Stream, files: Files, path: str, mode: int, *, dry: bool) -> None:
    """Take all of a file before it is said what became of it, as adbd does."""
    content = bytearray()
    while True:
        kind, number = struct.unpack("<4sI", await stream.read(8))
        if kind == b"DONE":
            break
        if kind != b"DATA":
            raise _Refused("invalid data message")
        if number > CHUNK:
            raise _Refused("oversize data message")
        content += await stream.read(number)
    if not dry:
        _write(files, path, bytes(content), mode, number)
    await stream.write(struct.pack("<4sI", b"OKAY", 0))


def _write(files: Files, path: str, content: bytes, mode: int, mtime: int) -> None:
    """Raises _Refused."""
    parent = posixpath.dirname(path)
    try:
        files.may_write(path)
        if files.stat(parent) is None:
            files.make_directory(parent)
    except OSError as error:
        step = "write failed" if error.errno == errno.ENOSPC else "couldn't create file"
        raise _Refused(f"{step}: {error.strerror}") from error
    mode |= mode >> 3 & 0o070  # what the owner may, adbd lets the group and all others
    files.write(path, content, mode=mode | mode >> 3 & 0o007, mtime=mtime)
