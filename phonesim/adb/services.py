"""Which service of the phone answers an ADB OPEN."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING

from phonesim.adb.connection import Service
from phonesim.adb.stream import Stream
from phonesim.adb.sync import serve_sync
from phonesim.shell.run import serve_shell, serve_shell_v2
from phonesim.uia.server import serve_ui

if TYPE_CHECKING:
    from phonesim.device import Device

# As a phone of Android 13 and newer, less what is not served: compression of files (sendrecv_v2_lz4 and the
# like), APEX and the binder of abb.
FEATURES = (
    "shell_v2", "cmd", "stat_v2", "ls_v2", "fixed_push_mkdir", "fixed_push_symlink_timestamp", "sendrecv_v2",
    "sendrecv_v2_dry_run_send", "remount_shell", "track_app", "delayed_ack",
)  # fmt: skip
FRAMEBUFFER_VERSION, SRGB = 2, 1


def find_service(device: Device, name: str) -> Service | None:
    """The handler of a service name such as `shell:ls`, `sync:`, `tcp:9008`; None where nobody listens."""
    kind, _, rest = name.partition(":")
    if kind == "sync":
        return lambda stream: serve_sync(stream, device.files)
    if kind == "reverse":
        return lambda stream: device.reverses.serve(stream, rest)
    if kind == "framebuffer":
        return partial(serve_framebuffer, device)
    if kind == "tcp":
        process = device.ui
        if process is None or process.ended.is_set() or rest != str(process.port):
            return None
        return partial(serve_ui, device, process)
    protocol, *options = kind.split(",")
    if protocol == "shell" and "v2" in options:
        return partial(serve_shell_v2, device, rest)
    if protocol in ("shell", "exec"):
        return partial(serve_shell, device, rest)
    return None  # localabstract: and all others: nothing listens there


async def serve_framebuffer(device: Device, stream: Stream) -> None:
    """The screen in raw pixels behind their description: version, bits, colours, size, and where RGBA stand."""
    width, height = device.size
    pixels = await device.pixels()
    places = (0, 8, 16, 8, 8, 8, 24, 8)  # offset and length of red, blue, green and alpha
    head = struct.pack("<13I", FRAMEBUFFER_VERSION, 32, SRGB, len(pixels), width, height, *places[:7])
    await stream.write(head + struct.pack("<I", places[7]) + pixels)
