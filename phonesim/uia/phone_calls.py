"""JSON-RPC methods about the phone as a whole: its screen, keys, clipboard and toasts."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phonesim.uia.hierarchy import dump
from phonesim.uia.permission import may_inject
from phonesim.uia.rpc import INVALID_PARAMS, SERVER_ERROR, Call, RpcError

if TYPE_CHECKING:
    from phonesim.device import Device

DENSITY = 2.625  # pixels per dp on a 420 dpi screen
KEYS = {
    "home": 3, "back": 4, "up": 19, "down": 20, "left": 21, "right": 22, "center": 23, "volume_up": 24,
    "volume_down": 25, "power": 26, "camera": 27, "enter": 66, "delete": 67, "del": 67, "menu": 82,
    "search": 84, "volume_mute": 164, "recent": 187,
}  # fmt: skip


async def device_info(device: Device) -> dict[str, Any]:
    await device.pace.take("query")
    width, height = device.size
    return {
        "currentPackageName": device.screen().package,
        "displayHeight": height,
        "displayRotation": int(device.landscape),
        "displaySizeDpX": round(width / DENSITY),
        "displaySizeDpY": round(height / DENSITY),
        "displayWidth": width,
        "naturalOrientation": not device.landscape,
        "productName": device.properties["ro.product.name"],
        "screenOn": device.screen_on,
        "sdkInt": int(device.properties["ro.build.version.sdk"]),
    }


async def dump_window_hierarchy(
    device: Device, compressed: bool = False, depth: int = 50, root_in_active: bool = False
) -> str:
    await device.pace.take("dump")
    windows = device.windows()
    over = () if root_in_active else windows.over
    return dump(windows.front, depth, rotation=int(device.landscape), over=over, compressed=compressed)


async def take_screenshot(device: Device, scale: float = 1, quality: int = 80) -> str:
    """Base64 of a JPEG. Only scale 1 is served."""
    if scale != 1:
        raise RpcError(INVALID_PARAMS, "takeScreenshot: only scale 1 is simulated")
    await device.pace.take("screenshot")
    return base64.b64encode(await device.picture("JPEG", int(quality))).decode()


async def press_key(device: Device, name: str) -> bool:
    may_inject(device)
    if name.lower() not in KEYS:
        raise RpcError(SERVER_ERROR, f"java.lang.IllegalArgumentException: unknown key {name}")
    await device.key(KEYS[name.lower()])
    return True


async def press_key_code(device: Device, code: int, meta: int = 0) -> bool:
    may_inject(device)
    await device.key(int(code))
    return True


async def wake_up(device: Device) -> bool:
    device.screen_on = True
    return True


async def sleep(device: Device) -> bool:
    device.screen_on = False
    return True


async def get_clipboard(device: Device) -> str | None:
    return device.clipboard


async def set_clipboard(device: Device, label: str | None, text: str) -> None:
    device.clipboard = text


async def paste_clipboard(device: Device) -> bool:
    may_inject(device)
    await device.pace.take("text")
    return device.type_text(device.clipboard or "", replace=False)


async def clear_input_text(device: Device) -> bool:
    may_inject(device)
    await device.pace.take("text")
    return device.type_text("", replace=True)


async def get_last_toast(device: Device) -> str | None:
    return device.app.last_toast or None


async def clear_last_toast(device: Device) -> None:
    device.app.last_toast = ""


async def make_toast(device: Device, text: str, milliseconds: float) -> bool:
    device.app.toast(text)
    return True


async def set_orientation(device: Device, side: str) -> bool:
    """UiDevice.setOrientation…: turns the screen, and keeps it so."""
    await device.pace.take("key")
    device.settings["system user_rotation"] = {"left": "1", "l": "1", "right": "3", "r": "3"}.get(side, "0")
    device.allow_rotation(False)
    return True


async def freeze_rotation(device: Device, freeze: bool = True) -> bool:
    """Keep the screen as it stands, or let it turn again."""
    if freeze:
        device.settings["system user_rotation"] = str(int(device.landscape))
    device.allow_rotation(not freeze)
    return True


async def do_nothing(device: Device, *arguments: Any) -> bool:
    """For what has no effect on a phone that has no notifications."""
    return True


async def no_text(device: Device) -> None:
    """Nobody traverses the screen by keys, so no text was met that way."""


PHONE_CALLS: Mapping[str, Call] = {
    "deviceInfo": device_info,
    "dumpWindowHierarchy": dump_window_hierarchy,
    "takeScreenshot": take_screenshot,
    "pressKey": press_key,
    "pressKeyCode": press_key_code,
    "wakeUp": wake_up,
    "sleep": sleep,
    "getClipboard": get_clipboard,
    "setClipboard": set_clipboard,
    "pasteClipboard": paste_clipboard,
    "clearInputText": clear_input_text,
    "getLastToast": get_last_toast,
    "clearLastToast": clear_last_toast,
    "makeToast": make_toast,
    "setOrientation": set_orientation,
    "freezeRotation": freeze_rotation,
    "openNotification": do_nothing,
    "openQuickSettings": do_nothing,
    "getLastTraversedText": no_text,
    "clearLastTraversedText": do_nothing,
}
