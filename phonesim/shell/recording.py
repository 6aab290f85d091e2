"""`screenrecord`: records the screen into an MP4 until it is asked to end, is hung up, or its time is over."""

from __future__ import annotations

import asyncio
import io
import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from PIL import Image

from phonesim.shell.command import Call, Result, failed
from phonesim.video import HEIGHT, WIDTH, mp4

if TYPE_CHECKING:
    from phonesim.device import Device

MOST_SECONDS = 180
MOST_PICTURES = 60
LOOK_SECONDS = 0.5  # between two pictures
OPTIONS = ("--time-limit", "--bit-rate", "--size", "--display-id")

_running: WeakKeyDictionary[Device, dict[int, asyncio.Event]] = WeakKeyDictionary()


def recorders(device: Device) -> dict[int, asyncio.Event]:
    """The recordings that run on a phone: process id → its end."""
    return _running.setdefault(device, {})


async def screenrecord(call: Call) -> Result:
    """`screenrecord [--time-limit SECONDS] [--bit-rate RATE] [--size SIZE] FILE`."""
    given, words = {}, list(call.args)
    while words and words[0].startswith("--"):
        if words[0] not in OPTIONS or len(words) < 2:
            return failed(f"screenrecord: unrecognized option '{words[0]}'", 2)
        given[words[0]], words = words[1], words[2:]
    if len(words) != 1:
        return failed("Must specify output file (see --help).", 2)
    seconds = int(given.get("--time-limit", MOST_SECONDS))
    if not 0 < seconds <= MOST_SECONDS:
        return failed(f"Time limit {seconds} is out of range [1,{MOST_SECONDS}]", 2)
    path, device, pid = call.path(words[0]), call.device, int(call.env["$"])
    device.files.may_write(path)
    device.files.write(path, b"")
    end = recorders(device)[pid] = asyncio.Event()
    began, pictures = time.monotonic(), list[tuple[float, Image.Image]]()
    try:
        while not end.is_set() and len(pictures) < MOST_PICTURES and time.monotonic() - began < seconds:
            at = time.monotonic() - began
            picture = Image.open(io.BytesIO(await device.picture("JPEG", 60)))
            picture.draft("RGB", (WIDTH, HEIGHT))
            pictures.append((at if pictures else 0.0, picture.convert("RGB").resize((WIDTH, HEIGHT))))
            await _ended(end, LOOK_SECONDS)
        await _ended(end, seconds - (time.monotonic() - began))
    finally:
        del recorders(device)[pid]
        if pictures and device.files.stat(path) is not None:  # a file that was deleted meanwhile is gone
            device.files.write(path, mp4(pictures, time.monotonic() - began))
    return Result()


async def _ended(end: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(end.wait(), max(0.0, seconds))
    except TimeoutError:
        return
