"""Processes on the phone: `ps`, `pidof`, `kill`, `pkill`, and `app_process`, which is the UI server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from phonesim.adb.stream import StreamClosed
from phonesim.practice import LAUNCHER
from phonesim.shell.command import Call, Command, Result, failed, said
from phonesim.shell.recording import recorders, screenrecord
from phonesim.uia.process import UiProcess

if TYPE_CHECKING:
    from phonesim.device import Device

UI_SERVER = "com.wetest.uia2.Main"
UI_SERVER_JAR = "/data/local/tmp/u2.jar"
STARTING = b"[server] INFO: [UiAutomator2Server] Starting Server\n"
REGISTERED = b"java.lang.IllegalStateException: UiAutomationService android.accessibilityservice already registered!\n"


def processes(device: Device) -> list[tuple[int, str]]:
    """What runs: process ids and names."""
    return [(pid, name) for pid, _, name in _running(device)]


def _running(device: Device) -> list[tuple[int, str, str]]:
    running = [(1, "root", "init"), (1204, "system", "system_server"), (1893, "u0_a61", "com.android.systemui")]
    running += [(2144, "u0_a100", LAUNCHER), (2671, "shell", "adbd")]
    if device.app_pid is not None:
        running.append((device.app_pid, "u0_a187", device.app.package))
    if device.ui is not None:
        running.append((device.ui.pid, "shell", "app_process"))
    running += [(pid, "shell", "screenrecord") for pid in recorders(device)]
    return running


async def ps(call: Call) -> Result:
    """`ps [-A|-e] [-u USER] [-p PID] [-o NAME,…]`; without -A what the user shell runs."""
    chosen = {flag: call.args[at + 1] for at, flag in enumerate(call.args[:-1]) if flag in ("-u", "-p", "-o")}
    rows = _running(call.device)
    if "-p" in chosen:
        rows = [row for row in rows if str(row[0]) in chosen["-p"].split(",")]
    elif "-u" in chosen or not (call.flag("A") or call.flag("e")):
        users = chosen.get("-u", "shell").split(",")
        rows = [row for row in rows if row[1] in users]
    if "-o" in chosen:
        return _columns(rows, chosen["-o"].upper().split(","))
    head = f"{'USER':<14}{'PID':>6}{'PPID':>6} {'VSZ':>10}{'RSS':>8} {'WCHAN':<20}{'ADDR':>9} S NAME"
    lines = [
        f"{user:<14}{pid:>6}{612:>6} {13821400:>10}{98304:>8} {'do_epoll_wait':<20}{0:>9} S {name}"
        for pid, user, name in rows
    ]
    return said("\n".join([head, *lines]))


def _columns(rows: list[tuple[int, str, str]], names: list[str]) -> Result:
    lines = [names]
    for pid, user, name in rows:
        known = {"PID": str(pid), "USER": user, "NAME": name, "ARGS": name, "CMD": name, "S": "S", "PPID": "612"}
        lines.append([known.get(each, "?") for each in names])
    return said("\n".join(" ".join(line) for line in lines))


async def pidof(call: Call) -> Result:
    pids = [str(pid) for pid, name in processes(call.device) if name in call.args]
    return said(" ".join(pids), code=0 if pids else 1)


async def kill(call: Call) -> Result:
    for pid in (arg for arg in call.args if not arg.startswith("-")):
        if not _end(call.device, int(pid) if pid.isdigit() else 0):
            return failed(f"kill: {pid}: No such process")
    return Result()


async def pkill(call: Call) -> Result:
    """`pkill [-f] PATTERN`; with -f the pattern is looked for in the UI server's command line, class and all."""
    wanted = call.args[-1] if call.args else ""
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        return failed(f"pkill: bad regex '{wanted}': {error}")
    hits = [pid for pid, name in processes(call.device) if name == wanted]
    if "-f" in call.args and wanted and call.device.ui and pattern.search(f"app_process / {UI_SERVER}"):
        hits.append(call.device.ui.pid)
    ended = [_end(call.device, pid) for pid in hits]
    return Result(code=0 if any(ended) else 1)


def _end(device: Device, pid: int) -> bool:
    """End a process that may be ended."""
    if device.ui is not None and pid == device.ui.pid:
        device.ui.kill()
        return True
    if device.app_pid is not None and pid == device.app_pid:
        device.stop_app(device.app.package)
        return True
    if pid in recorders(device):
        recorders(device)[pid].set()
        return True
    return False


async def app_process(call: Call) -> Result:
    """Run the UI server until it dies."""
    device = call.device
    if UI_SERVER not in call.args or "-p" not in call.args[:-1]:
        return failed(f"Error: could not find class {' '.join(call.args[1:2])}")
    if call.env.get("CLASSPATH") != UI_SERVER_JAR or device.files.stat(UI_SERVER_JAR) is None:
        return failed(f"Error: java.lang.ClassNotFoundException: {UI_SERVER}")
    port = int(call.args[call.args.index("-p") + 1])
    try:
        await call.send(STARTING)
        await device.pace.take("boot")
        if device.ui is not None and not device.ui.ended.is_set():
            await call.send(REGISTERED)
            return Result(code=1)
    except StreamClosed:
        return Result(code=1)
    process = device.ui = UiProcess(device.new_pid(), port, device.awake)
    try:
        await process.ended.wait()
    finally:  # also when its terminal hangs up: calls that it had queued die with it
        process.kill()
        if device.ui is process:
            device.ui = None
    return Result(code=137)  # as after SIGKILL


PROCESS_COMMANDS: Mapping[str, Command] = {
    "ps": ps,
    "pidof": pidof,
    "kill": kill,
    "pkill": pkill,
    "app_process": app_process,
    "screenrecord": screenrecord,
}
