"""Small Unix commands: files, and what is there."""

from __future__ import annotations

import errno
import os
import posixpath
import time
from collections.abc import Mapping

from phonesim.device_parts import STORAGE_KILOBYTES
from phonesim.files import Entry
from phonesim.shell.command import Call, Command, Result, failed, said
from phonesim.shell.conditions import test
from phonesim.shell.network import ifconfig, ip, ping
from phonesim.shell.text import TEXT_COMMANDS

TOYBOX = "toybox: Unknown command"


async def md5sum(call: Call) -> Result:
    result = Result()
    for path in call.operands:
        try:
            result.out += f"{call.device.files.md5(call.path(path))}  {path}\n".encode()
        except OSError as error:
            result.err += f"{call.name}: {path}: {error.strerror}\n".encode()
            result.code = 1
    return result


async def toybox(call: Call) -> Result:
    """`toybox NAME …` runs one of the commands here."""
    command = UNIX_COMMANDS.get(call.args[0]) if call.args else None
    if command is None:
        return failed(f"{TOYBOX} {' '.join(call.args[:1])}", 127)
    call.name, call.args = call.args[0], call.args[1:]
    return await command(call)


async def pwd(call: Call) -> Result:
    return said(call.cwd)


async def rm(call: Call) -> Result:
    """`rm [-rf] PATH…`"""
    result = Result()
    for path in call.operands:
        entry = call.device.files.stat(call.path(path))
        try:
            if entry is not None and entry.is_directory and not (call.flag("r") or call.flag("R")):
                raise IsADirectoryError(0, "is directory", path)
            call.device.files.remove(call.path(path))
        except OSError as error:
            if not (entry is None and call.flag("f")):
                result.err += f"rm: {path}: {error.strerror}\n".encode()
                result.code = 1
    return result


async def mkdir(call: Call) -> Result:
    """`mkdir [-p] PATH…`"""
    files, result = call.device.files, Result()
    for path in call.operands:
        whole = call.path(path)
        try:
            if not call.flag("p"):
                parent = files.stat(posixpath.dirname(whole))
                if files.stat(whole) is not None or parent is None:
                    number = errno.ENOENT if parent is None else errno.EEXIST
                    raise OSError(number, os.strerror(number))
            files.make_directory(whole)
        except OSError as error:
            result.err += f"mkdir: '{path}': {error.strerror}\n".encode()
            result.code = 1
    return result


async def touch(call: Call) -> Result:
    files, result = call.device.files, Result()
    for path in call.operands:
        whole = call.path(path)
        entry = files.stat(whole)
        try:
            if entry is None or not entry.is_directory:
                files.write(whole, b"" if entry is None else files.read(whole))
        except OSError as error:
            result.err += f"touch: '{path}': {error.strerror}\n".encode()
            result.code = 1
    return result


async def cp(call: Call) -> Result:
    """`cp FROM TO` and `mv FROM TO`, one file."""
    if len(call.operands) != 2:
        return failed(f"{call.name}: Need 2 arguments")
    files, source, target = call.device.files, *map(call.path, call.operands)
    entry = files.stat(target)
    if entry is not None and entry.is_directory:
        target = posixpath.join(target, posixpath.basename(source))
    files.write(target, files.read(source))
    if call.name == "mv":
        files.remove(source)
    return Result()


async def stat(call: Call) -> Result:
    """`stat -c FORMAT PATH…` with %s, %n, %Y, %a and %F."""
    lines = []
    for path in call.operands[1:] if call.flag("c") else call.operands:
        entry = call.device.files.stat(call.path(path))
        if entry is None:
            return failed(f"stat: '{path}': No such file or directory")
        kind = "directory" if entry.is_directory else "regular file"
        made = call.operands[0] if call.flag("c") else "%n %s %F %a %Y"
        for mark, value in (
            ("%s", entry.size), ("%n", path), ("%Y", entry.mtime), ("%a", f"{entry.mode & 0o7777:o}"), ("%F", kind),
        ):  # fmt: skip
            made = made.replace(mark, str(value))
        lines.append(made)
    return said("\n".join(lines))


async def ls(call: Call) -> Result:
    """`ls [-la1d] [PATH…]`, one name a line as into a pipe."""
    files, result = call.device.files, Result()
    for path in call.operands or ["."]:
        entry = files.stat(call.path(path))
        if entry is None:
            result.err += f"ls: {path}: No such file or directory\n".encode()
            result.code = 1
            continue
        names = files.names(call.path(path)) if entry.is_directory and not call.flag("d") else [(path, entry)]
        if not call.flag("a"):
            names = [each for each in names if not each[0].startswith(".") or each[0] == path]
        lines = [_long_line(name, each) if call.flag("l") else name for name, each in names]
        result.out += said("\n".join(lines)).out
    return result


async def df(call: Call) -> Result:
    """`df [-k] /data`, in blocks of 1 KB: the one partition that fills up."""
    free = call.device.free_kilobytes
    used = STORAGE_KILOBYTES - free
    return said(
        "Filesystem       1K-blocks     Used Available Use% Mounted on\n"
        f"/dev/block/dm-49 {STORAGE_KILOBYTES:>9} {used:>8} {free:>9} {100 * used // STORAGE_KILOBYTES:>3}% /data"
    )


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


async def env(call: Call) -> Result:
    """The variables, or a command with some more of them."""
    shown = {name: value for name, value in call.env.items() if name.isidentifier()}
    return said("\n".join(f"{name}={value}" for name, value in sorted(shown.items())))


async def which(call: Call) -> Result:
    """`which NAME…` and `command -v NAME`."""
    known = [name for name in call.operands if name in UNIX_COMMANDS or name in ANDROID_BINARIES]
    return said("\n".join(f"/system/bin/{name}" for name in known), code=int(len(known) != len(call.operands)))


async def basename(call: Call) -> Result:
    part = posixpath.basename if call.name == "basename" else posixpath.dirname
    return said(part(call.args[0].rstrip("/") or "/"))


def _long_line(name: str, entry: Entry) -> str:
    kind = "d" if entry.is_directory else "-"
    stamp = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.mtime))
    return f"{kind}rw-rw-rw- 1 shell shell {entry.size:>8} {stamp} {name}"


ANDROID_BINARIES = frozenset(
    {"am", "pm", "cmd", "wm", "ime", "settings", "input", "getprop", "setprop", "dumpsys", "logcat", "log", "screencap"}
)
UNIX_COMMANDS: Mapping[str, Command] = {
    **TEXT_COMMANDS,
    "md5sum": md5sum,
    "toybox": toybox,
    "pwd": pwd,
    "rm": rm,
    "mkdir": mkdir,
    "touch": touch,
    "cp": cp,
    "mv": cp,
    "stat": stat,
    "test": test,
    "[": test,
    "ls": ls,
    "df": df,
    "true": true,
    "false": false,
    ":": true,
    "sync": true,
    "chmod": true,
    "sleep": sleep,
    "date": date,
    "id": user,
    "whoami": user,
    "uname": uname,
    "env": env,
    "which": which,
    "basename": basename,
    "dirname": basename,
    "ifconfig": ifconfig,
    "ip": ip,
    "ping": ping,
}
