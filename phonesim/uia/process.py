"""The UI server's process on a phone: it starts, takes calls one after the other, and dies.

Calls run in the order in which they came, each to its end, whether or not its caller still waits:
a phone that hung runs all taps that were queued meanwhile. Only the death of the process drops
what has not run yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from phonesim.adb.stream import Stream, StreamClosed

T = TypeVar("T")
Job = Callable[[], Coroutine[Any, Any, None]]


class ProcessDied(StreamClosed):
    """The process ended before it answered."""


class UiProcess:
    """One life of the UI server. `awake` is cleared while the phone hangs."""

    def __init__(self, pid: int, port: int, awake: asyncio.Event) -> None:
        self.pid = pid
        self.port = port
        self.ended = asyncio.Event()
        self._awake = awake
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._waiting: set[asyncio.Future[Any]] = set()
        self._streams: set[Stream] = set()
        self._worker = asyncio.create_task(self._work(), name=f"ui server {pid}")

    async def call(self, what: Callable[[], Awaitable[T]]) -> T:
        """Queue a call and wait for its result. Raises ProcessDied, and whatever `what` raises."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def job() -> None:
            try:
                result = await what()
                await self._awake.wait()  # no answer leaves a phone that hangs
            except Exception as error:  # noqa: BLE001  # the caller gets it
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(result)

        self._jobs.put_nowait(job)
        return await self.or_death(answer)

    async def or_death(self, answer: asyncio.Future[T]) -> T:
        """Wait for a result that the death of the process makes ProcessDied."""
        if self.ended.is_set():
            raise ProcessDied("the UI server is not running")
        self._waiting.add(answer)
        try:
            return await answer
        finally:
            self._waiting.discard(answer)

    def holds(self, stream: Stream) -> None:
        """A client connected: its stream ends with the process."""
        self._streams.add(stream)

    def releases(self, stream: Stream) -> None:
        """A client is gone."""
        self._streams.discard(stream)

    def kill(self) -> None:
        """Die at once: calls that have not run never will, their callers see the line break."""
        if self.ended.is_set():
            return
        self.ended.set()
        self._worker.cancel()
        for answer in list(self._waiting):
            if not answer.done():
                answer.set_exception(ProcessDied("the UI server died"))
        for stream in list(self._streams):
            stream.close()

    async def _work(self) -> None:
        while not self.ended.is_set():  # a job may kill the process that runs it
            job = await self._jobs.get()
            await self._awake.wait()
            await job()
