"""The windows of com.android.systemui: the status bar, and the bar of gesture navigation, which lets fingers through.

The nodes' names are those of Android 10 to 13's layouts (`status_bar.xml`, `system_icons.xml`, `navigation_bar.xml`).
"""

from __future__ import annotations

from collections.abc import Sequence

from phonesim.node import Bounds, Node

SYSTEM_UI = "com.android.systemui"
STATUS = NAVIGATION = 63  # pixels: 24 dp at 420 dpi
ICON = 54

FRAME, LINEAR = "android.widget.FrameLayout", "android.widget.LinearLayout"
GROUP, LABEL, IMAGE = "android.view.ViewGroup", "android.widget.TextView", "android.widget.ImageView"


def status_bar(width: int, clock: str, charge: int, notifications: Sequence[str]) -> Node:
    """The status bar; of a notification it shows an icon, which tells its words to those who cannot see it."""
    bottom = STATUS
    whole = (0, 0, width, bottom)

    def box(left: float, right: float) -> Bounds:
        return round(left), 0, round(right), bottom

    left = _node(LINEAR, "status_bar_left_side", box(24, width // 2))
    left.children.append(_node(LABEL, "clock", box(24, 140), text=clock, desc=clock))
    icons = _node(FRAME, "notification_icon_area", box(140, width // 2))
    left.children.append(icons)
    for place, words in enumerate(notifications[:6]):
        start = 150 + place * ICON
        icons.children.append(_node(IMAGE, "", box(start, start + ICON), desc=words))
    right = _node(LINEAR, "system_icons", box(width - 260, width - 24))
    signals = _node(LINEAR, "statusIcons", box(width - 260, width - 100))
    signals.children += [
        _node(FRAME, "wifi_combo", box(width - 260, width - 190), desc="WLAN 信号强度满格。"),
        _node(FRAME, "mobile_combo", box(width - 190, width - 110), desc="手机信号强度为四格。"),
    ]
    battery = _node(LINEAR, "battery", box(width - 100, width - 24), desc=f"电池电量为百分之 {charge}。")
    battery.children.append(_node(IMAGE, "", box(width - 60, width - 24)))
    right.children += [signals, battery]
    contents = _node(LINEAR, "status_bar_contents", whole, children=[left, right])
    bar = _node(FRAME, "status_bar", whole, children=[contents])
    return _node(FRAME, "", whole, children=[_node(FRAME, "status_bar_container", whole, children=[bar])])


def navigation_bar(width: int, height: int) -> Node:
    """The bar at the bottom with the handle of gesture navigation."""
    top = height - NAVIGATION
    handle = (round(width * 0.37), top + 38, round(width * 0.63), top + 46)
    bar = _node(FRAME, "navigation_bar_view", (0, top, width, height))
    bar.children.append(_node("android.view.View", "home_handle", handle))
    return _node(FRAME, "navigation_bar_frame", (0, top, width, height), children=[bar])


def _node(
    cls: str, name: str, bounds: Bounds, *, text: str = "", desc: str = "", children: list[Node] | None = None
) -> Node:
    resource_id = f"{SYSTEM_UI}:id/{name}" if name else ""
    return Node(cls, bounds, resource_id, text, desc, SYSTEM_UI, children=children or [])
