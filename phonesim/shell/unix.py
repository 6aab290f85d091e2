"""Small Unix commands: files, text, network addresses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from phonesim.device import STORAGE_KILOBYTES
from phonesim.files import Entry
from phonesim.shell.command import Call, Command, Result, failed, said

TOYBOX = "toybox: Unknown command"


async def echo(call: Call) -> Result:
    newline = call.args[:1] != ["-n"]
    words = call.args if newline else call.args[1:]
    return Result((" ".join(words) + ("\n" if newline else "")).encode())


async def cat(call: Call) -> Result:
    if not call.args:
        return Result(call.stdin)
    return _each_file(call, call.args, call.device.files.read)


async def md5sum(call: Call) -> Result:
    return _each_file(call, call.args, lambda path: f"{call.device.files.md5(path)}  {path}\n".encode())


async def toybox(call: Call) -> Result:
    """`toybox NAME …` runs one of the commands here."""
    command = UNIX_COMMANDS.get(call.args[0]) if call.args else None
    if command is None:
        return failed(f"{TOYBOX} {' '.join(call.args[:1])}", 127)
    call.args = call.args[1:]
    return await command(call)


async def rm(call: Call) -> Result:
    force = any(arg.startswith("-") and "f" in arg for arg in call.args)
    result = Result()
    for path in _operands(call):
        try:
            call.device.files.remove(path)
        except FileNotFoundError:
            if not force:
                result = failed(f"rm: {path}: No such file or directory")
    return result


async def mkdir(call: Call) -> Result:
    for path in _operands(call):
        call.device.files.make_directory(path)
    return Result()


async def ls(call: Call) -> Result:
    lines = []
    for path in _operands(call) or ["/"]:
        entry = call.device.files.stat(path)
        if entry is None:
            return failed(f"ls: {path}: No such file or directory")
        names = call.device.files.names(path) if entry.is_directory else [(path, entry)]
        long = any(arg.startswith("-") and "l" in arg for arg in call.args)
        lines += [_long_line(name, each) if long else name for name, each in names]
    return said("\n".join(lines))


async def df(call: Call) -> Result:
    """`df [-k] /data`, in blocks of 1 KB: the one partition that fills up."""
    free = call.device.free_kilobytes
    used = STORAGE_KILOBYTES - free
    return said(
        "Filesystem       1K-blocks     Used Available Use% Mounted on\n"
        f"/dev/block/dm-49 {STORAGE_KILOBYTES:>9} {used:>8} {free:>9} {100 * used // STORAGE_KILOBYTES:>3}% /data"
    )


async def grep(call: Call) -> Result:
    flags = "".join(arg[1:] for arg in call.args if arg.startswith("-"))
    operands = _operands(call)
    if not operands:
        return failed("grep: no pattern", 2)
    text = call.stdin.decode("utf-8", "replace")
    pattern = re.compile(operands[0], re.IGNORECASE if "i" in flags else 0)
    lines = [line for line in text.splitlines() if bool(pattern.search(line)) != ("v" in flags)]
    return said("\n".join(lines), code=0 if lines else 1)


async def true(call: Call) -> Result:
    return Result()


async def false(call: Call) -> Result:
    return Result(code=1)


async def sleep(call: Call) -> Result:
    await call.device.pace.sleep(float(call.args[0]) if call.args else 0.0)
    return Result()


async def date(call: Call) -> Result:
    """`date` and `date +FORMAT`, on the host's clock."""
    given = call.args[0][1:] if call.args and call.args[0].startswith("+") else "%a %b %e %H:%M:%S %Z %Y"
    return said(time.strftime(given.replace("%s", str(int(time.time())))))


async def user(call: Call) -> Result:
    """`id` and `whoami`."""
    return said("shell" if call.name == "whoami" else "uid=2000(shell) gid=2000(shell) context=u:r:shell:s0")


async def uname(call: Call) -> Result:
    return said("Linux localhost 5.10.0-phonesim aarch64" if "-a" in call.args else "Linux")


async def ifconfig(call: Call) -> Result:
    if call.args[:1] != ["wlan0"]:
        return failed(f"ifconfig: {' '.join(call.args[:1])}: No such device")
    address = f"          inet addr:{call.device.ip}  Bcast:192.168.255.255  Mask:255.255.0.0\n"
    return said(f"wlan0     Link encap:Ethernet\n{address if call.device.network else ''}          UP\n")


async def ip(call: Call) -> Result:
    """`ip addr` of the one interface, `ip route` of the one net."""
    if not call.device.network:
        return said("3: wlan0: <BROADCAST,MULTICAST> mtu 1500 state DOWN")
    if "route" in call.args:
        return said(f"192.168.0.0/16 dev wlan0 proto kernel scope link src {call.device.ip}")
    return said(
        f"3: wlan0: <BROADCAST,MULTICAST,UP> mtu 1500 state UP\n    inet {call.device.ip}/16 scope global wlan0"
    )


async def ping(call: Call) -> Result:
    if not call.device.network:
        return failed("connect: Network is unreachable", 2)
    return said("1 packets transmitted, 1 received, 0% packet loss, time 0ms")


def _operands(call: Call) -> list[str]:
    return [arg for arg in call.args if not arg.startswith("-")]


def _each_file(call: Call, paths: list[str], show: Callable[[str], bytes]) -> Result:
    result = Result()
    for path in paths:
        try:
            result.out += show(path)
        except FileNotFoundError:
            result.err += f"{call.name}: {path}: No such file or directory\n".encode()
            result.code = 1
    return result


def _long_line(name: str, entry: Entry) -> str:
    kind = "d" if entry.is_directory else "-"
    stamp = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.mtime))
    return f"{kind}rw-rw-rw- 1 shell shell {entry.size:>8} {stamp} {name}"


UNIX_COMMANDS: Mapping[str, Command] = {
    "echo": echo,
    "cat": cat,
    "md5sum": md5sum,
    "toybox": toybox,
    "rm": rm,
    "mkdir": mkdir,
    "ls": ls,
    "df": df,
    "grep": grep,
    "true": true,
    "false": false,
    ":": true,
    "sync": true,
    "sleep": sleep,
    "date": date,
    "id": user,
    "whoami": user,
    "uname": uname,
    "ifconfig": ifconfig,
    "ip": ip,
    "ping": ping,
}
