"""Android's sh: runs what `line` read, with variables, a folder, and descriptors that go where they are sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from phonesim.adb.stream import Stream, StreamClosed
from phonesim.files import absolute
from phonesim.shell.command import Call, Command, Result, failed
from phonesim.shell.expand import Expander
from phonesim.shell.line import parse
from phonesim.shell.scanner import BadLine
from phonesim.shell.tree import Command as Node
from phonesim.shell.tree import For, Group, If, Lines, Pipeline, Redirect, Simple, While

if TYPE_CHECKING:
    from phonesim.device import Device

SERVICE_OF = {"pm": "package", "settings": "settings", "ime": "input_method"}  # commands that are `cmd SERVICE`
NOT_FOUND, BAD_ARGUMENTS, SYNTAX = 127, 255, 1
SH = "/system/bin/sh"

Send = Callable[[bytes], Awaitable[None]]


class Exit(Exception):
    """`exit` ends the shell that runs it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Io:
    """Where a command's descriptors go."""

    out: Send
    err: Send
    stdin: bytes = b""


async def nowhere(data: bytes) -> None:
    """/dev/null."""


class Shell:
    """One shell on a phone. `commands` are those that the phone has."""

    def __init__(self, device: Device, stream: Stream, commands: Mapping[str, Command]) -> None:
        self._device = device
        self._stream = stream
        self._commands = commands
        self.cwd = "/"
        self.code = 0
        self.variables = {
            "?": "0", "#": "0", "0": "sh", "$": str(device.new_pid()), "PWD": "/", "HOME": "/", "USER": "shell",
            "SHELL": SH, "PATH": "/product/bin:/system/bin", "EXTERNAL_STORAGE": "/sdcard", "TMPDIR": "/data/local/tmp",
        }  # fmt: skip

    async def script(self, text: str, io: Io) -> int:
        """Run all of a text; its exit code."""
        try:
            lines = parse(text)
        except BadLine as error:
            await deliver(io.err, f"{SH}: {error}\n".encode())
            return SYNTAX
        try:
            return await self.lines(lines, io)
        except Exit as end:
            return end.code

    async def lines(self, lines: Lines, io: Io) -> int:
        """Run pipelines one after the other. Raises Exit."""
        for pipeline in lines:
            if (pipeline.condition == "&&" and self.code != 0) or (pipeline.condition == "||" and self.code == 0):
                continue
            self._ended(await self._pipeline(pipeline, io))
        return self.code

    def _ended(self, code: int) -> None:
        self.code = code
        self.variables["?"] = str(code)

    async def _pipeline(self, pipeline: Pipeline, io: Io) -> int:
        stdin, code = io.stdin, 0
        for index, command in enumerate(pipeline.commands):
            if index == len(pipeline.commands) - 1:
                shell = self if len(pipeline.commands) == 1 else self._copy()
                code = await shell._guarded(command, replace(io, stdin=stdin), own=shell is not self)
            else:
                piped = bytearray()
                await self._copy()._guarded(command, Io(_into(piped), io.err, stdin), own=True)
                stdin = bytes(piped)
        return int(code == 0) if pipeline.turned else code

    async def _guarded(self, command: Node, io: Io, *, own: bool) -> int:
        try:
            return await self._run(command, io)
        except Exit as end:
            if own:
                return end.code
            raise

    async def _run(self, command: Node, io: Io) -> int:
        await asyncio.sleep(0)  # a loop without end must not hold up the other phones
        try:
            io = await self._redirected(command.redirects, io)
        except OSError as error:
            await deliver(io.err, f"{SH}: can't create {error.filename}: {error.strerror}\n".encode())
            return 1
        if isinstance(command, Simple):
            return await self._simple(command, io)
        if isinstance(command, Group):
            if not command.own_shell:
                return await self.lines(command.body, io)
            return await self._copy()._own(command.body, io)
        if isinstance(command, For):
            return await self._for(command, io)
        if isinstance(command, If):
            return await self._if(command, io)
        return await self._while(command, io)

    async def _own(self, body: Lines, io: Io) -> int:
        try:
            return await self.lines(body, io)
        except Exit as end:
            return end.code

    async def _for(self, loop: For, io: Io) -> int:
        self._ended(0)
        for value in await self._expander(io).fields(loop.words):
            self.variables[loop.name] = value
            await self.lines(loop.body, io)
        return self.code

    async def _if(self, choice: If, io: Io) -> int:
        for condition, body in choice.branches:
            if not condition or await self.lines(condition, io) == 0:
                return await self.lines(body, io)
        return 0

    async def _while(self, loop: While, io: Io) -> int:
        code = 0
        while (await self.lines(loop.condition, io) == 0) is not loop.until:
            code = await self.lines(loop.body, io)
        return code

    async def _simple(self, command: Simple, io: Io) -> int:
        expander = self._expander(io)
        given = {name: await expander.one(value) for name, value in command.assignments}
        words = await expander.fields(command.words)
        if not words:
            self.variables.update(given)
            return 0
        if words[0] == "exec" and len(words) > 1:
            raise Exit(await self._simple(replace(command, words=command.words[1:]), io))
        name = words[0].rpartition("/")[2]
        await self._device.pace.take("shell")
        if (code := self._builtin(name, words[1:])) is not None:
            await deliver(io.err, f"{SH}: cd: {words[-1]}: No such file or directory\n".encode() if code else b"")
            return code
        call = Call(
            self._device, name, words[1:], self._stream, io.out, io.stdin, {**self.variables, **given}, self.cwd
        )
        result = await self._called(words[0], call, io)
        await self._device.awake.wait()
        try:
            await deliver(io.err, result.err)
            await deliver(io.out, result.out)
        except OSError as error:
            await deliver(io.err, f"{name}: write: {error.strerror}\n".encode())
            return 1
        return result.code

    async def _called(self, written: str, call: Call, io: Io) -> Result:
        """Run a command. Whatever it cannot read is its caller's mistake."""
        if call.name in ("sh", "mksh"):
            return Result(code=await self._nested(call, io))
        command = self._commands.get(call.name)
        if command is None:
            return failed(f"{SH}: {written}: inaccessible or not found", NOT_FOUND)
        service = call.args[0] if call.name == "cmd" and call.args else SERVICE_OF.get(call.name)
        if service and self._device.chance(self._device.rough.service_fails):
            # `cmd` ends with the errno of the transaction: EPIPE, 32, as -32
            return failed(f"cmd: Failure calling service {service}: Broken pipe (32)", 256 - 32)
        try:
            return await command(call)
        except OSError as error:
            return failed(f"{call.name}: {error.filename or ''}: {error.strerror}")
        except (ValueError, IndexError, re.error) as error:
            return failed(f"{call.name}: bad arguments {' '.join(call.args)!r}: {error}", BAD_ARGUMENTS)

    async def _nested(self, call: Call, io: Io) -> int:
        """`sh -c LINE` and `sh < SCRIPT`."""
        text = call.args[1] if call.args[:1] == ["-c"] else call.stdin.decode("utf-8", "replace")
        if call.args[:1] not in ([], ["-c"]):
            text = call.device.files.read(call.path(call.args[0])).decode("utf-8", "replace")
        return await self._copy().script(text, io)

    def _builtin(self, name: str, args: list[str]) -> int | None:
        """What changes the shell itself; None for every other name. Raises Exit."""
        if name == "exit":
            raise Exit(int(args[0]) & 0xFF if args and args[0].isdigit() else self.code)
        if name == "cd":
            target = absolute(args[0] if args else self.variables["HOME"], self.cwd)
            entry = self._device.files.stat(target)
            if entry is None or not entry.is_directory:
                return 1
            self.cwd = self.variables["PWD"] = target
        elif name == "unset":
            for each in args:
                self.variables.pop(each, None)
        elif name in ("export", "local", "readonly"):
            for each in args:
                key, given, value = each.partition("=")
                if given:
                    self.variables[key] = value
        elif name not in ("set", "umask", "trap"):
            return None
        return 0

    async def _redirected(self, redirects: tuple[Redirect, ...], io: Io) -> Io:
        """Descriptors after the redirections, in their order. Raises OSError."""
        for each in redirects:
            target = await self._expander(io).one(each.target)
            if each.operator == "&":
                send = io.out if target == "1" else io.err if target == "2" else nowhere
            elif each.operator == "<":
                io = replace(io, stdin=self._device.files.read(absolute(target, self.cwd)))
                continue
            elif target == "/dev/null":
                send = nowhere
            else:
                send = self._file(absolute(target, self.cwd), append=each.operator == ">>")
            io = replace(io, err=send) if each.fd == 2 else replace(io, out=send)
        return io

    def _file(self, path: str, *, append: bool) -> Send:
        files = self._device.files
        if not append or files.stat(path) is None:
            files.write(path, b"")

        async def write(data: bytes) -> None:
            files.write(path, files.read(path) + data)

        return write

    def _expander(self, io: Io) -> Expander:
        async def run(lines: Lines) -> str:
            printed = bytearray()
            shell = self._copy()
            self._ended(await shell._own(lines, Io(_into(printed), io.err)))
            return printed.decode("utf-8", "replace")

        return Expander(self.variables, self._device.files, self.cwd, run)

    def _copy(self) -> Shell:
        """A shell of its own, which begins as this one is now."""
        other = Shell(self._device, self._stream, self._commands)
        other.cwd, other.code, other.variables = self.cwd, self.code, dict(self.variables)
        return other


def _into(buffer: bytearray) -> Send:
    async def write(data: bytes) -> None:
        buffer.extend(data)

    return write


async def deliver(send: Send, data: bytes) -> None:
    """Send it; output for a caller who has gone is thrown away. Raises OSError where a file takes none."""
    if data:
        try:
            await send(data)
        except StreamClosed:
            return
