"""Sends an answer in pieces, each within a time: a client that hardly reads holds little memory, for a short time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import IO

from starlette.types import Send

SENT_BYTES = 16_384  # of a piece; a connection's own buffer holds as much
LARGE_BYTES = 65_536  # an answer that is longer counts towards the bytes of all answers
SEND_SECONDS = 60.0
PIECE_SECONDS = 5.0


def filed(body: bytes, until_sent: ExitStack) -> Iterator[bytes]:
    """Yields a large body piece by piece from a file, so that it takes no memory; `until_sent` deletes the file."""
    file = until_sent.enter_context(tempfile.TemporaryFile(prefix="phonefleet-answer-"))  # noqa: SIM115 - see above
    file.write(body)
    return pieces_of_file(file)


def pieces_of_file(file: IO[bytes]) -> Iterator[bytes]:
    """Yields what a file holds, piece by piece."""
    file.seek(0)
    read: Callable[[], bytes] = lambda: file.read(SENT_BYTES)  # noqa: E731 - iter() wants a callable
    return iter(read, b"")


def pieces_of(body: bytes | bytearray) -> Iterator[bytes]:
    """Yields a body piece by piece; an empty one is one piece."""
    view = memoryview(body)
    for start in range(0, max(1, len(view)), SENT_BYTES):
        yield bytes(view[start : start + SENT_BYTES])


async def send_answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], pieces: Iterable[bytes], length: int
) -> None:
    """Sends an answer of `length` bytes. Raises TimeoutError when the client reads it too slowly."""
    async with asyncio.timeout(SEND_SECONDS):
        start = [*headers, (b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": status, "headers": start})
        for piece in pieces:
            length -= len(piece)
            async with asyncio.timeout(PIECE_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": length > 0})
