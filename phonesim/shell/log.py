"""`logcat` and `log`: the phone's log, the last lines of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from phonesim.log import LogLine
from phonesim.shell.command import Call, Command, Result, failed, said

LEVELS = "VDIWEF"
FORMATS = ("brief", "long", "process", "raw", "tag", "thread", "threadtime", "time")


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
