"""Apps on the phone: `pm`, `am`, `monkey`."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace

from phonesim.practice import LAUNCHER
from phonesim.shell.android import (
    ANDROID_COMMANDS,
    BROADCAST_CANCELLED,
    BROADCAST_OK,
    keyboard_broadcast,
)
from phonesim.shell.command import Call, Command, Result, failed, said
from phonesim.windows.keyboard import ADB_KEYBOARD, DEFAULT_IME

SYSTEM_PACKAGES = ("android", "com.android.settings", "com.android.systemui", LAUNCHER)
MAIN_ACTIVITY = ".MainActivity"
VIEW = "android.intent.action.VIEW"
ACTIVITIES = (
    ".MainActivity",
    ".AuthorActivity",
    ".VideoActivity",
    ".LoginActivity",
    ".VerifyActivity",
    ".ReportActivity",
)
UIAUTOMATOR = "com.github.uiautomator"


async def pm(call: Call) -> Result:
    """`pm list packages|path|install|uninstall|clear|grant`."""
    action, args = (call.args[0], call.args[1:]) if call.args else ("", [])
    operands = [arg for arg in args if not arg.startswith("-")]
    if action == "list" and operands[:1] == ["packages"]:
        return _list_packages(call, args, operands[1:])
    if action == "install":
        return _install(call, operands)
    if action not in ("path", "uninstall", "clear", "grant") or not operands:
        return failed(f"Unknown command: {action}", 255)
    package = operands[0]
    if package not in installed(call):
        return said("Failure [DELETE_FAILED_INTERNAL_ERROR]" if action == "uninstall" else "", code=1)
    if action == "path":
        return said(f"package:/data/app/{package}/base.apk")
    if action == "uninstall":
        return _uninstall(call, package)
    if action == "clear":
        call.device.stop_app(package)
        return said("Success")
    return Result()


def installed(call: Call) -> list[str]:
    """Every package on the phone."""
    app = call.device.app
    own = [*([app.package] if app.installed else []), call.device.reader.package]
    return [*SYSTEM_PACKAGES, *own, *call.device.apps.third_party]


def _list_packages(call: Call, args: list[str], filters: list[str]) -> Result:
    packages = installed(call)
    if "-3" in args:
        packages = [each for each in packages if each not in SYSTEM_PACKAGES]
    if "-s" in args:
        packages = [each for each in packages if each in SYSTEM_PACKAGES]
    return said("\n".join(f"package:{each}" for each in packages if all(part in each for part in filters)))


def _install(call: Call, operands: list[str]) -> Result:
    """Only uiautomator2's own app can be installed: nothing else would run here."""
    try:
        content = call.device.files.read(operands[-1])
        manifest = zipfile.ZipFile(io.BytesIO(content)).read("AndroidManifest.xml")
    except (IndexError, FileNotFoundError):
        return said("Failure [INSTALL_FAILED_INVALID_URI]", code=1)
    except (zipfile.BadZipFile, KeyError):
        return said("Failure [INSTALL_PARSE_FAILED_NOT_APK]", code=1)
    if UIAUTOMATOR.encode("utf-16-le") not in manifest and UIAUTOMATOR.encode() not in manifest:
        return said("Failure [INSTALL_FAILED_NO_MATCHING_ABIS]", code=1)
    apps = call.device.apps
    if UIAUTOMATOR not in apps.third_party:
        apps.third_party.append(UIAUTOMATOR)
        apps.imes.append(ADB_KEYBOARD)
    return said("Success")


def _uninstall(call: Call, package: str) -> Result:
    apps = call.device.apps
    if package not in apps.third_party:
        return said("Failure [DELETE_FAILED_DEVICE_POLICY_MANAGER]", code=1)
    apps.third_party.remove(package)
    apps.imes = [each for each in apps.imes if not each.startswith(package + "/")]
    if call.device.settings["secure default_input_method"] not in apps.imes:
        call.device.settings["secure default_input_method"] = DEFAULT_IME
    return said("Success")


async def cmd(call: Call) -> Result:
    """`cmd SERVICE …`: the commands of Android's services, of which most have a name of their own."""
    if call.args[:1] == ["-l"]:
        return said("Currently running services:\n" + "\n".join(f"  {name}" for name in sorted(SERVICES)))
    service = SERVICES.get(call.args[0]) if call.args else None
    if service is None:
        return failed(f"cmd: Can't find service: {call.args[0] if call.args else ''}", 20)
    name, command = service
    if call.args[1:2] == ["resolve-activity"] and name == "pm":
        return _resolve_activity(call)
    return await command(replace(call, name=name, args=call.args[1:]))


async def no_command(call: Call) -> Result:
    return failed("No shell command implementation.", 255)


def _resolve_activity(call: Call) -> Result:
    package = call.args[-1]
    if package not in installed(call) or package in SYSTEM_PACKAGES:
        return said("No activity found")
    match = "priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false"
    return said(f"{match}\n{package}/{MAIN_ACTIVITY}")


