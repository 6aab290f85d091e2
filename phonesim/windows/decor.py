"""What Android's window holds around an app's own views, as DecorView and the window's layout make it."""

from __future__ import annotations

from phonesim.node import Node
from phonesim.windows.bars import NAVIGATION, STATUS

FRAME = "android.widget.FrameLayout"
LINEAR = "android.widget.LinearLayout"
VIEW = "android.view.View"


def decorated(window: Node) -> Node:
    """The window of an app whose views lie below `window`; the app draws behind the bars, which are translucent.

    What is of another package (a dialog of the system) stays below the root.
    """
    left, top, right, bottom = window.bounds
    package = window.package
    own = [child for child in window.children if child.package == package]
    others = [child for child in window.children if child.package != package]
    area = own[0].bounds if own else window.bounds  # above a keyboard that the page makes room for
    content = Node(FRAME, area, "android:id/content", package=package, children=own)
    inner = Node(FRAME, area, package=package, children=[content])
    outer = Node(LINEAR, window.bounds, package=package, children=[inner])
    above, below = (left, top, right, top + STATUS), (left, bottom - NAVIGATION, right, bottom)
    backgrounds = [
        Node(VIEW, above, "android:id/statusBarBackground", package=package),
        Node(VIEW, below, "android:id/navigationBarBackground", package=package),
    ]
    return Node(FRAME, window.bounds, package=package, children=[outer, *backgrounds, *others])
