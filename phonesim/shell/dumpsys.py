"""`dumpsys SERVICE`: the lines that adbutils, uiautomator2 and a host agent read of each service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from phonesim.device import HEIGHT, WIDTH, Device
from phonesim.device_parts import Battery
from phonesim.shell.command import Call, Result, failed, said
from phonesim.shell.packages import installed

VERSION_CODE = 1
CHARGING, DISCHARGING = 2, 3  # android.os.BatteryManager.BATTERY_STATUS_…


async def dumpsys(call: Call) -> Result:
    """Unknown services are refused by name."""
    service = call.args[0] if call.args else ""
    if service == "package":
        return _package(call, call.args[-1])
    if service == "window" and len(call.args) > 1:
        part = WINDOW_PARTS.get(call.args[1])
        return said(part(call.device)) if part else said(f"Unknown dump command: {call.args[1]}")
    if service not in SERVICES:
        return failed(f"Can't find service: {service}")
    return said(SERVICES[service](call.device))


def _display(device: Device) -> str:
    width, height = device.size
    size, turned = f"{width}, {height}", int(device.landscape)
    return (
        "  mViewports=[DisplayViewport{type=INTERNAL, valid=true, isActive=true, displayId=0, "
        f"uniqueId='local:0', physicalPort=0, orientation={turned}, logicalFrame=Rect(0, 0 - {size}), "
        f"physicalFrame=Rect(0, 0 - {size}), deviceWidth={width}, deviceHeight={height}}}]"
    )


def _window(device: Device) -> str:
    """All parts. Since Android 10 the focus stands with its display, and no more among the windows."""
    return "\n\n".join(part(device) for part in (_window_policy, _window_displays, _window_windows))


def _window_displays(device: Device) -> str:
    package, activity = device.foreground()
    focus = "NotificationShade" if device.locked else f"{package}/{package}{activity}"
    width, height = device.size
    return (
        "WINDOW MANAGER DISPLAY CONTENTS (dumpsys window displays)\n"
        "  Display: mDisplayId=0 (organized)\n"
        f"    init={WIDTH}x{HEIGHT} 420dpi cur={width}x{height} app={width}x{height} rng=1080x1017-2337x2274\n"
        "    deferred=false mLayoutNeeded=false mTouchExcludeRegion=SkRegion((0,0,1080,2400))\n\n"
        "  mLayoutSeq=812\n"
        f"  mCurrentFocus=Window{{5f1c2a9 u0 {focus}}}\n"
        f"  mFocusedApp=ActivityRecord{{8d04e7b u0 {package}/{activity} t21}}"
        f"{_ime_target(device)}"
    )


def _ime_target(device: Device) -> str:
    """Whose window the keyboard serves, and where it lies."""
    if not device.keyboard_open:
        return ""
    (width, height), (package, activity) = device.size, device.foreground()
    top = height - device.app.keyboard.height(height)
    target = f"Window{{5f1c2a9 u0 {package}/{package}{activity}}}"
    return (
        f"\n  imeLayeringTarget in display# 0 {target}\n  imeInputTarget in display# 0 {target}\n"
        "  mInputMethodWindow=Window{5f1c2a3 u0 InputMethod}\n"
        f"    InsetsSource id=3 type=ime frame=[0,{top}][{width},{height}] visible=true"
    )


def _window_windows(device: Device) -> str:
    package, activity = device.foreground()
    names = ["StatusBar", "NavigationBar0", "NotificationShade"]
    names += ["InputMethod"] if device.keyboard_open else []
    names.append(f"{package}/{package}{activity}")
    lines = ["WINDOW MANAGER WINDOWS (dumpsys window windows)"]
    for number, name in enumerate(names):
        lines += [
            f"  Window #{number} Window{{5f1c2a{number} u0 {name}}}:",
            "    mDisplayId=0 rootTaskId=21 mSession=Session{7c}",
        ]
    return "\n".join([*lines, "  mGlobalConfiguration={1.0 ?mcc?mnc [zh_CN] ldltr sw411dp w411dp h890dp 420dpi}"])


def _window_policy(device: Device) -> str:
    """The keyguard's state stands under its delegate; `showing` alone is not enough to search for."""
    shows, screen = ("true" if device.locked else "false"), ("ON" if device.screen_on else "OFF")
    return (
        "WINDOW MANAGER POLICY STATE (dumpsys window policy)\n"
        "    mSystemReady=true mSystemBooted=true\n"
        f"    mAwake={'true' if device.screen_on else 'false'} mScreenOnEarly=true\n"
        "    mDreamingLockscreen=false mDreamingSleepToken=null\n"
        "    KeyguardServiceDelegate\n"
        f"      showing={shows}\n"
        f"      showingAndNotOccluded={shows}\n"
        f"      inputRestricted={shows}\n"
        "      occluded=false\n"
        f"      secure={shows}\n"
        "      dreaming=false\n"
        "      systemIsReady=true\n"
        "      deviceHasKeyguard=true\n"
        "      enabled=true\n"
        f"      screenState=SCREEN_STATE_{screen}"
    )


