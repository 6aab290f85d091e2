"""One ADB stream: a byte pipe between a service of the phone and somebody beyond the adb server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from phonesim.adb.wire import Command, pack

READ_AHEAD = 512 * 1024  # bytes kept for a slow reader before its sender has to wait
LINE_LIMIT = 64 * 1024


class StreamClosed(Exception):
    """The other end closed the stream, or the whole connection is gone."""


class Stream:
    """A pipe with the protocol's flow control.

    One WRTE is on its way, the next waits for OKAY; with delayed acks (`window` bytes at first) as many are
    on their way as the other end has room for, and each OKAY says how much room there is again.
    """

    def __init__(
        self,
        local_id: int,
        remote_id: int,
        send: Callable[[bytes], None],
        max_payload: int,
        window: int | None = None,
    ) -> None:
        self._window = window
        self._local_id = local_id
        self._remote_id = remote_id
        self._send = send
        self._max_payload = max_payload
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._writing = asyncio.Lock()
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._owed: list[int] = []  # sizes of the WRTE that were not answered yet
        self._ended = False
        self.closed = asyncio.Event()

    # what the connection tells the stream

    def on_data(self, payload: bytes) -> None:
        """A WRTE came in. It is answered at once unless the reader lags behind."""
        self._buffer += payload
        self._arrived.set()
        self._owed.append(len(payload))
        self._answer()

    def on_okay(self, acked: int = 0) -> None:
        """The last WRTE was taken, or so many bytes with delayed acks."""
        if self._window is None:
            self._may_write.set()
            return
        self._window += acked
        if self._window > 0:
            self._may_write.set()

    def on_close(self) -> None:
        """The other end closed, or the connection broke. What was read ahead stays readable."""
        self._ended = True
        self.closed.set()
        self._arrived.set()
        self._may_write.set()

    # what a service does with it

    async def read(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises StreamClosed when fewer come."""
        while len(self._buffer) < size:
            await self._more()
        return self._take(size)

    async def read_until(self, mark: bytes) -> bytes:
        """Everything up to and with `mark`. Raises StreamClosed, also for more than 64 KiB without it."""
        searched = 0
        while (found := self._buffer.find(mark, searched)) < 0:
            searched = max(0, len(self._buffer) - len(mark))
            if searched > LINE_LIMIT:
                raise StreamClosed("no end of line within 64 KiB")
            await self._more()
        return self._take(found + len(mark))

    async def write(self, data: bytes) -> None:
        """Send all bytes. Raises StreamClosed when the other end is gone."""
        async with self._writing:
            for start in range(0, len(data), self._max_payload):
                await self._may_write.wait()
                if self.closed.is_set():
                    raise StreamClosed("written to a closed stream")
                part = data[start : start + self._max_payload]
                if self._window is not None:
                    self._window -= len(part)
                if self._window is None or self._window <= 0:
                    self._may_write.clear()
                self._send(pack(Command.WRTE, self._local_id, self._remote_id, part))
            await self._may_write.wait()

    def close(self) -> None:
        """Close from this side; closing twice does nothing."""
        if not self.closed.is_set():
            self._send(pack(Command.CLSE, self._local_id, self._remote_id))
            self.on_close()

    async def _more(self) -> None:
        if self._ended:
            raise StreamClosed("the other end closed")
        self._arrived.clear()
        await self._arrived.wait()

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._answer()
        return taken

    def _answer(self) -> None:
        """OKAY what came in, unless the reader lags behind."""
        while self._owed and len(self._buffer) < READ_AHEAD:
            size = self._owed.pop(0)
            acked = b"" if self._window is None else size.to_bytes(4, "little")
            self._send(pack(Command.OKAY, self._local_id, self._remote_id, acked))
