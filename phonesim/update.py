"""A new version of an app, drawn by a seed: what it shows is the same, and how it shows it is not.

Kinds of change: ids renamed, a button moved, a text changed, a page split, a list item wrapped. They are made in what a
page has drawn, so that they hold for every page of every app.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal, get_args

from phonesim.node import Bounds, Node
from phonesim.practice.frame import BUTTON, GROUP, LABEL_VIEW, LAYOUT, LIST, Frame
from phonesim.renaming import renamed

Kind = Literal["ids_renamed", "button_moved", "text_changed", "page_split", "item_wrapped"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LARGE = 6  # a node that fills a sixth of the screen is no button
OFTEN, HIDES = 0.6, 0.12  # chances: of each change on a page; that a split page hides a label behind a tab
TABS = (("内容", (660, 96, 850, 186)), ("简介", (860, 96, 1050, 186)))
# What apps write otherwise in a new version. The app's answers to an act stay, as does what stands before a colon.
TEXTS = {
    "展开更早的": "查看历史消息，还有", "没有更多了": "已经到底啦", "正在加载…": "加载中", "微信号：": "账号：",
    "公众号": "订阅号", "阅读 ": "浏览 ", "在看 ": "喜欢 ", "首页": "推荐", "搜索": "查找", "我": "我的",
    "返回": "后退", "展开": "查看", "关闭": "收起", "视频号ID：": "号码：", "账号ID：": "号码：",
}  # fmt: skip


class Update:
    """One app's new version. The same seed changes it in the same way."""

    def __init__(self, seed: int, kinds: tuple[Kind, ...] = ()) -> None:
        """`kinds`: of change; none: one to three of them, drawn."""
        rng = random.Random(f"{seed} update")
        self.seed = seed
        self.kinds = kinds or tuple(sorted(rng.sample(KINDS, rng.choice((1, 2, 2, 3)))))
        self._style = rng.choice(("suffix", "prefix", "camel", "words", "obfuscated"))
        self._share = rng.choice((0.35, 0.7, 1.0))
        self._wraps = rng.choice(("plain", "named", "clicked"))
        self._second: set[str] = set()  # pages whose second tab is open

    def version(self, old: str) -> str:
        """The version of the app after the update."""
        return f"{old.rpartition('.')[0]}.{100 + self.seed % 900}"

    def apply(self, frame: Frame, root: Node) -> None:
        """Change a page that was drawn; `root` is its own root, below that of the frame."""
        page = _name(root)
        if "button_moved" in self.kinds:
            self._move(frame, root)
        if "item_wrapped" in self.kinds:
            self._wrap(frame, root, page)
        if "page_split" in self.kinds and self._draws("split", page, OFTEN):
            self._split(frame, root, page)
        if "text_changed" in self.kinds:
            self._rewrite(root)
        if "ids_renamed" in self.kinds:
            for node in root.walk():
                if node.resource_id.startswith(f"{frame.package}:id/") and self._draws("id", _name(node), self._share):
                    head, _, name = node.resource_id.rpartition("/")
                    node.resource_id = f"{head}/{renamed(name, self._style, self.seed)}"

    def _draws(self, what: str, name: str, chance: float) -> bool:
        return random.Random(f"{self.seed} {what} {name}").random() < chance

    def _move(self, frame: Frame, root: Node) -> None:
        """Buttons go to the other side of the page, or up or down, where there is room."""
        width, height = root.bounds[2], root.bounds[3]
        solid = [node for node in _outside_lists(root) if not node.children and (node.clickable or node.text)]
        for node in solid:
            left, top, right, bottom = node.bounds
            if not node.clickable or (right - left) * (bottom - top) * LARGE > width * height:
                continue
            if not self._draws("move", _name(node), OFTEN):
                continue
            places: list[Bounds] = [(width - right, top, width - left, bottom)]
            places += [(left, top + step, right, bottom + step) for step in (top - bottom, bottom - top)]
            others = [other.bounds for other in [*solid, *_lists(root)] if other is not node]
            free = (
                one
                for one in places
                if one[1] >= 64 * frame.scale and one[3] <= height and not any(_overlap(one, other) for other in others)
            )
            node.bounds = next(free, node.bounds)

    def _wrap(self, frame: Frame, root: Node, page: str) -> None:
        """Each item of a list lies in a box, which in some versions has a name or takes the finger."""
        for parent in _lists(root):
            for place, item in enumerate(parent.children):
                if item.cls != GROUP:
                    continue
                left, top, right, bottom = item.bounds
                name = f"{frame.package}:id/{page}_card" if self._wraps == "named" else ""
                box = Node(LAYOUT, item.bounds, name, package=item.package, children=[item])
                item.bounds = (left + 12, top, right - 12, bottom)
                if self._wraps == "clicked" and item.clickable:
                    frame.hand_over(item, box)
                parent.children[place] = box

    def _split(self, frame: Frame, root: Node, page: str) -> None:
        """What was one page is two: two panes, of which the second may be behind a tab with a label of the first."""
        parent = next((node for node in root.walk() if any(child.cls == LIST for child in node.children)), root)
        head: list[Node] = []
        body: list[Node] = []
        middle = (parent.bounds[1] + parent.bounds[3]) // 2
        for node in parent.children:
            below = node.cls == LIST if parent is not root or _lists(root) else node.bounds[1] >= middle
            (body if below else head).append(node)
        parent.children = [
            Node(LAYOUT, _around(nodes), f"{root.resource_id}_{name}", package=root.package, children=nodes)
            for name, nodes in (("head", head), ("body", body))
            if nodes
        ]
        root.resource_id = ""
        labels = [node for node in head if node.cls == LABEL_VIEW and node.text and not node.clickable]
        if len(labels) > 2 and self._draws("tab", page, HIDES) and not _covered(frame, root):
            label = labels[random.Random(f"{self.seed} label {page}").randrange(len(labels))]
            self._tabs(frame, root, page, _name(label))

    def _tabs(self, frame: Frame, root: Node, page: str, label: str) -> None:
        second = page in self._second
        for node in list(root.walk()):
            node.children = [
                child
                for child in node.children
                if not (child.cls == LIST and second) and not (_name(child) == label and not second)
            ]
        for number, (text, box) in enumerate(TABS):
            tab = frame.add(root, BUTTON, f"{page}_tab_{number}", box, text, tap=lambda to=number: self._turn(page, to))  # type: ignore[misc]
            tab.selected = second == bool(number)

    def _turn(self, page: str, number: int) -> None:
        (self._second.add if number else self._second.discard)(page)

    def _rewrite(self, root: Node) -> None:
        chosen = {old: new for old, new in TEXTS.items() if self._draws("text", old, OFTEN)}
        for node in root.walk():
            node.text, node.desc = _written(node.text, chosen), _written(node.desc, chosen)


def _written(text: str, texts: dict[str, str]) -> str:
    """The text with a new beginning, if its old one is listed; short ones only where they are the whole."""
    for old, new in texts.items():
        if text == old or (len(old) > 2 and text.startswith(old)):
            return new + text[len(old) :]
    return text


def _name(node: Node) -> str:
    return node.resource_id.rpartition("/")[2]


def _lists(root: Node) -> list[Node]:
    return [node for node in root.walk() if node.cls == LIST]


def _outside_lists(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in node.children if child.cls != LIST)


def _around(nodes: list[Node]) -> Bounds:
    boxes = [node.bounds for node in nodes]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def _overlap(one: Bounds, other: Bounds) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _covered(frame: Frame, root: Node) -> bool:
    """Does something lie where the tabs would?"""
    boxes = [frame.pixels(box) for _, box in TABS]
    shown = [node for node in root.walk() if not node.children and (node.text or node.clickable)]
    return any(_overlap(node.bounds, box) for node in shown for box in boxes)
