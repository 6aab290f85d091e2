"""The parts of a simulated phone: its battery, its apps, its settings and properties as they are at first."""

from __future__ import annotations

from dataclasses import dataclass, field

from phonesim.roughness import BatteryKind
from phonesim.windows.keyboard import DEFAULT_IME

KEY_HOME, KEY_BACK = 3, 4
BOOT_ID = "/proc/sys/kernel/random/boot_id"  # what the kernel draws when it starts
CALLS = 500  # of the UI server, that a phone remembers
STORAGE_KILOBYTES, FREE_KILOBYTES = 115_249_236, 73_881_384

SETTINGS = {
    "system screen_brightness": "102",
    "system screen_brightness_mode": "0",
    "system screen_off_timeout": "60000",
    "system accelerometer_rotation": "0",
    "system user_rotation": "0",
    "system font_scale": "1.0",
    "system time_12_24": "24",
    "secure enabled_input_methods": DEFAULT_IME,
    "secure android_id": "9f2c41d07be85a36",
    "secure location_mode": "0",
    "secure user_setup_complete": "1",
    "global adb_enabled": "1",
    "global airplane_mode_on": "0",
    "global auto_time": "1",
    "global bluetooth_on": "0",
    "global development_settings_enabled": "1",
    "global device_name": "SimPhone",
    "global device_provisioned": "1",
    "global stay_on_while_plugged_in": "0",
    "global wifi_on": "1",
    "global window_animation_scale": "1.0",
    "global transition_animation_scale": "1.0",
    "global animator_duration_scale": "1.0",
}


@dataclass(slots=True)
class Battery:
    """Charge in percent, temperature in tenths of a degree Celsius (as `dumpsys battery` has it)."""

    level: int = 86
    temperature: int = 312
    powered: bool = True  # hangs on a USB charger, and charges
    kind: BatteryKind = "right"  # how true `dumpsys battery` is


@dataclass(slots=True)
class Apps:
    """What is installed beside the practice app, and the picture that the gallery shows in front of it, if any."""

    third_party: list[str] = field(default_factory=list)
    imes: list[str] = field(default_factory=lambda: [DEFAULT_IME])
    gallery: bytes | None = None

    def leaves_gallery(self, key: int) -> bool:
        """Does the gallery take this key, by which it goes away? Home goes on to whoever is behind it."""
        if self.gallery is None:
            return False
        if key in (KEY_HOME, KEY_BACK):
            self.gallery = None
        return key != KEY_HOME


@dataclass(slots=True)
class CallTime:
    """A call to the UI server: when it began to run and ended (seconds since 1970), `ended` None while it runs."""

    call: str
    began: float
    ended: float | None = None


def properties(serial: str) -> dict[str, str]:
    """The system properties of the phone with this serial, as getprop lists them."""
    return {
        "ro.serialno": serial,
        "ro.boot.serialno": serial,
        "ro.product.name": "phonesim",
        "ro.product.brand": "phonefleet",
        "ro.product.manufacturer": "phonefleet",
        "ro.product.model": "SimPhone",
        "ro.product.device": "simphone",
        "ro.product.cpu.abi": "arm64-v8a",
        "ro.build.version.sdk": "34",
        "ro.build.version.release": "14",
        "ro.debuggable": "0",
        "sys.boot_completed": "1",
    }
