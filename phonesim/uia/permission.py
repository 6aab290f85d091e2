"""What the UI server may do: without the permission INJECT_EVENTS nothing that touches the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phonesim.uia.rpc import SERVER_ERROR, RpcError

if TYPE_CHECKING:
    from phonesim.device import Device

# what Xiaomi's phones answer while "USB debugging (Security settings)" is off (uiautomator2 issues 99 and 520)
REFUSED = (
    "java.lang.SecurityException: Injecting input events requires the caller (or the source of the instrumentation,"
    " if any) to have the INJECT_EVENTS permission."
)


def may_inject(device: Device) -> None:
    """Raises RpcError when the phone lets nobody inject events."""
    if device.rough.inject_refused:
        raise RpcError(SERVER_ERROR, REFUSED)
