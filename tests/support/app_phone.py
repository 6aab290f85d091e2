"""A phone that is one of phonesim's apps in this process: no ADB, no server, no time."""

from __future__ import annotations

from collections.abc import Callable

from flows.lossy import Shown, dumped
from flows.phone import Key
from flows.screen import Node, Screen
from phonesim.node import App
from phonesim.node import Node as SimulatedNode

SIZE = (1080, 2400)
KEYS = {"home": 3, "back": 4, "enter": 66}


class AppPhone:
    """Fulfils flows.phone.Phone over an app. `seen` has every screen that was looked at."""

    serial = "APP0001"

    def __init__(self, app: App, seen: Callable[[Screen], object] = lambda _: None) -> None:
        self.app = app
        self.touched: list[str] = []
        self._seen = seen

    def look(self) -> Screen:
        screen = Screen([_node(self.app.render(*SIZE))])
        self._seen(screen)
        return screen

    def texts(self, resource_id: str) -> list[Shown]:
        shown = [node for node in self.app.render(*SIZE).walk() if node.resource_id == resource_id]
        return [Shown(node.text, frozenset({node.bounds})) for node in shown]

    def tap(self, node: Node) -> None:
        self.touched.append(node.resource_id)
        self.app.tap(*node.center)

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        self.app.swipe(*start, *end)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self.app.swipe(*start, *end, rested=True)

    def set_text(self, node: Node, text: str) -> None:
        x, y = node.center
        self.app.tap(x, y)
        field = next(
            one for one in self.app.render(*SIZE).walk() if one.bounds == node.bounds and one.cls.endswith("EditText")
        )
        self.app.set_text(field, text)

    def press(self, key: Key) -> None:
        self.app.key(KEYS[key])

    def screenshot(self) -> bytes:
        return b""

    def start_app(self, package: str) -> None:
        self.app.start()

    def stop_app(self, package: str) -> None:
        self.app.stop()


def _node(node: SimulatedNode) -> Node:
    return Node(
        resource_id=node.resource_id,
        text=dumped(node.text),
        desc=node.desc,
        bounds=node.bounds,
        cls=node.cls,
        package=node.package,
        enabled=node.enabled,
        selected=node.selected,
        clickable=node.clickable,
        scrollable=node.scrollable,
        children=[_node(child) for child in node.children],
    )
