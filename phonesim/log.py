"""A phone's log: the last lines of it, and somebody who waits for more."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass

MOST_LINES = 2000
QUIET_SECONDS = 1.0  # at most between two lines that a reader of the log sees: no phone's log stands still
CHATTER = (
    ("D", "WifiNl80211Manager", "Scan result ready event"),
    ("V", "AlarmManager", "Triggered alarm"),
    ("I", "chatty", "uid=1000(system) identical 3 lines"),
    ("D", "BatteryService", "Processing new values"),
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One message: when (seconds since 1970), from which process, how grave (of VDIWEF), and what it says."""

    at: float
    pid: int
    level: str
    tag: str
    text: str

    def shown(self, form: str) -> str:
        stamp = time.strftime("%m-%d %H:%M:%S", time.localtime(self.at)) + f".{int(self.at * 1000) % 1000:03d}"
        if form == "time":
            return f"{stamp} {self.level}/{self.tag:<8}({self.pid:>5}): {self.text}"
        if form == "brief":
            return f"{self.level}/{self.tag:<8}({self.pid:>5}): {self.text}"
        if form == "raw":
            return self.text
        if form == "tag":
            return f"{self.level}/{self.tag:<8}: {self.text}"
        return f"{stamp} {self.pid:>5} {self.pid:>5} {self.level} {self.tag:<8}: {self.text}"


class Log:
    """A phone's log; `more` is set whenever a line comes."""

    def __init__(self) -> None:
        self.lines: deque[LogLine] = deque(maxlen=MOST_LINES)
        self.count = 0  # of all lines so far
        self.more = asyncio.Event()
        self._chatter = itertools.cycle(CHATTER)
        self.say("I", "boot_progress", "boot_progress_enable_screen")

    def say(self, level: str, tag: str, text: str, pid: int = 1204) -> None:
        """Add a message; 1204 is the system server."""
        self.lines.append(LogLine(time.time(), pid, level, tag, text))
        self.count += 1
        self.more.set()

    async def beyond(self, seen: int) -> None:
        """Return when there are more than `seen` lines; where nothing happens, the system says something."""
        deadline = time.monotonic() + QUIET_SECONDS
        while self.count == seen:
            self.more.clear()
            try:
                await asyncio.wait_for(self.more.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                self.say(*next(self._chatter))
