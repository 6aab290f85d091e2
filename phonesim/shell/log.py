"""`logcat` and `log`: the phone's log, the last lines of it."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from phonesim.shell.command import Call, Command, Result, failed, said

MOST_LINES = 2000
QUIET_SECONDS = 1.0  # at most between two lines that a reader of the log sees: no phone's log stands still
CHATTER = (
    ("D", "WifiNl80211Manager", "Scan result ready event"),
    ("V", "AlarmManager", "Triggered alarm"),
    ("I", "chatty", "uid=1000(system) identical 3 lines"),
    ("D", "BatteryService", "Processing new values"),
)
LEVELS = "VDIWEF"
FORMATS = ("brief", "long", "process", "raw", "tag", "thread", "threadtime", "time")


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


async def log(call: Call) -> Result:
    """`log [-p LEVEL] [-t TAG] MESSAGE`"""
    args, level, tag = list(call.args), "I", "log"
    while args and args[0] in ("-p", "-t"):
        option, value = args.pop(0), args.pop(0)
        level, tag = (value.upper()[:1], tag) if option == "-p" else (level, value)
    if level not in LEVELS:
        return failed(f"log: invalid priority {level}")
    call.device.log.say(level, tag, " ".join(args), call.device.new_pid())
    return Result()


async def logcat(call: Call) -> Result:
    """`logcat [-d|-c|-t N] [-v FORMAT] [-s] [TAG:LEVEL…]`; without -d it goes on until its reader leaves."""
    log_, args = call.device.log, list(call.args)
    if "-c" in args or "--clear" in args:
        log_.lines.clear()
        return Result()
    if "-g" in args:
        return said("main: ring buffer is 256 KiB (12 KiB consumed), max entry is 5120 B, max payload is 4068 B")
    form = args[args.index("-v") + 1] if "-v" in args[:-1] else "threadtime"
    if form not in FORMATS:
        return failed(f'logcat: Invalid parameter "{form}" to -v')
    matches = [re.fullmatch(r"([\w.*-]+):([VDIWEFS])", arg) for arg in args]
    filters = {match[1]: match[2] for match in matches if match}
    if "-s" in args:
        filters.setdefault("*", "S")
    lines = list(log_.lines)
    if "-t" in args[:-1]:
        lines = lines[-int(args[args.index("-t") + 1]) :]
    shown = [line.shown(form) for line in lines if _wanted(line, filters)]
    text = "\n".join(["--------- beginning of main", *shown]) + "\n"
    if "-d" in args or "-t" in args:
        return said(text)
    await call.send(text.encode())
    seen = log_.count
    while True:
        await log_.beyond(seen)
        fresh = list(log_.lines)[-(log_.count - seen) :]
        seen = log_.count
        shown = [line.shown(form) + "\n" for line in fresh if _wanted(line, filters)]
        await call.send("".join(shown).encode())


def _wanted(line: LogLine, filters: Mapping[str, str]) -> bool:
    least = filters.get(line.tag, filters.get("*", "V"))
    return least != "S" and LEVELS.index(line.level) >= LEVELS.index(least)


LOG_COMMANDS: Mapping[str, Command] = {"log": log, "logcat": logcat}