async def am(call: Call) -> Result:
    """`am start|force-stop|kill|broadcast`."""
    action, args = (call.args[0], call.args[1:]) if call.args else ("", [])
    if action in ("start", "start-activity"):
        return await _start(call, args)
    if action in ("force-stop", "kill") and args:
        call.device.stop_app(args[-1])
        return Result()
    if action == "broadcast":
        return _broadcast(call, args)
    return failed(f"Unknown command: {action}", 255)


async def _start(call: Call, args: list[str]) -> Result:
    component = args[args.index("-n") + 1] if "-n" in args[:-1] else ""
    package, _, activity = component.partition("/")
    if not component:
        return _start_by_intent(call, args)
    if not activity:
        return failed(
            f"java.lang.IllegalArgumentException: Bad component name: {component}",
            255,
        )
    whole = f"{package}{activity}" if activity.startswith(".") else activity
    if package not in installed(call) or whole not in _activities(call, package):
        return Result(
            f"Starting: Intent {{ cmp={component} }}\n".encode(),
            f"Error type 3\nError: Activity class {{{package}/{whole}}} does not exist.\n".encode(),
            1,
        )
    if "-S" in args:
        call.device.stop_app(package)
    await call.device.start(package)
    return said(f"Starting: Intent {{ cmp={component} }}" + ("\nStatus: ok\nComplete" if "-W" in args else ""))


def _start_by_intent(call: Call, args: list[str]) -> Result:
    """An action with data: the gallery takes a picture of the phone's own storage, and no other app here takes any."""
    flags = (("-a", "act"), ("-d", "dat"), ("-t", "typ"))
    given = {name: args[args.index(flag) + 1] for flag, name in flags if flag in args[:-1]}
    shown = " ".join(f"{name}={value}" for name, value in given.items())
    starting = f"Starting: Intent {{ {shown} }}\n".encode()
    scheme, _, path = given.get("dat", "").partition("://")
    if given.get("act") == VIEW and given.get("typ", "").startswith("image/") and scheme == "file":
        there = call.device.files.stat(path)
        call.device.apps.gallery = b"" if there is None or there.is_directory else call.device.files.read(path)
        return Result(starting)
    error = f"Error: Activity not started, unable to resolve Intent {{ {shown} flg=0x10000000 }}\n".encode()
    return Result(starting, error, 1)


def _activities(call: Call, package: str) -> list[str]:
    """The classes of a package's activities, as far as one can start them."""
    app = call.device.app
    reader = call.device.reader
    names = {
        app.package: ACTIVITIES,
        reader.package: (reader.activity,),
        LAUNCHER: (".Launcher",),
        "com.android.settings": (".Settings",),
    }
    return [f"{package}{name}" for name in names.get(package, ())]


def _broadcast(call: Call, args: list[str]) -> Result:
    action = args[args.index("-a") + 1] if "-a" in args[:-1] else ""
    extras = {args[at + 1]: args[at + 2] for at, arg in enumerate(args[:-2]) if arg in ("--es", "--ei", "--ez")}
    data = keyboard_broadcast(call, action, extras) if action.startswith("ADB_KEYBOARD_") else None
    ending = f"result={BROADCAST_CANCELLED}" if data is None else f'result={BROADCAST_OK}, data="{data}"'
    return said(f"Broadcasting: Intent {{ act={action} flg=0x400000 (has extras) }}\nBroadcast completed: {ending}")


async def monkey(call: Call) -> Result:
    """`monkey -p PACKAGE … 1` starts an app."""
    match = re.search(r"-p (\S+)", " ".join(call.args))
    package = match[1] if match else ""
    if package not in installed(call):
        return failed("** No activities found to run, monkey aborted.", 252)
    if call.device.rough.monkey_rotates:  # monkey drops the rotation lock (uiautomator2 issue 349)
        call.device.allow_rotation(True)
        call.device.turn(landscape=True)
    await call.device.start(package)
    return said("Events injected: 1\n## Network stats: elapsed time=7ms (0ms mobile, 0ms wifi, 7ms not connected)")


SERVICES: Mapping[str, tuple[str, Command]] = {
    "activity": ("am", am),
    "package": ("pm", pm),
    "settings": ("settings", ANDROID_COMMANDS["settings"]),
    "input": ("input", ANDROID_COMMANDS["input"]),
    "input_method": ("ime", ANDROID_COMMANDS["ime"]),
    "window": ("wm", ANDROID_COMMANDS["wm"]),
    **dict.fromkeys(
        ("battery", "connectivity", "display", "notification", "power", "statusbar", "wifi"), ("cmd", no_command)
    ),
}
PACKAGE_COMMANDS: Mapping[str, Command] = {"pm": pm, "cmd": cmd, "am": am, "monkey": monkey}
