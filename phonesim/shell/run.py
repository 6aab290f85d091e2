"""The shell services: run a line, send its output, end with its exit code.

A command of a phone that hangs is accepted and runs when the phone wakes, even if its caller has
gone by then.
"""

from __future__ import annotations

import asyncio
import struct
from functools import partial
from typing import TYPE_CHECKING

from phonesim.adb.stream import Stream
from phonesim.shell.commands import COMMANDS
from phonesim.shell.sh import Io, Send, Shell, deliver

if TYPE_CHECKING:
    from phonesim.device import Device

STDOUT, STDERR, EXIT = 1, 2, 3  # packet ids of the shell v2 protocol
TERMINAL_SECONDS = 1.0  # from the end of a stream until adbd hangs up its terminal; see docs/conformance.md
NO_INTERACTIVE = "an interactive shell is not simulated; give a command\n"


async def serve_shell(device: Device, line: str, stream: Stream) -> None:
    """Shell v1: both outputs as they are, the end of the stream is the end of the command.

    It runs on a terminal: what still runs a second after the stream closed is hung up.
    """
    running = asyncio.create_task(run_line(device, line, stream, stream.write, stream.write))
    if not await _hung_up(device, running, stream, TERMINAL_SECONDS):
        running.result()


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
        await deliver(err, NO_INTERACTIVE.encode())
        return 1
    return await Shell(device, stream, COMMANDS).script(line, Io(out, err))
