"""Android's lock screen, as a person finds it who did not unlock the phone."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.practice.frame import LABEL_VIEW, LAYOUT, Frame

SYSTEM_UI = "com.android.systemui"


def build_keyguard(width: int, height: int) -> Node:
    """The screen while the keyguard shows: nothing of the app is in it."""
    frame = Frame(width, height, SYSTEM_UI)
    shade = frame.add(frame.root, LAYOUT, f"{SYSTEM_UI}:id/keyguard_root_view", (0, 0, 1080, frame.height))
    frame.add(shade, LABEL_VIEW, f"{SYSTEM_UI}:id/lockscreen_clock_view", (90, 400, 990, 700), "08:00")
    frame.add(shade, LABEL_VIEW, f"{SYSTEM_UI}:id/keyguard_indication_text", (90, 2200, 990, 2300), "向上滑动即可解锁")
    return frame.root
