"""What lies over any page, and what is there without one: toast, pop-up, system dialog, launcher."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice import LABEL, LAUNCHER
from phonesim.practice.frame import BUTTON, GROUP, IMAGE_BUTTON, LABEL_VIEW, LAYOUT, Frame, Touch

TOAST_CLASS = "android.widget.Toast"


def build_toast(frame: Frame, text: str) -> None:
    """A toast lets every touch through."""
    bottom = frame.height - 320
    frame.add(frame.root, TOAST_CLASS, "toast", (240, bottom - 110, 840, bottom), text)


def build_popup(frame: Frame, title: str, close: Touch) -> None:
    """The app's own pop-up; taps beside it do nothing."""
    popup = frame.shield(frame.root, LAYOUT, "popup", (0, 0, 1080, frame.height))
    card = frame.add(popup, GROUP, "popup_card", (120, 800, 960, 1400))
    frame.add(card, LABEL_VIEW, "popup_title", (160, 880, 920, 1080), title)
    frame.add(card, IMAGE_BUTTON, "popup_close", (440, 1420, 640, 1560), desc="关闭", tap=close)


def build_system_dialog(frame: Frame, title: str, close_app: Touch, wait: Touch) -> None:
    """Android's own dialog, over whatever is there."""
    frame.package, frame.suffix = "android", ""
    window = frame.shield(frame.root, LAYOUT, "", (0, 0, 1080, frame.height))
    panel = frame.add(window, GROUP, "android:id/parentPanel", (90, 980, 990, 1440))
    frame.add(panel, LABEL_VIEW, "android:id/alertTitle", (140, 1020, 940, 1120), title)
    frame.add(panel, BUTTON, "android:id/button1", (120, 1150, 960, 1280), "关闭应用", tap=close_app)
    frame.add(panel, BUTTON, "android:id/button2", (120, 1290, 960, 1420), "等待", tap=wait)


def build_launcher(frame: Frame, start: Touch | None) -> None:
    """The phone's home screen; without the app's icon where there is nothing to start."""
    home: Node = frame.add(frame.root, LAYOUT, f"{LAUNCHER}:id/workspace", (0, 0, 1080, frame.height))
    if start is not None:
        frame.add(home, LABEL_VIEW, f"{LAUNCHER}:id/icon", (90, 1500, 330, 1790), LABEL, desc=LABEL, tap=start)
