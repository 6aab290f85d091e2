"""One picture of the screen under construction: nodes, and what a finger does to them.

Pages lay out in design units, of which the screen is 1080 wide; the frame turns them into pixels.
"""

from __future__ import annotations

from collections.abc import Callable

from phonesim.node import Bounds, Node
from phonesim.practice import PACKAGE

WIDTH = 1080

Touch = Callable[[], None]
Drag = Callable[[int, int], None]  # the finger's way to the right and down, in design units
Edit = Callable[[str], None]

VIEW = "android.view.View"
GROUP = "android.view.ViewGroup"
LAYOUT = "android.widget.FrameLayout"
LABEL_VIEW = "android.widget.TextView"
BUTTON = "android.widget.Button"
IMAGE_BUTTON = "android.widget.ImageView"
INPUT = "android.widget.EditText"
LIST = "androidx.recyclerview.widget.RecyclerView"


def swallow() -> None:
    """What a tap does that nobody wants."""


def swallow_drag(_right: int, _down: int) -> None:
    """What a drag does that nobody wants."""


class Frame:
    """Nodes are added in drawing order: what is added later lies on top."""

    def __init__(self, width: int, height: int, package: str = PACKAGE, ids: str = PACKAGE) -> None:
        """`width` and `height` in pixels; `ids`: the package of resource ids without one."""
        self.scale = width / WIDTH
        self.height = height if width == WIDTH else round(height / self.scale)  # design units
        self.package = package
        self._ids = ids
        self.suffix = ""  # behind each resource id, where pages drifted
        self._taps: list[tuple[Node, Touch]] = []
        self._holds: list[tuple[Node, Touch]] = []
        self._drags: list[tuple[Node, Drag]] = []
        self._edits: list[tuple[Node, Edit]] = []
        self.root = Node(LAYOUT, (0, 0, width, height), package=package)

    def add(
        self,
        parent: Node,
        cls: str,
        name: str,
        bounds: Bounds,
        text: str = "",
        *,
        desc: str = "",
        tap: Touch | None = None,
        enabled: bool = True,
    ) -> Node:
        """Put a node below `parent`; `name` is the resource id without package, or whole with one."""
        node = Node(cls, bounds if self.scale == 1 else self.pixels(bounds), self._id(name), text, desc, self.package)
        node.enabled = enabled
        if tap is not None:
            node.clickable = True
            self._taps.append((node, tap if enabled else swallow))
        parent.children.append(node)
        return node

    def on_hold(self, node: Node, touch: Touch) -> None:
        """What a long press on the node does."""
        node.long_clickable = True
        self._holds.append((node, touch))

    def on_drag(self, node: Node, move: Drag) -> None:
        """What a drag that starts on the node does."""
        node.scrollable = True
        self._drags.append((node, move))

    def on_edit(self, node: Node, change: Edit) -> None:
        """What becomes of a text put into the node; a disabled one takes none."""
        node.focusable = True
        if node.enabled:
            self._edits.append((node, change))

    def shield(self, parent: Node, cls: str, name: str, bounds: Bounds, tap: Touch = swallow) -> Node:
        """A node that keeps every finger from what lies below it, without looking scrollable."""
        node = self.add(parent, cls, name, bounds, tap=tap)
        self._holds.append((node, swallow))
        self._drags.append((node, swallow_drag))
        return node

    def hand_over(self, node: Node, to: Node) -> None:
        """Another node gets the taps of this one."""
        node.clickable, to.clickable = False, True
        self._taps = [(to if each is node else each, touch) for each, touch in self._taps]

    def tap(self, x: int, y: int) -> None:
        """A finger taps at a pixel: the topmost clickable node there gets it."""
        for node, touch in reversed(self._taps):
            if _inside(node, x, y):
                touch()
                return

    def hold(self, x: int, y: int) -> None:
        """A finger rests at a pixel."""
        for node, touch in reversed(self._holds):
            if _inside(node, x, y):
                touch()
                return

    def drag(self, x1: int, y1: int, x2: int, y2: int) -> None:
        """A finger drags between two pixels: the topmost scrollable node where it starts gets it."""
        for node, move in reversed(self._drags):
            if _inside(node, x1, y1):
                move(round((x2 - x1) / self.scale), round((y2 - y1) / self.scale))
                return

    def edit(self, node: Node, text: str) -> None:
        """Put text into the input field that is where `node` is, if it takes text."""
        for field, change in self._edits:
            if field.resource_id == node.resource_id and field.bounds == node.bounds:
                change(text)
                return

    def _id(self, name: str) -> str:
        if not name or ":" in name:
            return name
        return f"{self._ids}:id/{name}{self.suffix}"

    def pixels(self, bounds: Bounds) -> Bounds:
        """Design units as pixels."""
        left, top, right, bottom = bounds
        scale = self.scale
        return round(left * scale), round(top * scale), round(right * scale), round(bottom * scale)


def _inside(node: Node, x: int, y: int) -> bool:
    left, top, right, bottom = node.bounds
    return left <= x < right and top <= y < bottom
