"""Android's own commands: properties, settings, input, input methods, the screen."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from phonesim import device as phone
from phonesim.shell.command import Call, Command, Result, failed, said
from phonesim.shell.log import LOG_COMMANDS
from phonesim.uia.hierarchy import dump
from phonesim.uia.phone_calls import KEYS
from phonesim.windows.keyboard import ADB_KEYBOARD, DEFAULT_IME

LONG_PRESS_SECONDS = 0.4
NAMESPACES = ("system", "secure", "global")
SHELL_REFUSED = (
    "Exception occurred while executing 'keyevent':\n"
    "java.lang.SecurityException: Injecting to another application requires INJECT_EVENTS permission\n"
    "\tat android.os.Parcel.createExceptionOrNull(Parcel.java:2425)"
)
BROADCAST_OK, BROADCAST_CANCELLED = -1, 0


async def getprop(call: Call) -> Result:
    if call.args:
        return said(call.device.properties.get(call.args[0], "") + "\n")
    return said("\n".join(f"[{key}]: [{value}]" for key, value in sorted(call.device.properties.items())))


async def setprop(call: Call) -> Result:
    if len(call.args) != 2:
        return failed("usage: setprop NAME VALUE")
    call.device.properties[call.args[0]] = call.args[1]
    return Result()


async def wm(call: Call) -> Result:
    if call.args[:1] == ["size"]:
        return said(f"Physical size: {phone.WIDTH}x{phone.HEIGHT}")
    if call.args[:1] == ["density"]:
        return said("Physical density: 420")
    return failed(f"Unknown command: {' '.join(call.args[:1])}", 255)


async def settings(call: Call) -> Result:
    """`settings get|put|delete NAMESPACE KEY [VALUE]`, `settings list NAMESPACE`."""
    args = call.args[2:] if call.args[:1] == ["--user"] else call.args
    if args[:1] == ["list"] and args[1:2]:
        return said("\n".join(_listed(call, args[1])))
    if len(args) < 3 or args[0] not in ("get", "put", "delete") or (args[0] == "put" and len(args) < 4):
        return failed("usage: settings get|put|delete NAMESPACE KEY [VALUE]", 255)
    action, namespace, key = args[:3]
    if namespace not in NAMESPACES:
        return failed(f"Invalid namespace '{namespace}'", 255)
    name = f"{namespace} {key}"
    if action == "get":
        return said(call.device.settings.get(name, "null"))
    if action == "put":
        call.device.settings[name] = " ".join(args[3:])
        if name in ("system accelerometer_rotation", "system user_rotation"):
            call.device.allow_rotation(call.device.auto_rotate)
    elif action == "delete":
        return said(f"Deleted {int(call.device.settings.pop(name, None) is not None)} rows")
    return Result()


def _listed(call: Call, namespace: str) -> list[str]:
    keys = sorted(name for name in call.device.settings if name.startswith(f"{namespace} "))
    return [f"{name.split()[1]}={call.device.settings[name]}" for name in keys]


async def ime(call: Call) -> Result:
    """`ime list|enable|disable|set`."""
    device, action = call.device, call.args[0] if call.args else ""
    if action == "list":
        return said("\n".join(device.apps.imes))
    name = call.args[1] if len(call.args) > 1 else ""
    if name not in device.apps.imes:
        return failed(f"Unknown input method {name} cannot be {action}d for user #0", 255)
    if action == "set":
        device.settings["secure default_input_method"] = name
    elif action == "disable" and device.settings["secure default_input_method"] == name:
        device.settings["secure default_input_method"] = DEFAULT_IME
    return said(f"Input method {name}: {action} done")


async def input_(call: Call) -> Result:
    """`input tap|swipe|draganddrop|text|keyevent`."""
    device = call.device
    if device.rough.inject_refused:
        return failed(SHELL_REFUSED, 255)
    args = call.args[2:] if call.args[:1] == ["-d"] else call.args
    if args[:1] and args[0] in ("touchscreen", "keyboard"):
        args = args[1:]
    action, rest = (args[0], args[1:]) if args else ("", [])
    if action == "tap" and len(rest) == 2:
        await device.tap(int(float(rest[0])), int(float(rest[1])))
    elif action in ("swipe", "draganddrop") and len(rest) >= 4:
        x1, y1, x2, y2 = (int(float(each)) for each in rest[:4])
        seconds = int(rest[4]) / 1000 if len(rest) > 4 else 0.3
        if (x1, y1) == (x2, y2) and seconds >= LONG_PRESS_SECONDS:
            await device.long_press(x1, y1, seconds)
        else:
            await device.swipe(x1, y1, x2, y2, seconds)
    elif action == "text":
        device.type_text(" ".join(rest).replace("%s", " "), replace=False)
    elif action == "keyevent":
        return await _keyevents(call, [key for key in rest if key != "--longpress"])
    else:
        return failed(f"Error: Invalid arguments for command: {action}", 255)
    return Result()


async def _keyevents(call: Call, keys: list[str]) -> Result:
    for key in keys:
        name = key.upper().removeprefix("KEYCODE_")
        code = int(name) if name.isdigit() else KEYS.get(name.lower(), {"WAKEUP": 224, "SLEEP": 223}.get(name))
        if code is None:
            return failed(f"Error: Unknown key {key}", 255)
        await call.device.key(code)
    return Result()


async def screencap(call: Call) -> Result:
    """A PNG, on standard output or into the file that is named."""
    picture = await call.device.picture("PNG")
    paths = [arg for arg in call.args if arg.startswith("/")]
    if paths:
        call.device.files.write(paths[0], picture)
        return Result()
    return Result(picture)


async def uiautomator(call: Call) -> Result:
    """`uiautomator dump [FILE]`."""
    if call.args[:1] != ["dump"]:
        return failed("usage: uiautomator dump [FILE]")
    path = next((arg for arg in call.args[1:] if arg.startswith("/")), "/sdcard/window_dump.xml")
    await call.device.pace.take("dump")
    windows, compressed = call.device.windows(), "--compressed" in call.args
    call.device.files.write(call.path(path), dump(windows.front, 50, over=windows.over, compressed=compressed).encode())
    return said(f"UI hierchary dumped to: {path}")  # the misspelling is Android's


def keyboard_broadcast(call: Call, action: str, extras: Mapping[str, str]) -> str | None:
    """What the AdbKeyboard input method answers to a broadcast; None when it is not in use or does not know it."""
    device = call.device
    if device.settings["secure default_input_method"] != ADB_KEYBOARD:
        return None
    if action == "ADB_KEYBOARD_INPUT_TEXT":
        try:
            text = base64.b64decode(extras.get("text", "")).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        return "success" if device.type_text(text, replace=False) else None
    if action == "ADB_KEYBOARD_CLEAR_TEXT":
        return "success" if device.type_text("", replace=True) else None
    if action == "ADB_KEYBOARD_GET_CLIPBOARD":
        return base64.b64encode((device.clipboard or "").encode()).decode()
    if action in ("ADB_KEYBOARD_EDITOR_CODE", "ADB_KEYBOARD_SMART_ENTER"):
        device.app.key(phone.KEY_ENTER)
        return "success"
    if action == "ADB_KEYBOARD_HIDE":
        device.app.keyboard.close()
        return "success"
    return None


async def svc(call: Call) -> Result:
    """`svc wifi|data enable|disable`."""
    if call.args[:1] in (["wifi"], ["data"]) and call.args[1:] in (["enable"], ["disable"]):
        call.device.set_network(call.args[1] == "enable")
        return Result()
    return failed("usage: svc wifi|data enable|disable")


ANDROID_COMMANDS: Mapping[str, Command] = {
    "getprop": getprop,
    "setprop": setprop,
    "wm": wm,
    "settings": settings,
    "ime": ime,
    "input": input_,
    "screencap": screencap,
    "uiautomator": uiautomator,
    "svc": svc,
    **LOG_COMMANDS,
}
