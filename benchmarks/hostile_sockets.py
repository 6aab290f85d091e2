"""Sockets that mean harm: strangers that send slowly or not at all, receivers that hang, readers that hardly read.

All of them run in one thread, so that they cost the measured machine little.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

STRANGERS = ("127.0.0.10", "127.0.0.11")
SOCKETS_OF_EACH = 400
HANG_SECONDS = 14.9  # just below the sender's patience
ANSWER = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SLOW_READ = 256  # bytes
SLOW_SECONDS = 0.5
AGAIN_SECONDS = 5.0
CONNECT_SECONDS = 10.0
END_SECONDS = 60.0
HEAD = b"POST /v1/tasks HTTP/1.1\r\nhost: x\r\n"
# What a stranger sends first: nothing, half a head, a long body of a key that nobody has.
FIRST = (
    b"",
    HEAD + b"x-slow: ",
    HEAD + b"phonefleet-key: key_nobody\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n",
)


class Sockets:
    """Runs coroutines in a thread of its own until the `with` block ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._over = threading.Event()
        self.opened: Counter[str] = Counter()

    def __enter__(self) -> Sockets:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._loop.set_exception_handler(lambda *_: None)  # connections that end with the loop are no news
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(END_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def receivers(self, count: int) -> list[str]:
        """Listen on so many ports of loopback; hang, then answer 500. Their origins."""
        return asyncio.run_coroutine_threadsafe(self._listen(count), self._loop).result(30)

    def strangers(self, port: int) -> None:
        """Keep many connections to this port open, and open each again when it is closed."""
        for address in STRANGERS:
            for number in range(SOCKETS_OF_EACH):
                self._start(self._stranger(port, address, FIRST[number % len(FIRST)]))

    def slow_readers(self, port: int, address: str, count: int, request: Callable[[], bytes]) -> None:
        """Ask for something large over so many connections, and hardly read it. `request` makes each anew."""
        for _ in range(count):
            self._start(self._reader(port, address, request))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _listen(self, count: int) -> list[str]:
        servers = [await asyncio.start_server(self._hang, "127.0.0.1", 0) for _ in range(count)]
        return [f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in servers]

    async def _hang(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened["callbacks that hung"] += 1
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.sleep(HANG_SECONDS)
            writer.write(ANSWER)
            await writer.drain()
            writer.close()

    async def _stranger(self, port: int, address: str, first: bytes) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError, TimeoutError):
                reader, writer = await _connect(port, address)
                self.opened["connections of strangers"] += 1
                try:
                    writer.write(first)
                    while not (self._over.is_set() or reader.at_eof()):
                        writer.write(b"x" if first else b"")
                        await _read_a_little(reader)
                finally:
                    writer.close()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _reader(self, port: int, address: str, request: Callable[[], bytes]) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError, TimeoutError):
                reader, writer = await _connect(port, address)
                self.opened["slow downloads"] += 1
                try:
                    writer.write(request())
                    while not (self._over.is_set() or reader.at_eof()):
                        await _read_a_little(reader)
                finally:
                    writer.close()
            await asyncio.sleep(AGAIN_SECONDS)


async def _connect(port: int, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    connecting = asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0), limit=SLOW_READ)
    async with asyncio.timeout(CONNECT_SECONDS):
        return await connecting


async def _read_a_little(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SLOW_SECONDS):
            await reader.read(SLOW_READ)
    await asyncio.sleep(SLOW_SECONDS)


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=END_SECONDS / 2)
