"""The `sync:` service: files in and out of the phone. Source: `SYNC.TXT` of the Android sources.

Requests are a four-letter id, a little-endian length and that many bytes of path.
"""

from __future__ import annotations

import struct

from phonesim.adb.stream import Stream
from phonesim.files import Entry, Files, NoSpace

CHUNK = 64 * 1024  # largest DATA part
MAX_PATH = 1024


async def serve_sync(stream: Stream, files: Files) -> None:
    """Answer sync requests until the other end says QUIT or closes (then StreamClosed)."""
    while True:
        request, length = struct.unpack("<4sI", await stream.read(8))
        if request == b"QUIT":
            return
        if length > MAX_PATH:
            await stream.write(_fail("path too long"))
            return
        path = (await stream.read(length)).decode("utf-8", "replace")
        if request == b"STAT":
            await stream.write(struct.pack("<4sIII", b"STAT", *_stat(files.stat(path))))
        elif request == b"LIST":
            await stream.write(_listing(files, path))
        elif request == b"RECV":
            await _send_file(stream, files, path)
        elif request == b"SEND":
            await _receive_file(stream, files, path)
        else:
            await stream.write(_fail(f"unknown command {request.decode('ascii', 'replace')}"))
            return


def _stat(entry: Entry | None) -> tuple[int, int, int]:
    return (entry.mode, entry.size, entry.mtime) if entry else (0, 0, 0)


def _listing(files: Files, path: str) -> bytes:
    parts = []
    for name, entry in files.names(path):
        raw = name.encode()
        parts.append(struct.pack("<4sIIII", b"DENT", *_stat(entry), len(raw)) + raw)
    return b"".join(parts) + struct.pack("<4sIIII", b"DONE", 0, 0, 0, 0)


async def _send_file(stream: Stream, files: Files, path: str) -> None:
    try:
        content = files.read(path)
    except FileNotFoundError:
        await stream.write(_fail("No such file or directory"))
        return
    for start in range(0, len(content), CHUNK):
        part = content[start : start + CHUNK]
        await stream.write(struct.pack("<4sI", b"DATA", len(part)) + part)
    await stream.write(struct.pack("<4sI", b"DONE", 0))


async def _receive_file(stream: Stream, files: Files, target: str) -> None:
    path, _, mode = target.rpartition(",")
    content = bytearray()
    while True:
        kind, number = struct.unpack("<4sI", await stream.read(8))
        if kind == b"DONE":
            break
        if kind != b"DATA" or number > CHUNK:
            await stream.write(_fail("expected DATA or DONE"))
            return
        content += await stream.read(number)
    try:
        files.write(path, bytes(content), mode=int(mode), mtime=number)
    except NoSpace as error:
        await stream.write(_fail(f"couldn't write file: {error}"))
        return
    await stream.write(struct.pack("<4sI", b"OKAY", 0))


def _fail(reason: str) -> bytes:
    raw = reason.encode()
    return struct.pack("<4sI", b"FAIL", len(raw)) + raw
