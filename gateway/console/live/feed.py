"""The feed: one reader of the ledger for all open tabs. It renders what changed, once for each language.

A fragment is a part of a page with an id of its own. Each change gets the next number; a tab that was away asks for
what changed after the number that it saw last, and gets each fragment once, as it is now.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anyio.to_thread import run_sync

log = logging.getLogger("phonefleet.console")

_LINE_END = re.compile(r"\r\n|\r|\n")
EVERY_SECONDS = 0.5  # two batches a second at most
STILL_SECONDS = 10.0  # without news a tab gets a sign of life
MOST_TABS = 200
MOST_OF_ONE = 50  # tabs of one user
LAST_LOOK_SECONDS = 5.0  # after the last tab has gone

Fragments = Mapping[str, Any]  # id → what its rendering depends on
Render = Callable[[str, Any, str], str]  # id, that, language → HTML


@dataclass(slots=True)
class _Shown:
    value: Any
    number: int
    html: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """The fragments that changed: the mark of the last change, and their HTML."""

    mark: str
    html: str


class Feed:
    """The fragments as the ledger was last seen, with the number of each one's last change."""

    def __init__(self, look: Callable[[], Fragments], render: Render, *, every: float = EVERY_SECONDS) -> None:
        self._look = look
        self._render = render
        self._every = every
        self._life = secrets.token_hex(4)  # numbers of another process mean nothing
        self._number = 0
        self._shown: dict[str, _Shown] = {}
        self._tabs: Counter[str] = Counter()  # by user
        self._changed = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._wanted_at = 0.0
        self._looking = asyncio.Lock()  # an older look never comes after a newer one

    def full(self, who: str = "") -> bool:
        """Returns whether no further tab of a user can be served; it asks from time to time instead."""
        return self._tabs.total() >= MOST_TABS or self._tabs[who] >= MOST_OF_ONE

    async def now(self) -> tuple[Fragments, str]:
        """Looks now. Returns the fragments, and the mark from which a tab that shows them goes on."""
        async with self._looking:
            found = await run_sync(self._look)
            self.see(found)
        return found, self._mark()

    async def since(self, mark: str, language: str, wanted: Callable[[str], bool]) -> Batch:
        """Returns what changed since this mark; all fragments when it is of another life, or none."""
        self._keep_reading()
        if not self._shown:
            await self._see()
        return self._batch(self._number_of(mark), language, wanted)

    async def stream(
        self, mark: str, language: str, wanted: Callable[[str], bool], still_there: Callable[[], bool], who: str = ""
    ) -> AsyncIterator[str]:
        """Yields what changes from now on, as server-sent events, until `still_there` says that the session ended."""
        self._tabs[who] += 1
        try:
            yield "retry: 2000\n\n"
            seen = self._number_of(mark)
            while await run_sync(still_there):
                until = time.monotonic() + STILL_SECONDS
                while (left := until - time.monotonic()) > 0:
                    self._keep_reading()
                    changed = self._changed
                    if self._number > seen:
                        batch = self._batch(seen, language, wanted)
                        seen = self._number
                        if batch.html:
                            yield event(batch)
                            continue
                    try:
                        await asyncio.wait_for(changed.wait(), left)
                    except TimeoutError:
                        break
                yield ": still here\n\n"
        finally:
            self._tabs[who] -= 1
            if not self._tabs[who]:
                del self._tabs[who]

    def see(self, fragments: Fragments) -> None:
        """Takes what a look at the ledger found."""
        changed = [
            (name, value)
            for name, value in fragments.items()
            if name not in self._shown or self._shown[name].value != value
        ]
        gone = [name for name in self._shown if name not in fragments]
        for name in gone:
            del self._shown[name]
        if not changed and not gone:
            return
        self._number += 1
        for name, value in changed:
            self._shown[name] = _Shown(value, self._number)
        before, self._changed = self._changed, asyncio.Event()
        before.set()

    async def close(self) -> None:
        """Ends the reader."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    def _batch(self, seen: int, language: str, wanted: Callable[[str], bool]) -> Batch:
        parts = []
        for name, one in self._shown.items():
            if one.number > seen and wanted(name):
                if language not in one.html:
                    one.html[language] = self._render(name, one.value, language)
                parts.append(one.html[language])
        return Batch(self._mark(), "".join(parts))

    def _mark(self) -> str:
        return f"{self._life}-{self._number}"

    def _number_of(self, mark: str) -> int:
        life, _, number = mark.partition("-")
        return int(number) if life == self._life and number.isascii() and number.isdigit() and len(number) < 12 else 0

    def _keep_reading(self) -> None:
        self._wanted_at = time.monotonic()
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while self._tabs or time.monotonic() - self._wanted_at < LAST_LOOK_SECONDS:
            await self._see()
            await asyncio.sleep(self._every)

    async def _see(self) -> None:
        try:
            await self.now()
        except Exception:  # the ledger is away: the tabs keep what they show, and say so by themselves
            log.exception("the ledger could not be read for the console")


def event(batch: Batch) -> str:
    """Returns a batch as one server-sent event."""
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(batch.html))
    return f"id: {batch.mark}\n{lines}\n"
