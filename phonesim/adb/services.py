"""Which service of the phone answers an ADB OPEN."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phonesim.adb.connection import Service
from phonesim.adb.sync import serve_sync
from phonesim.shell.run import serve_shell, serve_shell_v2
from phonesim.uia.server import serve_ui

if TYPE_CHECKING:
    from phonesim.device import Device

FEATURES = ("shell_v2",)  # only what is served: without stat_v2 and the like, `adb push` speaks sync v1


def find_service(device: Device, name: str) -> Service | None:
    """The handler of a service name such as `shell:ls`, `sync:`, `tcp:9008`; None where nobody listens."""
    kind, _, rest = name.partition(":")
    if kind == "sync":
        return lambda stream: serve_sync(stream, device.files)
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