def _activity(device: Device) -> str:
    package, activity = device.foreground()
    return (
        "ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)\n"
        f"  topResumedActivity=ActivityRecord{{8d04e7b u0 {package}/{activity} t21}}\n"
        f"  mResumedActivity: ActivityRecord{{8d04e7b u0 {package}/{activity} t21}}\n"
        f"  ACTIVITY {package}/{activity} 8d04e7b pid={device.app_pid or 2144}"
    )


def _battery(device: Device) -> str:
    battery = device.battery
    if battery.kind == "absent":  # a phone that hangs on a supply in place of its battery
        battery = replace(battery, level=0, temperature=0)
    elif battery.kind == "nonsense":
        battery = replace(battery, temperature=-2732)  # absolute zero: a gauge that answers nothing
    said_once = _battery_lines(battery)
    if battery.kind == "twice":  # some vendors add a section of their own with the same names
        return f"{said_once}\nOEM Battery Service state:\n  level: 255\n  temperature: 0\n  status: 1"
    return said_once


def _battery_lines(battery: Battery) -> str:
    powered = "true" if battery.powered else "false"
    present = "false" if battery.kind == "absent" else "true"
    status = CHARGING if battery.powered else DISCHARGING
    return (
        f"Current Battery Service state:\n  AC powered: false\n  USB powered: {powered}\n  Wireless powered: false\n"
        "  Dock powered: false\n  Max charging current: 500000\n  Max charging voltage: 5000000\n"
        f"  Charge counter: {battery.level * 40000}\n  status: {status}\n"
        f"  health: {3 if battery.temperature > 450 else 2}\n"
        f"  present: {present}\n  level: {battery.level}\n  scale: 100\n  voltage: 4120\n"
        f"  temperature: {battery.temperature}\n  technology: Li-ion"
    )


def _connectivity(device: Device) -> str:
    if not device.network:
        return "Active default network: none\n\nCurrent Networks:"
    return (
        "Active default network: 100\n\nCurrent Networks:\n"
        "  NetworkAgentInfo{network{100}  ni{WIFI CONNECTED extra: } created=2025-01-01T00:00:00.000Z "
        "Score(Policies : IS_VALIDATED)  nc{[ Transports: WIFI Capabilities: INTERNET&VALIDATED ]} }"
    )


def _wifi(device: Device) -> str:
    state = "CONNECTED/CONNECTED" if device.network else "DISCONNECTED/DISCONNECTED"
    return f"Wi-Fi is {'enabled' if device.network else 'disabled'}\nmNetworkInfo [type: WIFI[], state: {state}]"


def _power(device: Device) -> str:
    on = "true" if device.screen_on else "false"
    wakefulness = "Awake" if device.screen_on else "Asleep"
    return f"  mWakefulness={wakefulness}\n  mHoldingDisplaySuspendBlocker={on}"


def _input_method(device: Device) -> str:
    shown, served = ("true" if device.keyboard_open else "false"), ("true" if device.focused_input() else "false")
    return (
        f"  mCurMethodId={device.settings['secure default_input_method']}\n"
        f"  mShowRequested={shown} mShowExplicitlyRequested=false mShowForced=false mInputShown={shown}\n"
        f"  mImeWindowVis={3 if device.keyboard_open else 0}\n"
        "Input method client state for ClientState{5f1c2a9 uid=10144 pid=2144 displayId=0}:\n"
        f"  mActive={served} mServedView={'android.widget.EditText' if device.focused_input() else 'null'}\n"
        "Input method service state for InputMethodService:\n"
        f"  mDecorViewVisible={shown} mWindowVisible={shown} mInShowWindow=false\n"
        f"  mShowInputRequested={shown} mLastShowInputRequested={shown} mIsInputViewShown={shown}"
    )


def _surface_flinger(device: Device) -> str:
    return 'Display 4619827259835644672 (HWC display 0): port=0 pnpId=SIM displayName="phonesim"'


def _package(call: Call, name: str) -> Result:
    if name not in installed(call):
        return said(f"Unable to find package: {name}")
    versions = {one.package: one.version for one in (call.device.app, call.device.reader)}
    version = versions.get(name, "2.4.0")
    return said(
        f"Packages:\n  Package [{name}] (3b1f2d4):\n    versionCode={VERSION_CODE} minSdk=21 targetSdk=34\n"
        f"    versionName={version}\n"
        "    signatures=PackageSignatures{c2a1f version:2, signatures:[9f4e21b], past signatures:[]}\n"
        "    firstInstallTime=2025-01-01 08:00:00\n    lastUpdateTime=2025-01-01 08:00:00\n    pkgFlags=[ HAS_CODE ]"
    )


WINDOW_PARTS: Mapping[str, Callable[[Device], str]] = {
    "policy": _window_policy,
    "p": _window_policy,
    "displays": _window_displays,
    "d": _window_displays,
    "windows": _window_windows,
    "w": _window_windows,
    "all": _window,
    "-a": _window,
}
SERVICES: Mapping[str, Callable[[Device], str]] = {
    "display": _display,
    "window": _window,
    "activity": _activity,
    "battery": _battery,
    "connectivity": _connectivity,
    "wifi": _wifi,
    "power": _power,
    "input_method": _input_method,
    "SurfaceFlinger": _surface_flinger,
}
