"""The shell services: run a line, send its output, end with its exit code.

A command of a phone that hangs is accepted and runs when the phone wakes, even if its caller has
gone by then.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from phonesim.adb.stream import Stream, StreamClosed
from phonesim.files import NoSpace
from phonesim.shell.command import Call, Result, failed
from phonesim.shell.commands import COMMANDS
from phonesim.shell.line import LAST_CODE, BadLine, Simple, parse

if TYPE_CHECKING:
    from phonesim.device import Device

STDOUT, STDERR, EXIT = 1, 2, 3  # packet ids of the shell v2 protocol
TERMINAL_SECONDS = 1.0  # from the end of a stream until adbd hangs up its terminal; measured on adbd 34
NO_INTERACTIVE = "an interactive shell is not simulated; give a command\n"

SERVICE_OF = {"pm": "package", "settings": "settings", "ime": "input_method"}  # commands that are `cmd SERVICE`

Send = Callable[[bytes], Awaitable[None]]


async def serve_shell(device: Device, line: str, stream: Stream) -> None:
    """Shell v1: both outputs as they are, the end of the stream is the end of the command.

    It runs on a terminal: what still runs a second after the stream closed is hung up.
    """
    running = asyncio.create_task(run_line(device, line, stream, stream.write, stream.write))
    await _hung_up(device, running, stream, TERMINAL_SECONDS)


async def serve_shell_v2(device: Device, line: str, stream: Stream) -> None:
    """Shell v2: packets of id, length and data; the last one carries the exit code."""

    async def packet(kind: int, data: bytes) -> None:
        await stream.write(struct.pack("<BI", kind, len(data)) + data)

    out, err = (partial(packet, kind) for kind in (STDOUT, STDERR))
    running = asyncio.create_task(run_line(device, line, stream, out, err))
    if await _hung_up(device, running, stream, 0.0):
        return
    await packet(EXIT, bytes([running.result() & 0xFF]))


async def _hung_up(device: Device, running: asyncio.Task[int], stream: Stream, grace: float) -> bool:
    """Wait for a line to end. Once its stream is closed adbd hangs it up, `grace` seconds later: was it so?"""
    closed = asyncio.create_task(stream.closed.wait())
    try:
        await asyncio.wait({running, closed}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await device.awake.wait()  # adbd is as hung as its phone
            await asyncio.wait({running}, timeout=grace)
        return not running.done()
    finally:
        closed.cancel()
        running.cancel()
        await asyncio.wait({running})


async def run_line(device: Device, line: str, stream: Stream, out: Send, err: Send) -> int:
    """Run all of a line. Output for a caller who has gone is thrown away."""
    await device.awake.wait()
    if not line.strip():
        await _deliver(err, NO_INTERACTIVE.encode())
        return 1
    try:
        pipelines = parse(line)
    except BadLine as error:
        await _deliver(err, f"/system/bin/sh: {error}\n".encode())
        return 1
    code = 0
    for pipeline in pipelines:
        if (pipeline.condition == "&&" and code != 0) or (pipeline.condition == "||" and code == 0):
            continue
        result = Result()
        for index, simple in enumerate(pipeline.commands):
            last = index == len(pipeline.commands) - 1
            result = await _run(device, simple, stream, result.out, code, out if last else _nowhere)
            await device.awake.wait()
            await _deliver(err, result.err)
        code = result.code
        await _deliver(out, result.out)
    return code


async def _run(device: Device, simple: Simple, stream: Stream, stdin: bytes, last_code: int, send: Send) -> Result:
    await device.pace.take("shell")
    words = [word.replace(LAST_CODE, str(last_code)) for word in simple.words]
    if not words:
        return Result()
    name = words[0].rpartition("/")[2]
    command = COMMANDS.get(name)
    if command is None:
        return failed(f"/system/bin/sh: {words[0]}: inaccessible or not found", 127)
    service = words[1] if name == "cmd" and len(words) > 1 else SERVICE_OF.get(name)
    if service and device.chance(device.rough.service_fails):
        # `cmd` ends with the errno of the transaction: EPIPE, 32, as -32
        return failed(f"cmd: Failure calling service {service}: Broken pipe (32)", 256 - 32)
    try:
        result = await command(Call(device, name, words[1:], stream, send, stdin, simple.env))
        return _redirected(device, simple, result)
    except NoSpace as error:
        return failed(f"{name}: {error}")
    except (ValueError, IndexError, re.error) as error:
        return failed(f"{name}: bad arguments {' '.join(words[1:])!r}: {error}", 255)


def _redirected(device: Device, simple: Simple, result: Result) -> Result:
    """What is left of the result once its output went where `>` sends it. Raises NoSpace."""
    if simple.target is None:
        return result
    if simple.target != "/dev/null":
        before = device.files.read(simple.target) if simple.append and device.files.stat(simple.target) else b""
        device.files.write(simple.target, before + result.out)
    return Result(b"", result.err, result.code)


async def _nowhere(data: bytes) -> None:
    """Early output inside a pipe has no reader."""


async def _deliver(send: Send, data: bytes) -> None:
    if data:
        try:
            await send(data)
        except StreamClosed:
            return
